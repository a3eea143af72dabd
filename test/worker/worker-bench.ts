import { SLOT_CELLS, WORKER_TOTALS } from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { CounterReader } from '../../src/counters/counter-reader.js';
import { createCounters, workerCountersShape } from '../../src/counters/counters-layout.js';
import { captureTapMemory, createCaptureMemory } from '../../src/memory/capture-layout.js';
import { microseconds } from '../../src/memory/clock.js';
import {
  CONTROL_DOORBELL,
  CONTROL_TABLE_GENERATION,
  controlOf,
  createControl,
} from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { LinearMatcher } from '../../src/rules/linear-matcher.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { SlotRegistry } from '../../src/rules/slot-registry.js';
import { TransmitCounters } from '../../src/tx/transmit-counters.js';
import { NoTransmitter, type Transmitter } from '../../src/tx/transmitter.js';
import { CaptureTap } from '../../src/worker/capture-tap.js';
import { WORKER_HAND } from '../../src/worker/hand.js';
import type { Judgement } from '../../src/worker/packet-judge.js';
import { NoSampler, type Sampler } from '../../src/worker/sampler.js';
import type { Passage } from '../../src/worker/verdicts.js';
import { IDLE_SPINS, WorkerLoop, type WorkerLoopConfig } from '../../src/worker/worker-loop.js';
import { arp, ethernet, ipv4, tcp, udp } from '../fixtures/frames.js';
import { rules } from '../support/engine-fixture.js';

const CAPACITY = 16;
/** Of the ring that captured packets go to. */
export const CAPTURE_WORDS = 256;
const INTERFACES = ['test', 'other'];
/** The position of the second one. */
export const OTHER = 1;
export const RULES = rules(`
default_action: count
rules:
  - { name: telnet, match: { protocol: tcp, dst_port: 23 }, action: drop }
  - { name: dns, match: { dst_port: 53 }, action: count }
  - { name: out, match: { protocol: tcp, dst_port: 443 }, action: forward }
  - { name: mirror, match: { protocol: tcp, dst_port: 80 }, action: { forward: other } }
`);
export const TELNET = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 23 }) }) });
export const DNS = ethernet({ payload: ipv4({ payload: udp({ dstPort: 53 }) }) });
export const HTTPS = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 443 }) }) });
export const HTTP = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 80 }) }) });
export const UNMATCHED = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 9 }) }) });
export const ARP = ethernet({ payload: arp() });
export const MALFORMED = TELNET.subarray(0, 9);

export const WATCHING: Passage = { counted: false, unclassified: false, malformed: false };

const SPINNING: WorkerLoopConfig = { idle: 'spin', idleSpins: IDLE_SPINS };

interface BenchOptions {
  readonly transmitter?: Transmitter;
  readonly passage?: Passage;
  readonly sampler?: Sampler;
  readonly config?: WorkerLoopConfig;
  readonly rxDoorbell?: Doorbell;
}

/** A worker loop on the test's own thread, with a clock that stands where the test puts it. */
export class WorkerBench {
  readonly pool = createPool({
    bufferCount: 256,
    bufferBytes: 2048,
    threadCount: 2,
    handBuffers: WORKER_HAND,
  });
  readonly packets = new PacketPool(this.pool);
  private readonly controls = createControl(2);
  readonly control = controlOf(this.controls, 1);
  readonly captures = createCaptureMemory(1, CAPTURE_WORDS);
  readonly loop: WorkerLoop;
  nowMs = 1000;
  next: Judgement | null = null;
  private readonly registry = new SlotRegistry(CAPACITY);
  private readonly counters = createCounters(workerCountersShape(CAPACITY, INTERFACES.length));
  private readonly cache = this.packets.cacheOf(0);
  private readonly producer: RingProducer;
  private readonly reader = new CounterReader(this.counters, this.control);

  constructor(
    ruleSet: RuleSet = RULES,
    {
      transmitter,
      passage = WATCHING,
      sampler = new NoSampler(),
      config = SPINNING,
      rxDoorbell,
    }: BenchOptions = {},
  ) {
    const ring = createRing(256);
    const banks = new CounterBanks(this.counters, this.control);
    this.producer = new RingProducer(ring);
    Atomics.store(this.control, CONTROL_TABLE_GENERATION, 1);
    this.loop = new WorkerLoop(config, {
      ring: new RingConsumer(ring),
      pool: this.packets,
      cache: this.packets.cacheOf(1),
      hand: this.packets.handOf(1),
      orders: this.packets.ordersOf(1),
      banks,
      control: this.control,
      rxDoorbell: rxDoorbell ?? new Doorbell(controlOf(this.controls, 0), CONTROL_DOORBELL),
      clock: { nowMs: () => this.nowMs, unixMs: () => 1_700_000_000_000 + this.nowMs },
      transmitter: transmitter ?? new NoTransmitter(new TransmitCounters(banks, WORKER_TOTALS.firstTransmit)),
      sampler,
      passage,
      tap: new CaptureTap(captureTapMemory(this.captures, 0), this.packets),
      judgement: this.judgement(ruleSet, 1),
      nextJudgement: () => {
        const { next } = this;
        this.next = null;
        return next;
      },
    });
  }

  judgement(ruleSet: RuleSet, generation: number): Judgement {
    const plan = this.registry.plan(ruleSet);
    this.registry.adopt(ruleSet, plan);
    const table = new RuleTable(buildRuleTable(ruleSet, plan.slots, INTERFACES, generation));
    return { table, matcher: new LinearMatcher(table) };
  }

  slotOf(name: string): number {
    const plan = this.registry.plan(RULES);
    return plan.slots[RULES.rules.findIndex((rule) => rule.name === name)];
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      const index = this.cache.alloc();
      this.packets.bytes.set(frame, this.packets.frameByteOffset(index));
      this.packets.describe(index, frame.length, frame.length, LINK_ETHERNET, 0, microseconds(this.nowMs), 0);
      this.producer.push(Int32Array.of(index), 0, 1);
    }
  }

  /** Cells of an outcome slot: packets, bytes, last match. */
  published(): { slot: (slot: number) => number[]; totals: Float64Array; levels: Float64Array } {
    const { slotCount } = this.counters.shape;
    this.reader.request(slotCount);
    this.loop.attend();
    this.reader.take(slotCount);
    return {
      slot: (slot) => [...this.reader.slots.subarray(slot * SLOT_CELLS, slot * SLOT_CELLS + 3)],
      totals: this.reader.totals,
      levels: this.reader.levels,
    };
  }
}
