import t from 'tap';
import {
  FIRST_UNMATCHED_SLOT,
  SLOT_CELLS,
  SLOT_PACKETS,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import type * as banksModule from '../../src/counters/counter-banks.js';
import type { CounterBanks } from '../../src/counters/counter-banks.js';
import * as countersLayout from '../../src/counters/counters-layout.js';
import { LatencyHistogram } from '../../src/counters/latency-histogram.js';
import { captureTapMemory, createCaptureMemory } from '../../src/memory/capture-layout.js';
import { CONTROL_COUNTERS_REQUESTED, controlOf, createControl } from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import type * as poolModule from '../../src/memory/packet-pool.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET, LINK_IPV4 } from '../../src/protocol/link-type.js';
import type * as consumerModule from '../../src/ring/ring-consumer.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing } from '../../src/ring/ring-layout.js';
import type * as producerModule from '../../src/ring/ring-producer.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import {
  createSampleRing,
  RECORD_FLOW,
  RECORD_INTERVAL,
  RECORD_WIRE_BYTES,
} from '../../src/ring/sample-ring-layout.js';
import { SampleRingReader } from '../../src/ring/sample-ring-reader.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { LinearMatcher } from '../../src/rules/linear-matcher.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { SlotRegistry } from '../../src/rules/slot-registry.js';
import { CaptureOrders } from '../../src/stats/capture/capture-orders.js';
import { CaptureReader } from '../../src/stats/capture/capture-reader.js';
import type * as ringTransmitterModule from '../../src/tx/ring-transmitter.js';
import type * as transmitCountersModule from '../../src/tx/transmit-counters.js';
import type * as transmitterModule from '../../src/tx/transmitter.js';
import type { Transmitter } from '../../src/tx/transmitter.js';
import type * as captureTapModule from '../../src/worker/capture-tap.js';
import type * as samplerModule from '../../src/worker/flow-sampler.js';
import { WORKER_HAND } from '../../src/worker/hand.js';
import { abandon } from '../../src/worker/predecessor.js';
import type * as loopModule from '../../src/worker/worker-loop.js';
import type { WorkerLoop } from '../../src/worker/worker-loop.js';
import { ipv4, tcp, udp } from '../fixtures/frames.js';
import { Random } from '../protocol/random.js';
import { rules, temporaryFolder } from '../support/engine-fixture.js';
import { Death, mortalCode } from './mortal-code.js';

t.setTimeout(120_000);

const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const CAPACITY = 4;
const INTERFACES = ['a', 'b'];
const POOL_BUFFERS = 200;
const CAPTURE_RING_WORDS = 128;
const RULES = rules(`
default_action: count
rules:
  - { name: out, match: { protocol: tcp }, action: { forward: b } }
  - { name: dns, match: { dst_port: 53 }, action: drop }
`);
const FORWARDED = Uint8Array.from(ipv4({ payload: tcp({ dstPort: 443 }) }).bytes);
const DROPPED = Uint8Array.from(ipv4({ payload: udp({ dstPort: 53 }) }).bytes);

interface Modules {
  readonly banks: typeof banksModule;
  readonly pool: typeof poolModule;
  readonly consumer: typeof consumerModule;
  readonly producer: typeof producerModule;
  readonly ringTransmitter: typeof ringTransmitterModule;
  readonly transmitCounters: typeof transmitCountersModule;
  readonly transmitter: typeof transmitterModule;
  readonly loop: typeof loopModule;
  readonly tap: typeof captureTapModule;
  readonly sampler: typeof samplerModule;
}

const load = mortalCode(temporaryFolder(t));
const mortal: Modules = {
  banks: await load('counters/counter-banks.js'),
  pool: await load('memory/packet-pool.js'),
  consumer: await load('ring/ring-consumer.js'),
  producer: await load('ring/ring-producer.js'),
  ringTransmitter: await load('tx/ring-transmitter.js'),
  transmitCounters: await load('tx/transmit-counters.js'),
  transmitter: await load('tx/transmitter.js'),
  loop: await load('worker/worker-loop.js'),
  tap: await load('worker/capture-tap.js'),
  sampler: await load('worker/flow-sampler.js'),
};

