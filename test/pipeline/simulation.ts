import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { SLOT_CELLS } from '../../src/counters/catalogue.js';
import { closeDeadRx } from '../../src/engine/abandoned-rx.js';
import { createEngineMemory, type EngineMemory } from '../../src/engine/engine-memory.js';
import type { Clock } from '../../src/memory/clock.js';
import { PacketPool } from '../../src/memory/packet-pool.js';
import { ringUsedSlots } from '../../src/ring/ring-layout.js';
import { BURST_FRAMES } from '../../src/source/frame-batch.js';
import { Aggregator } from '../../src/stats/aggregator.js';
import { Random } from '../protocol/random.js';
import { Death } from '../worker/mortal-code.js';
import { SimulatedOutcomes, SimulationFailure } from './simulated-outcomes.js';
import { SimulatedRules } from './simulated-rules.js';
import { type PipelineSubjects, PRODUCTION, SimulatedRx, SimulatedWorker } from './simulated-threads.js';
import { SimulatedSource, TABLES } from './simulated-traffic.js';

const RULE_CAPACITY = 16;
/** Not endless: rx would not look at the clock then, and others have their turns when it does. */
const FOR_EVER_MS = 1e9;
/** Turns of the event loop that a pass may wait for a stalled thread: fewer than the aggregator looks. */
const PASS_TURNS_MAX = 40;

export interface SimulationFigures {
  readonly steps: number;
  readonly passes: number;
  readonly received: number;
  readonly dropped: number;
  readonly reloads: number;
  readonly deaths: number;
  readonly lost: number;
}

/**
 * The whole pipeline on one thread: the real rx loop, worker loops, rings, pool, counters and aggregator,
 * and this schedule in place of the operating system. All that happens follows from the seed: sizes, traffic,
 * whose turn it is, who stalls, when rules change, how time goes by, and when it all stops.
 *
 * A thread's turn ends between two bursts, as its loop does; only rx has turns of others within its own,
 * while it waits for room. A pass of the aggregator spans as many steps as the threads take to answer.
 *
 * With subjects that are mortal, threads die as well, before any statement of a turn or of what they begin with;
 * their successors come some steps later, or main closes their books at the end.
 */
export class Simulation {
  /** What happened, in words; the last of it tells why a seed fails. */
  readonly trail: string[] = [];
  private readonly random: Random;
  private readonly memory: EngineMemory;
  private readonly pool: PacketPool;
  private readonly source: SimulatedSource;
  private readonly rules: SimulatedRules;
  private rx: SimulatedRx;
  private readonly workers: readonly SimulatedWorker[];
  /** Turns that a thread still misses: rx, then the workers. */
  private readonly stalls: number[];
  /** Of the same threads: whether they are dead. */
  private readonly isDead: boolean[];
  private readonly outcomes = new SimulatedOutcomes();
  private readonly aggregator: Aggregator;
  private nowMs = 1000;
  private unixStepMs = 1_700_000_000_000;
  private steps = 0;
  private reloads = 0;
  private deaths = 0;
  private passTurns = 0;
  private isPassing = false;
  private isPassPrompt = false;
  /** Once in some seeds a pass goes by what it has: that takes real time, while nothing moves. */
  private mayTimeOut: boolean;
  private failure: unknown = null;

  /** @param isMortal whether the subjects can die. */
  constructor(
    seed: number,
    private readonly subjects: PipelineSubjects = PRODUCTION,
    private readonly isMortal = false,
  ) {
    const random = new Random(seed);
    this.random = random;
    // Xorshift's first numbers from neighbouring seeds are alike.
    for (let i = 0; i < 8; i++) random.uint32();
    const workerCount = 1 + random.below(3);
    const ringSlots = random.pick([1, 2, 4, 8, 32, 64, 256]);
    const patienceMs = random.pick([0, 0, 0.5, FOR_EVER_MS]);
    // A source that waits for ever needs more buffers than the workers' caches can keep.
    const poolBuffers = patienceMs === FOR_EVER_MS ? 64 * (workerCount + 1) : 1 + random.below(200);
    this.memory = createEngineMemory({
      workerCount,
      ringSlots,
      poolBuffers,
      bufferBytes: 128,
      ruleCapacity: RULE_CAPACITY,
      interfaceCount: 2,
      rxSends: false,
      captures: false,
      hugePages: false,
      samples: false,
    });
    this.pool = new PacketPool(this.memory.pool);
    const frames = random.below(4) === 0 ? random.below(1000) : Number.POSITIVE_INFINITY;
    this.source = new SimulatedSource(random, patienceMs, random.below(2) === 0, frames);
    this.rules = new SimulatedRules(this.memory, RULE_CAPACITY);
    const clock = this.clockOf(() => undefined);
    this.workers = this.memory.rings.map(
      (_, index) => new SimulatedWorker(this.memory, index, this.rules, this.outcomes, clock, subjects),
    );
    this.rx = this.newRx();
    this.rx.begin();
    for (const worker of this.workers) worker.begin();
    this.mayTimeOut = random.below(20) === 0;
    this.stalls = [0, ...this.workers.map(() => 0)];
    this.isDead = this.stalls.map(() => false);
    // Who would sleep would keep the others from their turns.
    this.aggregator = new Aggregator(
      { ...this.memory, interfaces: this.source.interfaces },
      clock,
      () => undefined,
    );
    this.trail.push(
      `${workerCount} workers, ${ringSlots} slots, ${poolBuffers} buffers, patience ${patienceMs} ms`,
    );
  }

