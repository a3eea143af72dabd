import t from 'tap';
import {
  FIRST_UNMATCHED_SLOT,
  malformedSlot,
  SLOT_BYTES,
  SLOT_LAST_MS,
  SLOT_PACKETS,
  unclassifiedSlot,
  WORKER_LEVELS,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_GENERATION_IN_USE,
  CONTROL_STATE,
  CONTROL_TABLE_GENERATION,
  STATE_STOPPED,
} from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { ethernet, ipv4Fragments, udp } from '../fixtures/frames.js';
import { rules } from '../support/engine-fixture.js';
import { ARP, DNS, HTTPS, MALFORMED, RULES, TELNET, UNMATCHED, WorkerBench } from './worker-bench.js';

t.test('a packet is counted once, in the slot of its outcome, with its bytes and its time', async (t) => {
  const bench = new WorkerBench();
  bench.send(TELNET, DNS, DNS, UNMATCHED, ARP, MALFORMED);
  t.equal(bench.loop.runHand(), 6);
  const { slot, levels, totals } = bench.published();
  const at = 1_700_000_001_000;
  t.same(slot(bench.slotOf('telnet')), [1, TELNET.length, at]);
  t.same(slot(bench.slotOf('dns')), [2, 2 * DNS.length, at]);
  t.same(slot(bench.slotOf('out')), [0, 0, 0]);
  t.same(slot(FIRST_UNMATCHED_SLOT), [1, UNMATCHED.length, at]);
  t.equal(slot(unclassifiedSlot('arp'))[0], 1);
  t.same(slot(malformedSlot('ethernet_short')).slice(0, SLOT_LAST_MS), [1, 9]);
  t.equal(slot(bench.slotOf('dns'))[SLOT_BYTES], 2 * DNS.length);
  t.equal(levels[WORKER_LEVELS.readCursor], 6, 'the cursor is published with the counters');
  t.equal(totals[WORKER_TOTALS.bursts], 1);
});

t.test('every buffer comes back, whatever the outcome', async (t) => {
  const bench = new WorkerBench();
  const frames = [TELNET, DNS, HTTPS, UNMATCHED, ARP, new Uint8Array(3)];
  bench.send(...frames, ...frames, ...frames);
  t.equal(bench.packets.audit().heldCount, 18);
  while (bench.loop.runHand() > 0);
  t.equal(bench.packets.audit().heldCount, 0);
});

t.test('a hand is 128 packets at most, in bursts of 32, and none is taken from an empty ring', async (t) => {
  const bench = new WorkerBench();
  bench.send(...Array.from({ length: 200 }, () => DNS));
  t.same([bench.loop.runHand(), bench.loop.runHand(), bench.loop.runHand()], [128, 72, 0]);
  const { slot, totals } = bench.published();
  t.equal(totals[WORKER_TOTALS.bursts], 7);
  t.equal(slot(bench.slotOf('dns'))[SLOT_PACKETS], 200);
  t.equal(bench.packets.audit().heldCount, 0);
});

t.test('anomalies are counted beside the outcome', async (t) => {
  const bench = new WorkerBench();
  const fragments = ipv4Fragments({ payload: udp({ dstPort: 53, payload: new Uint8Array(64) }) }, 32);
  bench.send(...fragments.map((payload) => ethernet({ payload })));
  bench.loop.runHand();
  const { totals, slot } = bench.published();
  t.equal(totals[WORKER_TOTALS.firstAnomaly], fragments.length, 'fragment');
  t.equal(slot(bench.slotOf('dns'))[0], 1, 'only the first fragment has ports');
  t.equal(slot(FIRST_UNMATCHED_SLOT)[0], fragments.length - 1);
});

t.test('new rules take effect between two hands, and not before', async (t) => {
  const bench = new WorkerBench();
  const dropAll = rules('default_action: drop\nrules: []');
  bench.send(UNMATCHED);
  bench.loop.runHand();
  bench.next = bench.judgement(dropAll, 2);
  Atomics.store(bench.control, CONTROL_TABLE_GENERATION, 2);
  bench.send(UNMATCHED);
  bench.loop.runHand();
  t.equal(bench.published().slot(FIRST_UNMATCHED_SLOT)[0], 2, 'still the old rules');
  t.equal(Atomics.load(bench.control, CONTROL_GENERATION_IN_USE), 2, 'published after the change-over');
  bench.send(UNMATCHED);
  bench.loop.runHand();
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
  bench.loop.runHand();
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

t.test('while rx waits in the kernel, a worker without packets parks at once', async (t) => {
  let looks = 0;
  const rxDoorbell = new Doorbell(new Int32Array(new SharedArrayBuffer(8)), 0);
  rxDoorbell.isPolling = () => {
    if (++looks === 2) Atomics.store(bench.control, CONTROL_COMMAND, COMMAND_STOP);
    return true;
  };
  const config = { idle: 'park', idleSpins: Number.MAX_SAFE_INTEGER } as const;
  const bench = new WorkerBench(RULES, { config, rxDoorbell });
  const beganMs = performance.now();
  bench.loop.run();
  // Nobody has rung: it has slept as long as it does then.
  t.ok(performance.now() - beganMs > 900);
});
