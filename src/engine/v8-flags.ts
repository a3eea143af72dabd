import { setFlagsFromString } from 'node:v8';

const INLINED_BYTES_MAX = '--max-inlined-bytecode-size-cumulative';
/** V8's own, in Node.js 20: bytes of bytecode that a function runs through until V8 looks whether to optimise it. */
const INTERRUPT_BUDGET = 67_584;

/**
 * Lets V8 inline the whole way of a packet into the loops.
 *
 * TurboFan stops inlining into a function when 920 bytes of bytecode have gone in. The parser and the
 * matcher are several small functions, so that they can be read; cut off there, every packet pays for
 * calls, and for loading again what a call may have changed. With a higher limit parsing a TCP frame took
 * 35 ns instead of 86, a linear match of one rule 13 instead of 43. With 4000 there was no room left for the
 * clock in the rx loop, whose readings then were allocated, 70 bytes a burst; the pipeline had 20 Mpps with 5000
 * and 13 with 4000, and 18 with 5000 and 16 with 8000 (medians of five in turn).
 *
 * Flags belong to the process and count for code that is optimised later: call this before the first
 * thread starts.
 */
export function allowDeepInlining(): void {
  setFlagsFromString(`${INLINED_BYTES_MAX}=5000`);
}

/**
 * Runs `work` with next to no inlining: for what runs once, and is over before V8 could have made something large
 * of it. Half of the rules' compiler runs before V8 has optimised any of it; the more is inlined, the later each part
 * is ready. 10,000 rules of ClassBench (fw1 and ipc1), in a process that had not compiled any before, take 69 and 76 ms
 * with 100 bytes, 72 and 76 with 300, 80 and 82 with 600, and 89 and 91 with V8's own 920 (medians of seven in turn).
 *
 * What other threads have V8 optimise in this time is not inlined either. The packets' loops have been optimised
 * long before a reload, but a thread that starts in just that tenth of a second is slower until V8 comes back to it.
 */
export function withLittleInlining<Result>(work: () => Result): Result {
  setFlagsFromString(`${INLINED_BYTES_MAX}=100`);
  try {
    return work();
  } finally {
    allowDeepInlining();
  }
}

/**
 * Keeps V8 from collecting garbage once more in every thread whenever the process has little to do, to give
 * memory back: there is next to none to give, and it took a third of the processor time of capturing
 * 400,000 packets per second (0.37 us a packet instead of 0.23 in the first seconds).
 */
export function collectOnlyWhenNeeded(): void {
  setFlagsFromString('--no-memory-reducer');
}

/**
 * Has V8 mark at once when it collects, and not step by step beside the program. For the very beginning of the
 * process, before there is enough to be collected.
 *
 * The main thread has its memory reducer before anybody can turn it off; but a reducer marks step by step, and does
 * nothing where that is off. Main marked 12 MB three times over, 120 ms of processor time half a minute after the
 * start: as much as six seconds of capturing 50,000 packets per second. Turned off later, while main was marking, it
 * seems to have ended the process, in one start of three hundred ("Check failed: marking_state_.GreyToBlack"). And a
 * thread that is ended while V8 compiles for it on another one, which has a step of marking scheduled, takes the process
 * along (Node.js 20: "Assertion failed: (data.first) != nullptr" in node_platform.cc).
 */
function markAtOnce(): void {
  setFlagsFromString('--no-incremental-marking');
}

/**
 * Has the V8 of Node.js 20 wait four times as long before it optimises a function: until it has run through 270,336
 * bytes of its bytecode instead of 67,584, several times over. For the very beginning of the process.
 *
 * A start runs thousands of functions some hundred times, most of them for loading modules, and never again. TurboFan
 * took half of its processor time, and much of that was spent twice: what is optimised early is given up when it meets
 * what it had not seen yet. What judges packets is hot enough to be optimised in the warm-up all the same, and now
 * once. A start with demo traffic took 1.06 s of processor time instead of 1.38, and checking 10,000 rules, which runs
 * for long, 2.2 instead of 2.4 (medians of twelve and of three in turn).
 *
 * Later versions count how often a function was called, and gained nothing by waiting for longer.
 */
function optimiseLater(): void {
  setInterruptBudget(4 * INTERRUPT_BUDGET);
}

/**
 * Has V8 optimise as it does by itself again: for a process that has started and goes on. What it runs from then on it
 * runs for long. The threads' outer loops, and what stats does with samples, were optimised only when V8 had seen them
 * for 10 to 20 seconds: 60 ms of processor time, as much as the packets of four seconds at 50,000 a second.
 */
export function optimiseAsUsual(): void {
  setInterruptBudget(INTERRUPT_BUDGET);
}

function setInterruptBudget(bytes: number): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString(`--interrupt-budget=${bytes}`);
}

/** What a process sets before anything else. */
export function setFirstFlags(): void {
  markAtOnce();
  optimiseLater();
}
