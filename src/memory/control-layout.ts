import { CACHE_LINE_WORDS, WORD_BYTES } from './layout.js';

/*
 * How main and stats talk to a dataplane thread that never looks at its message queue: one block of
 * words a thread (rx first, then the workers).
 *
 *   | orders (line 0)                        | answers (line 1)                  | doorbell (line 2) |
 *
 *   word                  writer        readers       meaning
 *   command               main          the thread    COMMAND_HOLD, COMMAND_RUN or COMMAND_STOP
 *   table generation      main          the thread    the rule table that waits in its port
 *   counters requested    stats         the thread    number of the last publication asked for
 *   restarts              main          stats         how often the thread has been replaced after a death
 *   state                 the thread    main, stats   STATE_...; main writes that it is dead
 *   generation in use     the thread    main          the rule table that it judges with
 *   counters published    the thread    stats         number of the last publication made
 *   heartbeat             the thread    stats         goes up whenever the thread looks up (wraps)
 *   thread id             the thread    main          the kernel's number of it: rx, workers
 *   passes, violations    stats         its successor its passes, and those in which the identity did not hold
 *   doorbell (2 words)    see doorbell.ts
 *
 * The orders share a line because the thread reads all of them once a burst; nobody writes there more
 * than a few times a second.
 */
export const CONTROL_COMMAND = 0;
export const CONTROL_TABLE_GENERATION = 1;
export const CONTROL_COUNTERS_REQUESTED = 2;
export const CONTROL_RESTARTS = 3;
export const CONTROL_STATE = CACHE_LINE_WORDS;
export const CONTROL_GENERATION_IN_USE = CONTROL_STATE + 1;
export const CONTROL_COUNTERS_PUBLISHED = CONTROL_STATE + 2;
export const CONTROL_HEARTBEAT = CONTROL_STATE + 3;
export const CONTROL_PASSES = CONTROL_STATE + 4;
export const CONTROL_VIOLATIONS = CONTROL_STATE + 5;
export const CONTROL_THREAD_ID = CONTROL_STATE + 6;
export const CONTROL_DOORBELL = 2 * CACHE_LINE_WORDS;
export const CONTROL_WORDS = 3 * CACHE_LINE_WORDS;

export const COMMAND_RUN = 0;
export const COMMAND_STOP = 1;
/** Only of rx at the start: be ready to open the source, but wait until whoever is behind it is at work. */
export const COMMAND_HOLD = 2;

export const STATE_STARTING = 0;
export const STATE_RUNNING = 1;
/** Its source has come to its end; it still answers. */
export const STATE_FINISHED = 2;
/** It has published its last counters and touches nothing any more. */
export const STATE_STOPPED = 3;
/** It has ended although nobody told it to, and its successor is not at work yet. */
export const STATE_DEAD = 4;

/** Allocates the control blocks of `threadCount` threads, and one in front to keep malloc's blocks away. */
export function createControl(threadCount: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + threadCount) * CONTROL_WORDS * WORD_BYTES);
}

/** The control block of one thread. */
export function controlOf(control: SharedArrayBuffer, threadIndex: number): Int32Array {
  return new Int32Array(control, (1 + threadIndex) * CONTROL_WORDS * WORD_BYTES, CONTROL_WORDS);
}
