import { type SteppedMemory, Violation } from './stepped-memory.js';

/** What a thread of a scenario remembers from one operation to the next. */
export type Memo = readonly number[];

/** A thread of a scenario: what it does, one operation after the other. */
export interface SteppedThread {
  readonly name: string;
  /** The objects under test; their number fields are state of the thread. */
  readonly subjects: readonly object[];
  readonly memo: Memo;
  /** Each makes one call of the subject, and may look at the memory's cells when that has returned. */
  readonly operations: readonly ((memo: Memo) => Memo)[];
}

/** A number that a thread keeps in an object of its own. */
interface Field {
  readonly subject: object;
  readonly name: string;
}

/** Where a thread stands. */
export interface ThreadState {
  /** Operations completed. */
  readonly completed: number;
  /** Values of the accesses that the operation under way has made. */
  readonly log: readonly number[];
  readonly fields: readonly number[];
  readonly memo: Memo;
  readonly hasCrashed: boolean;
}

export interface Scenario {
  readonly memory: SteppedMemory;
  readonly threads: readonly SteppedThread[];
  /** Called in every state, with the memory's cells as they are in it. Throws a `Violation`. */
  readonly check: (threads: readonly ThreadState[]) => void;
  /**
   * Called where no thread can go on: each has finished, has crashed, or waits for a lock for ever.
   *
   * @param finish lets a thread do the rest of its operations; returns what it remembers then.
   */
  readonly checkEnd: (threads: readonly ThreadState[], finish: (thread: number) => Memo) => void;
}

interface State {
  readonly cells: Int32Array;
  readonly unheard: Uint8Array;
  readonly threads: readonly ThreadState[];
}

export interface Explored {
  readonly states: number;
  readonly steps: number;
  /** Different orders of steps, crashes included, that lead from the beginning to an end. */
  readonly schedules: number;
}

/**
 * Visits every state that the threads of a scenario can get into, one access at a time, depth first, each
 * state once. In every state each thread may also crash: it makes no further step. One crash a schedule,
 * because with both threads dead there is nobody left to see anything. (`worker.terminate()` ends a thread
 * where V8 looks for interrupts, at calls and at the ends of loops: at fewer places than these.)
 *
 * A compare-and-exchange that would fail is no step: its thread waits, as if it had not come that far
 * yet. So the spinning of a lock is not explored, nor the sleep that follows it, which ends by itself.
 */
export class Explorer {
  private readonly schedulesFrom = new Map<string, number>();
  private readonly path: string[] = [];
  private readonly fields: readonly (readonly Field[])[];
  private readonly scratch = new Int32Array(4096);
  private steps = 0;

  constructor(private readonly scenario: Scenario) {
    this.fields = scenario.threads.map(({ subjects }) =>
      subjects.flatMap((subject) =>
        Object.entries(subject).flatMap(([name, value]) =>
          typeof value === 'number' ? [{ subject, name }] : [],
        ),
      ),
    );
  }

  /** @throws Violation with the steps that led to it. */
  explore(): Explored {
    const { memory, threads } = this.scenario;
    const first: State = {
      cells: memory.cells.slice(),
      unheard: memory.races.unheard.slice(),
      threads: threads.map(({ memo }, thread) => ({
        completed: 0,
        log: [],
        fields: this.fieldsOf(thread),
        memo,
        hasCrashed: false,
      })),
    };
    try {
      const schedules = memory.inPlaceOfAtomics(() => this.visit(first));
      return { states: this.schedulesFrom.size, steps: this.steps, schedules };
    } catch (error) {
      if (error instanceof Violation) error.message += `\n  ${this.path.join('\n  ')}`;
      throw error;
    } finally {
      this.restore(first);
    }
  }

