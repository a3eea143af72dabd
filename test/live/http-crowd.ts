import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A program: what a server has to bear at once. 100 scrapers, each once a second; 100 clients that ask for much
 * and read 1 kB a second of it; 100 that never finish their request, and come again when they are shown out; and
 * one good scraper, whose times count. Prints one JSON object.
 */
export interface CrowdReport {
  /** Of the good scraper, milliseconds. */
  readonly goodMs: readonly number[];
  readonly crowdMs: readonly number[];
  /** Answers that were not 200, by status or error. */
  readonly failures: Readonly<Record<string, number>>;
  /** Connections that the server has ended. */
  readonly slowEnded: number;
  readonly halfOpenEnded: number;
}

const CROWD = 100;
const CROWD_MS = 1000;
const GOOD_MS = 200;
/** Requests that a slow client sends at once: as many as one connection may have open. */
const PIPELINED = 2;

/** No slow reader is borne as long, milliseconds: 30 s, and what it takes to notice. */
const SLOW_MS_MAX = 33_000;

const [port, seconds] = process.argv.slice(2).map(Number);
const endMs = performance.now() + seconds * 1000;
const isOver = () => performance.now() > endMs;
const failures: Record<string, number> = {};
let slowEnded = 0;
let halfOpenEnded = 0;

function scrape(agent: Agent): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const finish = (outcome: string) => {
      if (outcome !== '200') failures[outcome] = (failures[outcome] ?? 0) + 1;
      resolve(performance.now() - startMs);
    };
    get({ port, path: '/metrics', agent }, (response) => {
      response.resume().on('end', () => finish(String(response.statusCode)));
    }).on('error', (error: NodeJS.ErrnoException) => finish(String(error.code)));
  });
}

async function scrapeEvery(periodMs: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  await sleep(Math.random() * periodMs);
  while (!isOver()) {
    const startMs = performance.now();
    times.push(await scrape(agent));
    await sleep(Math.max(0, periodMs - (performance.now() - startMs)));
  }
  agent.destroy();
  return times;
}

/**
 * One connection after the other, each fed and read by `use` once a second until the server ends it.
 *
 * @param use the second argument is the age of the connection, milliseconds.
 */
async function linger(
  first: string,
  use: (socket: ReturnType<typeof connect>, ageMs: number) => void,
): Promise<number> {
  let ended = 0;
  while (!isOver()) {
    const beganMs = performance.now();
    const socket = connect(port, '127.0.0.1', () => socket.write(first));
    let isClosed = false;
    socket
      .on('error', () => undefined)
      .on('close', () => {
        isClosed = true;
      });
    while (!isClosed && !isOver()) {
      await sleep(1000);
      use(socket, performance.now() - beganMs);
    }
    if (isClosed) ended++;
    socket.destroy();
  }
  return ended;
}

async function readSlowly(): Promise<void> {
  const requests = 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(PIPELINED);
  const ended = await linger(requests, (socket, ageMs) => {
    socket.read(1024);
    // Who reads so little does not learn that the connection has been reset; who writes does.
    if (ageMs > SLOW_MS_MAX) socket.write('G');
  });
  slowEnded += ended;
}

async function neverFinish(): Promise<void> {
  // Read on, or the end of the connection would not be noticed.
  const ended = await linger('GET /metrics HTTP/1.1\r\nx-', (socket) => socket.resume().write('a'));
  halfOpenEnded += ended;
}

const crowd = Array.from(
  { length: CROWD },
  () => [scrapeEvery(CROWD_MS), readSlowly(), neverFinish()] as const,
);
const goodMs = await scrapeEvery(GOOD_MS);
const crowdMs = (await Promise.all(crowd.map(([times]) => times))).flat();
await Promise.all(crowd.flat());
process.stdout.write(
  JSON.stringify({ goodMs, crowdMs, failures, slowEnded, halfOpenEnded } satisfies CrowdReport),
);