interface Scene {
  readonly name: string;
  /** Free buffers in the worker's cache at first. */
  readonly cached: number;
  /** Slots of the ring to who sends; 0: nothing can be sent. */
  readonly sendSlots: number;
  readonly packets: number;
}

/** One worker in memory that outlives it; the test is rx before it and main beside it. */
class Stage {
  readonly memory = createPool({
    bufferCount: POOL_BUFFERS,
    bufferBytes: 128,
    threadCount: 2,
    handBuffers: WORKER_HAND,
  });
  readonly pool = new PacketPool(this.memory);
  readonly ring = createRing(128);
  readonly sendRing: ReturnType<typeof createRing>;
  /** So large that every packet is sampled. */
  readonly samples = createSampleRing(512);
  readonly controls = createControl(2);
  readonly control = controlOf(this.controls, 1);
  readonly counters = countersLayout.createCounters(
    countersLayout.workerCountersShape(CAPACITY, INTERFACES.length),
  );
  /** Room for some records of the captured rule; the others are missed. */
  readonly captures = createCaptureMemory(1, CAPTURE_RING_WORDS);
  private readonly captureReader = new CaptureReader(this.captures.rings[0], CAPTURE_RING_WORDS);
  private readonly capturedSlot: number;
  private readonly table: RuleTable;

  constructor(readonly scene: Scene) {
    this.sendRing = createRing(Math.max(scene.sendSlots, 1));
    const { slots } = new SlotRegistry(CAPACITY).plan(RULES);
    this.capturedSlot = slots[1];
    new CaptureOrders(this.captures.orders).give(1, this.capturedSlot, 40);
    this.table = new RuleTable(buildRuleTable(RULES, slots, INTERFACES, 0));
    const rx = this.pool.cacheOf(0);
    const worker = this.pool.cacheOf(1);
    const borrowed = Array.from({ length: scene.cached }, () => rx.alloc());
    for (const index of borrowed) worker.free(index);
    const producer = new RingProducer(this.ring);
    for (let i = 0; i < scene.packets; i++) {
      const frame = i % 3 === 2 ? DROPPED : FORWARDED;
      const index = rx.alloc();
      this.pool.bytes.set(frame, this.pool.frameByteOffset(index));
      this.pool.describe(
        index,
        frame.length,
        frame.length,
        i % 7 === 6 ? LINK_ETHERNET : LINK_IPV4,
        0,
        i >> 2,
        0,
      );
      producer.push(Int32Array.of(index), 0, 1);
    }
    this.control[CONTROL_COUNTERS_REQUESTED] = 1;
  }

  parts(code: Modules) {
    const pool = new code.pool.PacketPool(this.memory);
    const banks = new code.banks.CounterBanks(this.counters, this.control);
    const cache = pool.cacheOf(1);
    const ring = new code.consumer.RingConsumer(this.ring);
    return {
      pool,
      banks,
      cache,
      ring,
      hand: pool.handOf(1),
      orders: pool.ordersOf(1),
      transmitter: this.transmitter(code, pool, banks, cache),
    };
  }

  worker(code: Modules): WorkerLoop {
    return new code.loop.WorkerLoop(
      { idle: 'spin', idleSpins: 1 },
      {
        ...this.parts(code),
        sampler: new code.sampler.FlowSampler(this.samples, SEED),
        control: this.control,
        rxDoorbell: new Doorbell(new Int32Array(new SharedArrayBuffer(8)), 0),
        clock: { nowMs: () => 1, unixMs: () => 1000 },
        passage: { counted: false, unclassified: false, malformed: false },
        tap: new code.tap.CaptureTap(captureTapMemory(this.captures, 0), this.pool),
        judgement: { table: this.table, matcher: new LinearMatcher(this.table) },
        nextJudgement: () => null,
      },
    );
  }

  /** Main, when the worker has died. */
  repair(): void {
    this.pool.repairAfter(1);
  }

