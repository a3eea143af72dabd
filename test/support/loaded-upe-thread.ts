import { parentPort } from 'node:worker_threads';
import { runCommandLine } from '../../src/command-line.js';
import type { Ended } from './upe-process.js';

/** A command line, and the `UPE_*` variables that there are. */
export interface Asked {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const port = parentPort;
if (port === null) throw new Error('loaded-upe-thread.js runs as a worker thread only');

/** Runs a command line to its end. */
async function answer({ args, env }: Asked): Promise<Ended> {
  // The thread has an environment and streams of its own.
  for (const name of Object.keys(process.env)) if (name.startsWith('UPE_')) delete process.env[name];
  Object.assign(process.env, env);
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (text: string | Uint8Array) => {
      written[stream] += String(text);
      return true;
    };
  }
  return { exitCode: (await runCommandLine(args)) ?? null, ...written };
}

port.on('message', async (asked: Asked) => port.postMessage(await answer(asked)));
