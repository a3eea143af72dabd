import { createRequire } from 'node:module';
import type koffi from 'koffi';

/** linux/ptrace.h. */
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
/** sys/wait.h: of a thread that is not the first of its process. */
const WALL = 0x40000000;

type Ptrace = (request: number, threadId: number, address: number, data: number) => number;
type WaitPid = (pid: number, status: Int32Array, options: number) => number;

/**
 * Stops one thread of another process, as a debugger does: the others go on. What no fault of the program
 * itself can bring about at will, and no signal either, which stops all threads.
 */
export class StoppedThread {
  private constructor(
    private readonly ptrace: Ptrace,
    private readonly threadId: number,
  ) {}

  static stop(threadId: number): StoppedThread {
    const library = (createRequire(import.meta.url)('koffi') as typeof koffi).load(null);
    const ptrace = library.func(
      'long ptrace(int request, int pid, intptr_t address, intptr_t data)',
    ) as Ptrace;
    const waitPid = library.func('int waitpid(int pid, void *status, int options)') as WaitPid;
    if (ptrace(PTRACE_SEIZE, threadId, 0, 0) !== 0) throw new Error(`thread ${threadId} cannot be traced`);
    if (ptrace(PTRACE_INTERRUPT, threadId, 0, 0) !== 0)
      throw new Error(`thread ${threadId} cannot be stopped`);
    waitPid(threadId, new Int32Array(new ArrayBuffer(4)), WALL);
    return new StoppedThread(ptrace, threadId);
  }

  resume(): void {
    this.ptrace(PTRACE_DETACH, this.threadId, 0, 0);
  }
}