  private transmitter(
    code: Modules,
    pool: PacketPool,
    banks: CounterBanks,
    cache: ReturnType<PacketPool['cacheOf']>,
  ) {
    const counters = new code.transmitCounters.TransmitCounters(banks, WORKER_TOTALS.firstTransmit);
    if (this.scene.sendSlots === 0) return new code.transmitter.NoTransmitter(counters) as Transmitter;
    const ring = new code.producer.RingProducer(this.sendRing);
    const doorbell = new Doorbell(new Int32Array(new SharedArrayBuffer(8)), 0);
    const queue = pool.sendQueueOf(1);
    return new code.ringTransmitter.RingTransmitter({ pool, cache, ring, doorbell, counters, banks, queue });
  }

  /**
   * What is wrong when the worker has done all that there was to do, or main has closed its books: what was in hand then
   * has no latency.
   */
  problems(deaths: number, isClosed: boolean): string[] {
    const { banks, cache, ring, orders } = this.parts(mortal);
    const found: string[] = [];
    const expect = (what: string, left: number, right: number) => {
      if (left !== right) found.push(`${what}: ${left} is not ${right}`);
    };
    const lost = banks.total(WORKER_TOTALS.lost);
    expect('outcomes + lost and read cursor', banks.outcomes() + lost, ring.cursor);
    expect('read cursor and what was sent to it', ring.cursor, this.scene.packets);
    expect('released and read cursor', cache.released, ring.cursor);
    if (lost > deaths) found.push(`${lost} lost by ${deaths} deaths`);
    const timed = new LatencyHistogram(banks).packets();
    if (isClosed ? timed > ring.cursor : timed !== ring.cursor) {
      found.push(`${timed} latencies of ${ring.cursor} packets`);
    }
    found.push(...this.captureProblems(banks, deaths));
    const sender = new RingConsumer(this.sendRing);
    const waiting = new Int32Array(128);
    const handedOver = this.scene.sendSlots === 0 ? 0 : sender.pop(waiting, waiting.length);
    expect('handed over', banks.total(WORKER_TOTALS.transmitQueued), handedOver);
    const counters = new mortal.transmitCounters.TransmitCounters(banks, WORKER_TOTALS.firstTransmit);
    expect('orders and settled', orders[0], counters.settled() + handedOver);
    for (let i = 0; i < handedOver; i++) this.pool.cacheOf(0).free(waiting[i]);
    found.push(...this.sampleProblems(deaths));
    expect('held', this.pool.audit().heldCount, 0);
    const caches = [0, 1].map((thread) => this.pool.cacheOf(thread));
    const out = caches.reduce((sum, { taken, returned, count }) => sum + taken - returned - count, 0);
    expect('taken - returned - cached', out, 0);
    return found;
  }

  /**
   * What is captured is whole, and is what was counted: but a packet that was captured may be the lost one, and one that
   * a worker died over while it was missed may be counted as that.
   */
  private captureProblems(banks: CounterBanks, deaths: number): string[] {
    const found: string[] = [];
    let captured = 0;
    this.captureReader.drain(({ number, slot, generation, wireBytes, frameBytes, frame }) => {
      captured++;
      const isWhole = number === 1 && slot === this.capturedSlot && generation === 0;
      const bytes = Math.min(40, DROPPED.length);
      if (!isWhole || wireBytes !== DROPPED.length || frameBytes !== bytes)
        found.push('a record is not whole');
      if (Buffer.compare(frame.subarray(0, bytes), DROPPED.subarray(0, bytes)) !== 0)
        found.push('another frame');
    });
    const offered = captured + this.captureReader.missed(0);
    const { firstCell, slotsCell, bankCells } = new countersLayout.CountersLayout(this.counters.shape);
    const cell = firstCell + slotsCell + this.capturedSlot * SLOT_CELLS + SLOT_PACKETS;
    const counted = banks.cells[cell] + banks.cells[cell + bankCells];
    if (offered < counted || offered > counted + deaths)
      found.push(`${offered} captured, ${counted} counted`);
    if (counted > 4 + deaths && captured < 4) found.push(`${captured} captured, and there is room for more`);
    return found;
  }

