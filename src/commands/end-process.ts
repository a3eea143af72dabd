import type { Engine } from '../engine/engine.js';

/** How long what was under way, such as a reload, may keep the process alive, milliseconds. */
const LEFT_OVER_MS = 100;

/**
 * Ends the process after the engine has stopped and everything has been said.
 *
 * By leaving it nothing to do. `process.exit` waits for V8's own threads while the main one collects no garbage any more;
 * one that compiles, and finds the heap full, waits for just that: with Node.js 24 one stop in twenty never ended on a
 * busy machine. A process that runs out of work first tells them that it ends.
 *
 * Either way it waits for all threads. One that sits in a read from a silent socket never ends, so there
 * the process can only be killed; its exit code is lost, its words are not.
 */
export function endProcess(engine: Engine, exitCode: number): void {
  if (engine.hasStuckThread) process.kill(process.pid, 'SIGKILL');
  process.exitCode = exitCode;
  setTimeout(() => process.exit(exitCode), LEFT_OVER_MS).unref();
}
