import type { IncomingMessage } from 'node:http';
import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { ConfigError } from '../errors.js';
import { CaptureBlocks } from './capture-blocks.js';
import { CaptureClient } from './capture-client.js';
import { type CaptureOutput, openOutput } from './capture-output.js';
import { captureQuestion } from './capture-question.js';
import { EngineClient } from './engine-client.js';

/** How long after Ctrl-C the engine may take to send the end, milliseconds. */
const END_MS_MAX = 5000;
const PROGRESS_MS = 200;
/** What ends a capture as it was wanted. */
const GOOD_ENDS: readonly (string | undefined)[] = ['packets', 'bytes', 'seconds', 'asked'];

/**
 * `upe capture`: has the engine on the configured port capture what a rule sees, and writes it as pcapng until a limit
 * is reached, or a signal comes.
 *
 * @param texts values of the command's own flags, by flag.
 * @returns the exit code: 1 where the capture has ended otherwise. Throws an UpeError when there is none.
 */
export async function captureRule(flags: FlagValues, texts: ReadonlyMap<string, string>): Promise<0 | 1> {
  const config = loadConfig(process.env, flags);
  const question = captureQuestion(texts);
  const { write, rule } = question;
  if (write === '-' && process.stdout.isTTY) {
    throw new ConfigError([
      'standard output is a terminal, and a capture is binary: give --write FILE, or pipe it into a program.',
    ]);
  }
  const client = new CaptureClient(await EngineClient.find(config, question.access));
  const { answer, path } = await client.begin(question.body);
  const blocks = new CaptureBlocks();
  const stop = () => {
    // Without its answer, what has come until now is all.
    setTimeout(() => answer.destroy(), END_MS_MAX).unref();
    client.end(path).catch(() => answer.destroy());
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const progress = startProgress(blocks);
  try {
    await copy(answer, blocks, await openOutput(write));
  } finally {
    progress.stop();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    answer.destroy();
  }
  const { result, packets, bytes } = blocks;
  const end = result?.end;
  const notCaptured = result === null ? '' : `, ${count(result.dropped, 'packet')} not captured`;
  const how = end === undefined ? 'the engine went away' : `ended by ${end}`;
  process.stderr.write(
    `upe: ${count(packets, 'packet')} of rule ${rule} captured (${count(bytes, 'byte')})${notCaptured}; ${how}\n`,
  );
  return GOOD_ENDS.includes(end) ? 0 : 1;
}

/** Writes the blocks of an answer as they come, no faster than they are taken. */
async function copy(answer: IncomingMessage, blocks: CaptureBlocks, output: CaptureOutput): Promise<void> {
  try {
    const chunks = answer[Symbol.asyncIterator]();
    for (;;) {
      // An answer that is cut off is told of by what is missing at its end.
      const { done, value } = await chunks.next().catch(() => ({ done: true, value: null }));
      if (done === true) return;
      await output.write(blocks.push(value));
    }
  } finally {
    await output.close();
  }
}

/** On a terminal: how far it is. */
function startProgress(blocks: CaptureBlocks): { stop(): void } {
  if (!process.stderr.isTTY) return { stop: () => undefined };
  const beganMs = performance.now();
  const timer = setInterval(() => {
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
    process.stderr.write(
      `\r${count(blocks.packets, 'packet')}, ${count(blocks.bytes, 'byte')}, ${seconds} s `,
    );
  }, PROGRESS_MS);
  return {
    stop: () => {
      clearInterval(timer);
      process.stderr.write('\r\u001b[K');
    },
  };
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}