  /** @throws SimulationFailure, or what a broken invariant throws. */
  async run(): Promise<SimulationFigures> {
    const stepCount = 20 + this.random.below(150);
    while (this.steps < stepCount) {
      this.steps++;
      this.act();
      this.auditPool();
      await this.stats();
    }
    await this.stop();
    const { totals } = this.aggregator;
    const { received, lost } = totals;
    const dropped = received - totals.enqueued;
    const { steps, reloads, deaths } = this;
    return { steps, reloads, deaths, passes: this.aggregator.passCount, received, dropped, lost };
  }

  private act(): void {
    const { random } = this;
    this.nowMs += random.below(4) === 0 ? random.below(1000) / 10 : 0.01;
    const choice = random.below(100);
    if (choice < 3) this.stall(random.below(1 + this.workers.length));
    else if (choice < 8) this.reload();
    else if (choice < 9) this.stepUnixClock();
    else this.turn(random.below(3) === 0 ? 0 : 1 + random.below(this.workers.length));
  }

  /**
   * Between turns every buffer is free or in a ring, once; passes look at it only when threads have answered. Those
   * of the dead are found by their successors.
   */
  private auditPool(): void {
    if (this.isDead.includes(true)) return;
    const { heldCount } = this.pool.audit();
    const used = this.memory.rings.reduce((sum, ring) => sum + ringUsedSlots(ring), 0);
    if (heldCount !== used)
      throw new SimulationFailure(`${heldCount} buffers are not free, and ${used} in rings`);
  }

  private turn(thread: number): void {
    if (this.stalls[thread] > 0) {
      this.stalls[thread]--;
      return;
    }
    if (this.isDead[thread]) {
      if (this.random.below(4) === 0) this.replace(thread);
      return;
    }
    this.trail.push(thread === 0 ? 'rx' : `worker ${thread - 1}`);
    this.untilDeath(thread, () => (thread === 0 ? this.rx : this.workers[thread - 1]).turn());
  }

  /** Does what a thread does; some threads die over it. */
  private untilDeath(thread: number, work: () => void): void {
    const { random } = this;
    const outer = globalThis.beforeStatement;
    let statements = this.isMortal && random.below(8) === 0 ? 1 + random.below(1 + random.below(3000)) : 0;
    globalThis.beforeStatement = () => {
      if (statements > 0 && --statements === 0) throw new Death();
    };
    try {
      work();
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      this.isDead[thread] = true;
      this.deaths++;
      this.trail.push(`thread ${thread} dies`);
      // As main does, at once.
      this.pool.repairAfter(thread);
    } finally {
      globalThis.beforeStatement = outer;
    }
  }

  /** A successor begins, and may die over that. */
  private replace(thread: number): void {
    this.trail.push(`thread ${thread} is replaced`);
    this.isDead[thread] = false;
    if (thread === 0) this.rx = this.newRx();
    this.untilDeath(thread, () => (thread === 0 ? this.rx : this.workers[thread - 1]).begin());
  }

  private replaceAll(): void {
    while (this.isDead.includes(true)) this.replace(this.isDead.indexOf(true));
  }

  private newRx(): SimulatedRx {
    const clock = this.clockOf(() => this.whileRxLooks());
    return new SimulatedRx(this.memory, this.source, clock, this.subjects);
  }

  private stall(thread: number): void {
    this.stalls[thread] = this.random.below(60);
    this.trail.push(`thread ${thread} misses ${this.stalls[thread]} turns`);
  }

  private reload(): void {
    // Stats ends its pass before it looks at more slots, and main waits for that.
    if (this.isPassing) return;
    const table = this.random.below(TABLES.length);
    if (!this.rules.reload(table)) return;
    this.reloads++;
    this.trail.push(`table ${table}`);
  }

