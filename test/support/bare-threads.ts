import { syncBuiltinESMExports } from 'node:module';
import threads, { type WorkerOptions } from 'node:worker_threads';
import { setFirstFlags } from '../../src/engine/v8-flags.js';

/*
 * Loaded before each test file (.taprc). tap gives Node.js options for itself, and a thread inherits those of its
 * process: each loaded tap's module hooks, and had a further thread for them, before its own first line, in 0.25 s of
 * processor time where a thread of UPE takes 0.05. A test that starts hundreds of threads waited for little else.
 *
 * Where coverage is measured, these options are what measures it.
 */
// As upe does. A thread that is ended while V8 still compiles for it, and has it schedule a step of marking, takes the
// process along (Node.js 20: "Assertion failed: (data.first) != nullptr" in node_platform.cc). And TurboFan took a fifth of
// the processor time of most tests.
if (threads.isMainThread) setFirstFlags();

if (threads.isMainThread && process.env._TAPJS_PROCESSINFO_COVERAGE_ === '0') {
  const { Worker } = threads;
  // A thread without options of its own still reads these.
  delete process.env.NODE_OPTIONS;
  threads.Worker = class extends Worker {
    constructor(file: string | URL, options?: WorkerOptions) {
      super(file, { execArgv: [], ...options });
    }
  };
  syncBuiltinESMExports();
}
