import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Random } from '../protocol/random.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { rulesFileIn } from '../support/rules-file.js';
import { eventually, type Program, startProgram, UPE_MAIN } from '../support/upe-process.js';

const STOPS = Number(process.env.TEST_STOPS ?? 200);
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const AT_ONCE = 2;
const STOP_MS_MAX = 10_000;
/** From the start of the process on; while its threads start; while packets come; while rules are loaded again. */
const MOMENTS = ['start', 'threads', 'load', 'reload'] as const;
/** While packets come, milliseconds. */
const LOAD_MS = 500;
/** A little more than a reload takes, milliseconds. */
const RELOAD_MS = 150;

// Far more than they take: five minutes alone beside the others of their group.
t.setTimeout(900_000 * Math.max(1, STOPS / 200));

/** What a signal at one moment has led to. */
interface Stop {
  readonly tookMs: number;
  /** True when the signal came before there was anybody to handle it. */
  readonly wasUnborn: boolean;
  readonly packets: number;
  /** True when a reload was under way. */
  readonly wasReloading: boolean;
}

/**
 * Whether `upe run` handles SIGTERM already. Node.js itself catches that one from the start, and ends by it; it does
 * not catch SIGHUP, for which UPE puts its handler right after the one for SIGTERM.
 */
function handlesSignals(program: Program): boolean {
  const caught = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'));
  return (Number.parseInt(caught?.[1].slice(-1) ?? '0', 16) & 1) === 1;
}

function startDemo(t: Test, rules: string): Program {
  return startProgram(t, process.execPath, [UPE_MAIN, 'run'], {
    env: { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '200000', UPE_HTTP_PORT: '0', UPE_RULES_FILE: rules },
  });
}

/** How long a start takes, as many at once as there will be: in all, and once there are handlers, milliseconds. */
async function measureStart(t: Test, rules: string): Promise<{ allMs: number; threadsMs: number }> {
  const measure = async () => {
    const beganMs = performance.now();
    const program = startDemo(t, rules);
    await eventually('handlers', () => handlesSignals(program));
    const handledMs = performance.now();
    await program.waitForLog('metrics at http');
    const readyMs = performance.now();
    program.signal('SIGTERM');
    await program.ended;
    return { allMs: readyMs - beganMs, threadsMs: readyMs - handledMs };
  };
  const starts = await Promise.all(Array.from({ length: AT_ONCE }, measure));
  return {
    allMs: Math.max(...starts.map(({ allMs }) => allMs)),
    threadsMs: Math.max(...starts.map(({ threadsMs }) => threadsMs)),
  };
}

async function stopAt(
  t: Test,
  moment: (typeof MOMENTS)[number],
  { rules, withinMs, part }: { rules: string; withinMs: number; part: number },
): Promise<Stop> {
  const program = startDemo(t, rules);
  if (moment === 'threads') await eventually('handlers', () => handlesSignals(program));
  if (moment === 'load' || moment === 'reload') await program.waitForLog('metrics at http');
  if (moment === 'reload') program.signal('SIGHUP');
  await sleep(part * withinMs);
  const isHandled = handlesSignals(program);
  const signalledMs = performance.now();
  program.signal('SIGTERM');
  // It must end by itself; where it does not, its log tells how far it has come.
  const impatience = setTimeout(() => program.signal('SIGKILL'), STOP_MS_MAX);
  const { exitCode, stdout, stderr } = await program.ended;
  clearTimeout(impatience);
  const tookMs = performance.now() - signalledMs;
  const what = `${moment} + ${(part * withinMs).toFixed(1)} ms`;
  const wasUnborn = !isHandled && exitCode === null && tookMs < STOP_MS_MAX;
  if (wasUnborn) {
    t.equal(stdout + stderr, '', `${what}: ended before it began`);
    return { tookMs, wasUnborn, packets: 0, wasReloading: false };
  }
  const { log } = program;
  const last = log.at(-1);
  t.match(
    { exitCode, stderr, last },
    {
      exitCode: 0,
      stderr: '',
      last: {
        msg: 'stopped: every packet is accounted for',
        holds: true,
        violations: [],
        inFlight: 0,
        lost: 0,
        violatedPasses: 0,
      },
    },
    what,
  );
  const { received, dropped, processed } = (last ?? {}) as unknown as Record<string, number>;
  t.equal(received, dropped + processed, `${what}: ${received} packets`);
  const wasReloading = moment === 'reload' && !log.some(({ msg }) => msg === 'rules loaded again');
  return { tookMs, wasUnborn, packets: received, wasReloading };
}

t.comment(`TEST_SEED=${SEED}`);

t.test(`SIGTERM at ${STOPS} random moments`, async (t) => {
  const folder = temporaryFolder(t);
  const random = new Random(SEED);
  const parts = Array.from({ length: STOPS }, () => random.fraction());
  const rulesOf = (i: number) =>
    rulesFileIn(folder, `rules-${i}`, ['{ name: web, match: { dst_port: 443 }, action: drop }'], 'count');
  const { allMs, threadsMs } = await measureStart(t, rulesOf(STOPS));
  const within = { start: allMs, threads: threadsMs, load: LOAD_MS, reload: RELOAD_MS };
  const stops: Stop[] = [];
  let next = 0;
  const lane = async () => {
    while (next < STOPS) {
      const i = next++;
      const moment = MOMENTS[i % MOMENTS.length];
      stops.push(await stopAt(t, moment, { rules: rulesOf(i), withinMs: within[moment], part: parts[i] }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const took = stops.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const count = (is: (stop: Stop) => boolean) => stops.filter(is).length;
  t.comment(
    `a start takes ${allMs.toFixed(0)} ms, ${threadsMs.toFixed(0)} of them with handlers; ended after ${took[took.length >> 1].toFixed(0)} ms (median), ${took.at(-1)?.toFixed(0)} ms (longest); ` +
      `${count(({ wasUnborn }) => wasUnborn)} before the handlers were there, ` +
      `${count(({ wasUnborn, packets }) => !wasUnborn && packets === 0)} before the first packet, ` +
      `${count(({ wasReloading }) => wasReloading)} during a reload`,
  );
  t.equal(stops.length, STOPS);
  t.ok(took.at(-1)! < STOP_MS_MAX, 'each within 10 s');
  t.ok(count(({ packets }) => packets > 0) >= STOPS / 2, 'most of them under load');
  t.ok(count(({ wasReloading }) => wasReloading) > 0, 'some during a reload');
});