  /** Returns the number of schedules from a state on. */
  private visit(state: State): number {
    const key = this.keyOf(state);
    const known = this.schedulesFrom.get(key);
    if (known !== undefined) return known;
    this.restore(state);
    this.scenario.check(state.threads);
    let schedules = 0;
    let canGoOn = false;
    for (let thread = 0; thread < state.threads.length; thread++) {
      const own = state.threads[thread];
      if (own.hasCrashed || own.completed === this.scenario.threads[thread].operations.length) continue;
      this.path.push(`${this.scenario.threads[thread].name} `);
      const next = this.step(state, thread);
      if (next !== null) {
        canGoOn = true;
        schedules += this.visit(next);
      }
      this.path.pop();
      if (state.threads.every(({ hasCrashed }) => !hasCrashed)) {
        this.path.push(`${this.scenario.threads[thread].name} crashes`);
        schedules += this.visit(withThread(state, thread, { ...own, hasCrashed: true }));
        this.path.pop();
      }
    }
    if (!canGoOn) {
      this.restore(state);
      this.scenario.checkEnd(state.threads, (thread) => this.finish(state, thread));
      schedules++;
    }
    this.schedulesFrom.set(key, schedules);
    return schedules;
  }

  /** Lets a thread make one access. Returns the state after it, or `null` where it has to wait. */
  private step(state: State, thread: number): State | null {
    const { memory } = this.scenario;
    this.restore(state);
    const next = this.run(state.threads[thread], thread, 1);
    if (next === null) return null;
    this.steps++;
    this.path[this.path.length - 1] += memory.lastAccess;
    return {
      ...withThread(state, thread, next),
      cells: memory.cells.slice(),
      unheard: memory.races.unheard.slice(),
    };
  }

  private finish(state: State, thread: number): Memo {
    let own = state.threads[thread];
    while (own.completed < this.scenario.threads[thread].operations.length) {
      const next = this.run(own, thread, Number.POSITIVE_INFINITY);
      if (next === null) throw new Violation(`${this.scenario.threads[thread].name} waits for ever`);
      own = next;
    }
    return own.memo;
  }

  private run(own: ThreadState, thread: number, granted: number): ThreadState | null {
    this.setFields(thread, own.fields);
    const log = own.log.slice();
    let memo = own.memo;
    const operation = this.scenario.threads[thread].operations[own.completed];
    const end = this.scenario.memory.run(thread, log, granted, () => {
      memo = operation(own.memo);
    });
    if (end === 'blocked') return null;
    if (end === 'suspended') return { ...own, log };
    return { ...own, completed: own.completed + 1, log: [], fields: this.fieldsOf(thread), memo };
  }

  private restore(state: State): void {
    this.scenario.memory.cells.set(state.cells);
    this.scenario.memory.races.unheard.set(state.unheard);
  }

  private fieldsOf(thread: number): number[] {
    return this.fields[thread].map(({ subject, name }) => Reflect.get(subject, name) as number);
  }

  private setFields(thread: number, fields: readonly number[]): void {
    this.fields[thread].forEach(({ subject, name }, i) => {
      Reflect.set(subject, name, fields[i]);
    });
  }

  /** All of a state, as a string: two states are one when nothing can tell them apart. */
  private keyOf(state: State): string {
    const { scratch } = this;
    let length = 0;
    const put = (value: number) => {
      scratch[length++] = value;
    };
    for (const word of this.scenario.memory.watched) put(state.cells[word]);
    for (const { completed, log, fields, memo, hasCrashed } of state.threads) {
      put(completed * 2 + (hasCrashed ? 1 : 0));
      for (const values of [log, fields, memo]) {
        put(values.length);
        for (const value of values) put(value);
      }
    }
    const words = Buffer.from(scratch.buffer, 0, length * 4).toString('latin1');
    return words + Buffer.from(state.unheard.buffer, 0, state.unheard.length).toString('latin1');
  }
}

function withThread(state: State, thread: number, own: ThreadState): State {
  return { ...state, threads: state.threads.map((other, i) => (i === thread ? own : other)) };
}
