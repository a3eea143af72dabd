import type { Engine } from '../engine/engine.js';

/**
 * Ends the process after the engine has stopped and everything has been said.
 *
 * `process.exit` waits for all threads. One that sits in a read from a silent socket never ends, so there
 * the process can only be killed; its exit code is lost, its words are not.
 */
export function endProcess(engine: Engine, exitCode: number): void {
  if (engine.hasStuckThread) process.kill(process.pid, 'SIGKILL');
  else process.exit(exitCode);
}