  /** Every packet that a rule or none has judged is a sample, but for one a death, and each sample is whole. */
  private sampleProblems(deaths: number): string[] {
    const { banks } = this.parts(mortal);
    const layout = new countersLayout.CountersLayout(this.counters.shape);
    let judged = 0;
    for (let slot = FIRST_UNMATCHED_SLOT; slot < this.counters.shape.slotCount; slot++) {
      const cell = layout.firstCell + layout.slotsCell + slot * SLOT_CELLS + SLOT_PACKETS;
      judged += banks.cells[cell] + banks.cells[cell + layout.bankCells];
    }
    const found: string[] = [];
    let samples = 0;
    new SampleRingReader(this.samples).drain({
      take: (words, word) => {
        samples++;
        const [interval, bytes, protocol, srcPort] = [
          words[word + RECORD_INTERVAL],
          words[word + RECORD_WIRE_BYTES],
          words[word + RECORD_FLOW],
          words[word + RECORD_FLOW + 1],
        ];
        const frame = protocol === 6 ? FORWARDED : DROPPED;
        if (interval !== 1 || bytes !== frame.length || srcPort < 0)
          found.push(`a sample is torn: ${[interval, bytes, protocol, srcPort]}`);
      },
    });
    const lost = banks.total(WORKER_TOTALS.lost);
    if (samples < judged - deaths || samples > judged + lost)
      found.push(`${samples} samples of ${judged} packets, ${lost} lost`);
    return found;
  }
}

/** Runs what is given until it is done, or dies before its `at`th statement. Returns whether it died. */
function dies(at: number, life: () => void): boolean {
  let left = at;
  globalThis.beforeStatement = () => {
    if (--left === 0) throw new Death();
  };
  try {
    life();
    return false;
  } catch (error) {
    if (error instanceof Death) return true;
    throw error;
  } finally {
    globalThis.beforeStatement = () => undefined;
  }
}

/** A worker's life without its waiting. */
function live(worker: WorkerLoop): void {
  worker.resume();
  for (let left = 1; left > 0; worker.attend()) left = worker.runHand();
}

const SCENES: readonly Scene[] = [
  { name: 'nothing can be sent; the hand fits the cache', cached: 0, sendSlots: 0, packets: 9 },
  { name: 'the hand goes to the list, whole', cached: 20, sendSlots: 0, packets: 40 },
  { name: 'all is handed over; the cache is filled from the list', cached: 2, sendSlots: 64, packets: 40 },
  { name: 'half is handed over, the rest fails', cached: 16, sendSlots: 8, packets: 30 },
  { name: 'a hand of several bursts', cached: 0, sendSlots: 128, packets: 90 },
  { name: 'a full cache', cached: 32, sendSlots: 1, packets: 33 },
  { name: 'what fails overflows the cache', cached: 2, sendSlots: 1, packets: 33 },
];

t.comment(`TEST_SEED=${SEED}`);

for (const scene of SCENES) {
  t.test(`a death before every statement: ${scene.name}`, async (t) => {
    let at = 1;
    let broken = 0;
    for (; ; at++) {
      const stage = new Stage(scene);
      const worker = stage.worker(mortal);
      const died = dies(at, () => live(worker));
      if (!died) break;
      const { lockWord } = stage.pool.layout;
      if (new Int32Array(stage.memory.state)[lockWord] !== 0) broken++;
      stage.repair();
      live(stage.worker(mortal));
      const problems = stage.problems(1, false);
      if (problems.length > 0) t.fail(`statement ${at}`, { problems });
    }
    t.ok(at > 100, `${at - 1} statements, ${broken} of them with the lock held`);
  });

  t.test(`deaths upon deaths, and no successor in the end: ${scene.name}`, async (t) => {
    const random = new Random(SEED);
    let deaths = 0;
    for (let round = 0; round < 1000; round++) {
      const stage = new Stage(scene);
      let own = 0;
      while (own < 4 && dies(1 + random.below(400), () => live(stage.worker(mortal)))) {
        stage.repair();
        own++;
      }
      const { cursor } = new RingConsumer(stage.ring);
      abandon(stage.parts(mortal));
      const lost = own === 4 ? scene.packets : own;
      const problems = stage.problems(lost, true);
      if (problems.length > 0) t.fail(`round ${round}, ${own} deaths, cursor ${cursor}`, { problems });
      deaths += own;
    }
    t.ok(deaths > 1000, `${deaths} deaths`);
  });
}