  /** Somebody sets the clock, by an hour at most. */
  private stepUnixClock(): void {
    this.unixStepMs += this.random.below(7_200_000) - 3_600_000;
    this.trail.push('clock set');
  }

  /** rx looks at its clock, perhaps because it waits: others go on meanwhile, and one of them may come back to life. */
  private whileRxLooks(): void {
    this.nowMs += 0.01;
    if (this.random.below(2) === 0) this.turn(1 + this.random.below(this.workers.length));
  }

  /** Lets the aggregator go on, and starts its next pass when it has none. */
  private async stats(): Promise<void> {
    if (!this.isPassing) this.beginPass();
    if (this.isPassPrompt) await this.completePass();
    else if (++this.passTurns <= PASS_TURNS_MAX) await yieldToEventLoop();
    else if (this.mayTimeOut) await this.timeOutPass();
    else await this.completePass();
    if (this.failure !== null) throw this.failure;
  }

  private beginPass(): void {
    this.isPassing = true;
    this.passTurns = 0;
    // Mostly all answer at once, so that the identity is checked after this very step; the dead take their time.
    this.isPassPrompt = this.random.below(16) > (this.isDead.includes(true) ? 14 : 0);
    const { totals } = this.aggregator;
    const before = { received: totals.received, processed: totals.processed, slots: totals.slots.slice() };
    this.aggregator
      .pass(this.rules.slotCount)
      .then(() => {
        this.isPassing = false;
        this.judge(before);
      })
      .catch((error) => {
        this.failure = error;
      });
  }

  private async completePass(): Promise<void> {
    this.replaceAll();
    while (this.isPassing && this.failure === null) {
      for (const worker of this.workers) worker.attend();
      this.rx.attend();
      await yieldToEventLoop();
    }
  }

  private async timeOutPass(): Promise<void> {
    this.mayTimeOut = false;
    this.trail.push('a pass waits no longer');
    await this.endOfPass();
  }

  private async endOfPass(): Promise<void> {
    while (this.isPassing && this.failure === null) await yieldToEventLoop();
  }

  private judge(before: { received: number; processed: number; slots: Float64Array }): void {
    const { totals } = this.aggregator;
    if (!totals.identity.holds) throw new SimulationFailure(totals.identity.violations.join('; '));
    if (totals.received < before.received || totals.processed < before.processed)
      throw new SimulationFailure('a total went back');
    if (totals.received > this.source.given) throw new SimulationFailure('more was received than given');
    for (let cell = 0; cell < before.slots.length; cell += SLOT_CELLS) {
      if (totals.slots[cell] < before.slots[cell]) throw new SimulationFailure(`cell ${cell} went back`);
    }
  }

  /** As the engine stops: rx, then the workers one by one, with passes going on; then all must be at rest. */
  private async stop(): Promise<void> {
    this.trail.push('stop');
    this.random.below(2) === 0 ? this.replaceAll() : this.trail.push('with its dead');
    if (this.isDead[0])
      closeDeadRx(
        this.memory,
        this.source.interfaces,
        this.clockOf(() => undefined),
        () => undefined,
      );
    else this.rx.stop();
    for (const [index, worker] of this.workers.entries()) {
      if (!this.isPassing && this.random.below(2) === 0) this.beginPass();
      if (this.isDead[1 + index]) worker.abandon();
      else worker.stop();
      this.trail.push('a worker has ended');
      if (this.random.below(2) === 0) await yieldToEventLoop();
    }
    await this.endOfPass();
    if (this.failure === null) this.beginPass();
    await this.endOfPass();
    if (this.failure !== null) throw this.failure;
    const { totals } = this.aggregator;
    if (totals.inFlight !== 0)
      throw new SimulationFailure(`${totals.inFlight} packets are in flight at the end`);
    // A dead rx that is not replaced leaves the rest of its burst where it is: in the kernel's ring, say.
    const unread = this.isDead[0] ? BURST_FRAMES : 0;
    this.isDead.fill(false);
    if (!(totals.received <= this.source.given && totals.received >= this.source.given - unread))
      throw new SimulationFailure(`${totals.received} of ${this.source.given} frames were received`);
    this.auditPool();
    this.outcomes.check(totals, this.rules.slots);
  }

  private clockOf(onLook: () => void): Clock {
    return {
      nowMs: () => {
        onLook();
        return this.nowMs;
      },
      unixMs: () => this.nowMs + this.unixStepMs,
    };
  }
}
