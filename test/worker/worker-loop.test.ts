import t from 'tap';
import {
  FIRST_UNMATCHED_SLOT,
  malformedSlot,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_LAST_MS,
  TRANSMIT_FAILURES,
  unclassifiedSlot,
  WORKER_LEVELS,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { CounterReader } from '../../src/counters/counter-reader.js';
import { createCounters, workerCountersShape } from '../../src/counters/counters-layout.js';
import { microseconds } from '../../src/memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_GENERATION_IN_USE,
  CONTROL_STATE,
  CONTROL_TABLE_GENERATION,
  controlOf,
  createControl,
  STATE_STOPPED,
} from '../../src/memory/control-layout.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import { LinearMatcher } from '../../src/rules/linear-matcher.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { buildRuleTable, RuleTable } from '../../src/rules/rule-table.js';
import { SlotRegistry } from '../../src/rules/slot-registry.js';
import { NoTransmitter, QUEUED, type Transmitter } from '../../src/tx/transmitter.js';
import type { Judgement } from '../../src/worker/packet-judge.js';
import { WorkerLoop } from '../../src/worker/worker-loop.js';
import { arp, ethernet, ipv4, ipv4Fragments, tcp, udp } from '../fixtures/frames.js';
import { rules } from '../support/engine-fixture.js';

const CAPACITY = 16;
const RULES = rules(`
default_action: count
rules:
  - { name: telnet, match: { protocol: tcp, dst_port: 23 }, action: drop }
  - { name: dns, match: { dst_port: 53 }, action: count }
  - { name: out, match: { protocol: tcp, dst_port: 443 }, action: forward }
`);
const TELNET = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 23 }) }) });
const DNS = ethernet({ payload: ipv4({ payload: udp({ dstPort: 53 }) }) });
const HTTPS = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 443 }) }) });
const OTHER = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 9 }) }) });

/** A worker loop on the test's own thread, with a clock that stands where the test puts it. */
class WorkerBench {
  readonly pool = createPool({ bufferCount: 128, bufferBytes: 2048, threadCount: 2, handBuffers: 32 });
  readonly packets = new PacketPool(this.pool);
  readonly control = controlOf(createControl(2), 1);
  readonly loop: WorkerLoop;
  nowMs = 1000;
  next: Judgement | null = null;
  private readonly registry = new SlotRegistry(CAPACITY);
  private readonly counters = createCounters(workerCountersShape(CAPACITY));
  private readonly cache = this.packets.cacheOf(0);
  private readonly producer: RingProducer;
  private readonly reader = new CounterReader(this.counters, this.control);

  constructor(ruleSet: RuleSet = RULES, transmitter: Transmitter = new NoTransmitter()) {
    const ring = createRing(128);
    this.producer = new RingProducer(ring);
    Atomics.store(this.control, CONTROL_TABLE_GENERATION, 1);
    this.loop = new WorkerLoop(
      { idle: 'spin' },
      {
        ring: new RingConsumer(ring),
        pool: this.packets,
        cache: this.packets.cacheOf(1),
        hand: this.packets.handOf(1),
        banks: new CounterBanks(this.counters, this.control),
        control: this.control,
        clock: { nowMs: () => this.nowMs, unixMs: () => 1_700_000_000_000 + this.nowMs },
        transmitter,
        judgement: this.judgement(ruleSet, 1),
        nextJudgement: () => {
          const { next } = this;
          this.next = null;
          return next;
        },
      },
    );
  }

  judgement(ruleSet: RuleSet, generation: number): Judgement {
    const plan = this.registry.plan(ruleSet);
    this.registry.adopt(ruleSet, plan);
    const table = new RuleTable(buildRuleTable(ruleSet, plan.slots, ['test'], generation));
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
      this.packets.describe(
        index,
        frame.length,
        frame.length,
        LINK_ETHERNET,
        0,
        microseconds(this.nowMs),
        false,
      );
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

t.test('a packet is counted once, in the slot of its outcome, with its bytes and its time', async (t) => {
  const bench = new WorkerBench();
  bench.send(TELNET, DNS, DNS, OTHER, ethernet({ payload: arp() }), TELNET.subarray(0, 9));
  t.equal(bench.loop.runBurst(), 6);
  const { slot, levels, totals } = bench.published();
  const at = 1_700_000_001_000;
  t.same(slot(bench.slotOf('telnet')), [1, TELNET.length, at]);
  t.same(slot(bench.slotOf('dns')), [2, 2 * DNS.length, at]);
  t.same(slot(bench.slotOf('out')), [0, 0, 0]);
  t.same(slot(FIRST_UNMATCHED_SLOT), [1, OTHER.length, at]);
  t.equal(slot(unclassifiedSlot('arp'))[0], 1);
  t.same(slot(malformedSlot('ethernet_short')).slice(0, SLOT_LAST_MS), [1, 9]);
  t.equal(slot(bench.slotOf('dns'))[SLOT_BYTES], 2 * DNS.length);
  t.equal(levels[WORKER_LEVELS.readCursor], 6, 'the cursor is published with the counters');
  t.equal(totals[WORKER_TOTALS.bursts], 1);
});

t.test('every buffer comes back, whatever the outcome', async (t) => {
  const bench = new WorkerBench();
  const frames = [TELNET, DNS, HTTPS, OTHER, ethernet({ payload: arp() }), new Uint8Array(3)];
  bench.send(...frames, ...frames, ...frames);
  t.equal(bench.packets.audit().heldCount, 18);
  while (bench.loop.runBurst() > 0);
  t.equal(bench.packets.audit().heldCount, 0);
});

t.test('a burst is 32 packets at most, and none is taken from an empty ring', async (t) => {
  const bench = new WorkerBench();
  bench.send(...Array.from({ length: 40 }, () => DNS));
  t.same([bench.loop.runBurst(), bench.loop.runBurst(), bench.loop.runBurst()], [32, 8, 0]);
});

t.test('a forward verdict without a transmitter is a counted failure', async (t) => {
  const bench = new WorkerBench();
  bench.send(HTTPS, DNS);
  bench.loop.runBurst();
  const { slot, totals } = bench.published();
  t.equal(slot(bench.slotOf('out'))[0], 1, 'the rule has matched all the same');
  const reason = TRANSMIT_FAILURES.indexOf('no_transmitter');
  t.equal(totals[WORKER_TOTALS.firstTransmitFailure + reason], 1);
});

t.test('a transmitter gets forward verdicts only, and may flush before the buffers go', async (t) => {
  const calls: string[] = [];
  const transmitter: Transmitter = {
    queue: (index, outInterface) => {
      calls.push(`queue ${index} ${outInterface}`);
      return QUEUED;
    },
    flush: () => calls.push(`flush with ${bench.packets.audit().heldCount} held`),
  };
  const bench = new WorkerBench(RULES, transmitter);
  bench.send(DNS, HTTPS, TELNET);
  bench.loop.runBurst();
  t.equal(calls.length, 2);
  t.match(calls[0], /^queue \d+ -1$/);
  t.equal(calls[1], 'flush with 3 held');
  t.equal(bench.packets.audit().heldCount, 0);
});

t.test('anomalies are counted beside the outcome', async (t) => {
  const bench = new WorkerBench();
  const fragments = ipv4Fragments({ payload: udp({ dstPort: 53, payload: new Uint8Array(64) }) }, 32);
  bench.send(...fragments.map((payload) => ethernet({ payload })));
  bench.loop.runBurst();
  const { totals, slot } = bench.published();
  t.equal(totals[WORKER_TOTALS.firstAnomaly], fragments.length, 'fragment');
  t.equal(slot(bench.slotOf('dns'))[0], 1, 'only the first fragment has ports');
  t.equal(slot(FIRST_UNMATCHED_SLOT)[0], fragments.length - 1);
});

t.test('new rules take effect between two bursts, and not before', async (t) => {
  const bench = new WorkerBench();
  const dropAll = rules('default_action: drop\nrules: []');
  bench.send(OTHER);
  bench.loop.runBurst();
  bench.next = bench.judgement(dropAll, 2);
  Atomics.store(bench.control, CONTROL_TABLE_GENERATION, 2);
  bench.send(OTHER);
  bench.loop.runBurst();
  t.equal(bench.published().slot(FIRST_UNMATCHED_SLOT)[0], 2, 'still the old rules');
  t.equal(Atomics.load(bench.control, CONTROL_GENERATION_IN_USE), 2, 'published after the change-over');
  bench.send(OTHER);
  bench.loop.runBurst();
  t.same(
    [FIRST_UNMATCHED_SLOT, FIRST_UNMATCHED_SLOT + 1].map((slot) => bench.published().slot(slot)[0]),
    [2, 1],
  );
});

t.test('latency is the time from reception to the end of the burst', async (t) => {
  const bench = new WorkerBench();
  bench.send(DNS, DNS);
  bench.nowMs += 2;
  bench.send(DNS);
  bench.nowMs += 1;
  bench.loop.runBurst();
  const { totals } = bench.published();
  t.equal(totals[WORKER_TOTALS.latencySumUs], 3000 + 3000 + 1000);
});

t.test('told to stop, the loop empties its ring, publishes and ends', async (t) => {
  const bench = new WorkerBench();
  bench.send(...Array.from({ length: 70 }, () => DNS));
  Atomics.store(bench.control, CONTROL_COMMAND, COMMAND_STOP);
  bench.loop.run();
  t.equal(Atomics.load(bench.control, CONTROL_STATE), STATE_STOPPED);
  const { slot, levels } = bench.published();
  t.equal(slot(bench.slotOf('dns'))[0], 70);
  t.equal(levels[WORKER_LEVELS.readCursor], 70);
});
