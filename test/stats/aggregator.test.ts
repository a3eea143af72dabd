import t from 'tap';
import {
  ANOMALY_KINDS,
  FIRST_RULE_SLOT,
  FIRST_UNMATCHED_SLOT,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_LAST_MS,
  SLOT_PACKETS,
  TRANSMIT_FAILURES,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import { CONTROL_STATE, controlOf, STATE_STARTING } from '../../src/memory/control-layout.js';
import { Aggregator } from '../../src/stats/aggregator.js';
import { DataplaneStandIn } from './dataplane-stand-in.js';
import { ALL_SLOTS, ClockStandIn } from './engine-stand-in.js';

const SLOT = FIRST_RULE_SLOT;

function start(t: { teardown(clean: () => void): unknown }, workerCount = 2) {
  const dataplane = new DataplaneStandIn(['eth0', 'eth1'], workerCount);
  t.teardown(() => dataplane.stop());
  const clock = new ClockStandIn();
  return { dataplane, clock, aggregator: new Aggregator(dataplane.config, clock) };
}

function slotOf({ totals }: Aggregator, slot: number) {
  const cell = slot * SLOT_CELLS;
  return {
    packets: totals.slots[cell + SLOT_PACKETS],
    bytes: totals.slots[cell + SLOT_BYTES],
    lastMs: totals.slots[cell + SLOT_LAST_MS],
  };
}

function flowOf({ totals }: Aggregator) {
  const { received, enqueued, processed, inFlight, identity } = totals;
  return { received, enqueued, processed, inFlight, violations: identity.violations };
}

t.test('before the first pass all totals are 0 and nothing is claimed', async (t) => {
  const { aggregator } = start(t);
  t.equal(aggregator.totals.atMs, 0);
  t.equal(aggregator.passCount, 0);
  t.same(flowOf(aggregator), { received: 0, enqueued: 0, processed: 0, inFlight: 0, violations: [] });
});

t.test('outcomes are summed over the workers, the last match is the latest', async (t) => {
  const { dataplane, clock, aggregator } = start(t);
  const [first, second] = dataplane.workers;
  for (const worker of [0, 0, 1]) dataplane.rx.enqueue(0, worker, 100);
  first.process(SLOT, 100, 7000);
  first.process(FIRST_UNMATCHED_SLOT, 60, 7001);
  second.process(SLOT, 1500, 6000);
  clock.ms = 123_456;
  t.equal(await aggregator.pass(ALL_SLOTS), true);
  t.same(slotOf(aggregator, SLOT), { packets: 2, bytes: 1600, lastMs: 7000 });
  t.same(slotOf(aggregator, FIRST_UNMATCHED_SLOT), { packets: 1, bytes: 60, lastMs: 7001 });
  t.same(flowOf(aggregator), { received: 3, enqueued: 3, processed: 3, inFlight: 0, violations: [] });
  t.equal(aggregator.totals.atMs, 123_456);
  t.equal(aggregator.passCount, 1);
});

t.test(
  'the other numbers of workers and interfaces are summed or kept apart as they should be',
  async (t) => {
    const { dataplane, aggregator } = start(t);
    const { rx, workers } = dataplane;
    rx.enqueue(0, 0, 100);
    rx.enqueue(1, 1, 200);
    rx.drop(0, 'pool_exhausted', 50);
    rx.drop(1, 'ring_full', 70);
    rx.drop(1, 'ring_full', 80);
    rx.loseInKernel(0, 13);
    rx.loseInKernel(0, 1);
    rx.loseInKernel(1, 15);
    rx.addBusyMs(1500);
    rx.heapBytes = 11;
    rx.bytesRead = 12;
    workers.forEach((worker, i) => {
      worker.addTotal(WORKER_TOTALS.firstAnomaly + ANOMALY_KINDS.length - 1, 1 + i);
      worker.send(0, 1000 + i);
      worker.send(1, 60);
      worker.failToSend(i, 'queue_full');
      worker.failToSend(1, 'error');
      worker.latency.add(2_000_000, 5 + i);
      worker.heapBytes = 100 + i;
      dataplane.work(i, 20 + i, 250 + i);
    });
    await aggregator.pass(ALL_SLOTS);
    const { totals } = aggregator;
    t.same(
      totals.interfaces.map((own) => ({ ...own, dropped: [...own.dropped], failed: [...own.failed] })),
      [
        {
          ...{ name: 'eth0', packets: 2, bytes: 150, dropped: [1, 0], kernelDropped: 14 },
          ...{ sentPackets: 2, sentBytes: 2001, failed: [0, 1, 0, 0, 0] },
        },
        {
          ...{ name: 'eth1', packets: 3, bytes: 350, dropped: [0, 2], kernelDropped: 15 },
          ...{ sentPackets: 2, sentBytes: 120, failed: [0, 1, 0, 0, 2] },
        },
      ],
    );
    t.same(flowOf(aggregator), { received: 5, enqueued: 2, processed: 0, inFlight: 2, violations: [] });
    t.same(totals.workers, [
      { packets: 0, lost: 0, bursts: 20, busySeconds: 0.25, heapBytes: 100 },
      { packets: 0, lost: 0, bursts: 21, busySeconds: 0.251, heapBytes: 101 },
    ]);
    t.equal(totals.anomalies.at(-1), 3);
    t.equal(totals.transmitOrders, 8);
    t.equal(totals.latencyBuckets.at(-1), 11);
    t.equal(totals.latencySumSeconds, 22);
    t.same([totals.rxBusySeconds, totals.rxHeapBytes, totals.sourceBytesRead], [1.5, 11, 12]);
  },
);

t.test('a second pass gives the state of then, not the sum of both', async (t) => {
  const { dataplane, aggregator } = start(t);
  for (const expected of [1, 2, 3, 4]) {
    dataplane.pass(expected % 2, SLOT);
    t.equal(await aggregator.pass(ALL_SLOTS), true);
    t.same(slotOf(aggregator, SLOT), { packets: expected, bytes: 100 * expected, lastMs: 1000 });
    t.same(flowOf(aggregator).violations, []);
  }
  t.equal(aggregator.passCount, 4);
  t.equal(aggregator.violationCount, 0);
});

t.test('a worker that does not answer keeps its last numbers, and the identity still holds', async (t) => {
  const { dataplane, aggregator } = start(t);
  dataplane.pass(0, SLOT, 2);
  dataplane.pass(1, SLOT, 3);
  await aggregator.pass(ALL_SLOTS);
  dataplane.workers[1].answers = false;
  dataplane.pass(0, SLOT, 10);
  dataplane.pass(1, SLOT, 20);
  t.equal(await aggregator.pass(ALL_SLOTS), false, 'not all numbers are of this pass');
  t.same(flowOf(aggregator), { received: 35, enqueued: 35, processed: 15, inFlight: 20, violations: [] });
  t.same(
    aggregator.totals.workers.map(({ packets }) => packets),
    [12, 3],
  );
  dataplane.workers[1].answers = true;
  t.equal(await aggregator.pass(ALL_SLOTS), true);
  t.same(flowOf(aggregator), { received: 35, enqueued: 35, processed: 35, inFlight: 0, violations: [] });
});

t.test('a worker that answers only after rx has answered counts in the next pass', async (t) => {
  const { dataplane, aggregator } = start(t);
  await aggregator.pass(ALL_SLOTS);
  dataplane.workers[1].answers = false;
  dataplane.rx.afterAnswer = () => {
    dataplane.rx.afterAnswer = () => {};
    // A packet that rx has not published yet comes through, and the worker answers late.
    dataplane.pass(1, SLOT);
    dataplane.workers[1].answerIfAsked();
  };
  await aggregator.pass(ALL_SLOTS);
  t.same(flowOf(aggregator), { received: 0, enqueued: 0, processed: 0, inFlight: 0, violations: [] });
  dataplane.workers[1].answers = true;
  await aggregator.pass(ALL_SLOTS);
  t.same(flowOf(aggregator), { received: 1, enqueued: 1, processed: 1, inFlight: 0, violations: [] });
});

t.test('rx that does not answer leaves all totals as they were', async (t) => {
  const { dataplane, clock, aggregator } = start(t);
  dataplane.pass(0, SLOT, 2);
  await aggregator.pass(ALL_SLOTS);
  const before = { ...flowOf(aggregator), slot: slotOf(aggregator, SLOT), atMs: aggregator.totals.atMs };
  dataplane.rx.answers = false;
  for (let pass = 0; pass < 2; pass++) {
    dataplane.pass(0, SLOT, 5);
    dataplane.pass(1, SLOT, 5);
    clock.ms += 1000;
    t.equal(await aggregator.pass(ALL_SLOTS), false);
    t.same({ ...flowOf(aggregator), slot: slotOf(aggregator, SLOT), atMs: aggregator.totals.atMs }, before);
  }
  dataplane.rx.answers = true;
  t.equal(await aggregator.pass(ALL_SLOTS), true);
  t.same(flowOf(aggregator), { received: 22, enqueued: 22, processed: 22, inFlight: 0, violations: [] });
});

t.test('two passes at a time are one', async (t) => {
  const { dataplane, aggregator } = start(t);
  dataplane.pass(0, SLOT);
  const results = await Promise.all([aggregator.pass(ALL_SLOTS), aggregator.pass(ALL_SLOTS)]);
  t.same(results, [true, true]);
  t.equal(aggregator.passCount, 1);
  await aggregator.pass(ALL_SLOTS);
  t.equal(aggregator.passCount, 2, 'one after it is another one');
});

t.test('it rests when the pass that is under way has ended', async (t) => {
  const { aggregator } = start(t);
  await aggregator.rest();
  t.equal(aggregator.passCount, 0);
  const passes = [aggregator.pass(ALL_SLOTS), aggregator.rest().then(() => aggregator.passCount)];
  t.same(await Promise.all(passes), [true, 1]);
});

t.test('threads that have ended are read to their last packet, and cost no waiting', async (t) => {
  const { dataplane, aggregator } = start(t);
  await aggregator.pass(ALL_SLOTS);
  dataplane.pass(0, SLOT, 4);
  const [worker] = dataplane.workers;
  worker.answers = false;
  worker.setLevels();
  worker.banks.close();
  t.equal(await aggregator.pass(ALL_SLOTS), true);
  t.same(flowOf(aggregator), { received: 4, enqueued: 4, processed: 4, inFlight: 0, violations: [] });
  t.equal(await aggregator.pass(ALL_SLOTS), true);
  t.equal(flowOf(aggregator).processed, 4);
});

t.test('a thread that ends during a pass is read to its last packet, of whatever rule that is', async (t) => {
  const { dataplane, aggregator } = start(t);
  const [worker] = dataplane.workers;
  const slotsBefore = SLOT;
  worker.answers = false;
  const passing = aggregator.pass(slotsBefore);
  // The rule of this slot is younger than the pass.
  dataplane.pass(0, SLOT, 4);
  worker.setLevels();
  worker.banks.close();
  await passing;
  t.same(flowOf(aggregator), { received: 4, enqueued: 4, processed: 4, inFlight: 0, violations: [] });
  t.equal(slotOf(aggregator, SLOT).packets, 4);
});

t.test('what rx sends for a worker counts with what workers send', async (t) => {
  const { dataplane, aggregator } = start(t);
  const { rx, workers } = dataplane;
  workers[0].send(1, 100);
  workers[1].order(3);
  rx.transmit.countSent(1, 50);
  rx.transmit.countSent(0, 60);
  rx.transmit.countFailed(0, TRANSMIT_FAILURES.indexOf('queue_full'));
  for (let pass = 0; pass < 3; pass++) await aggregator.pass(ALL_SLOTS);
  const { totals } = aggregator;
  t.same(
    totals.interfaces.map(({ sentPackets, sentBytes, failed }) => [sentPackets, sentBytes, [...failed]]),
    [
      [1, 60, [0, 1, 0, 0, 0]],
      [2, 150, [0, 0, 0, 0, 0]],
    ],
  );
  t.equal(totals.transmitOrders, 4);
  t.same(totals.identity.violations, []);
});

t.test('a frame that was to be sent and of which nothing is known is a violation', async (t) => {
  const { dataplane, aggregator } = start(t);
  dataplane.workers[1].send(0, 100);
  dataplane.workers[1].order(1);
  await aggregator.pass(ALL_SLOTS);
  t.same(flowOf(aggregator).violations, ['frames to be sent and sent + failed + waiting: 2 is not 1']);
});

t.test('a packet that a worker made up is a violation, counted once a pass', async (t) => {
  const { dataplane, aggregator } = start(t);
  dataplane.pass(0, SLOT, 2);
  dataplane.workers[1].process(SLOT, 100, 1000);
  await aggregator.pass(ALL_SLOTS);
  t.equal(aggregator.totals.identity.holds, false);
  t.same(flowOf(aggregator).violations, ['worker 1: processed or lost 1 of 0 enqueued']);
  await aggregator.pass(ALL_SLOTS);
  t.same([aggregator.violationCount, aggregator.passCount], [2, 2]);
});

t.test('before rx has begun a pass does not wait for it, and all is zero', async (t) => {
  const { dataplane, clock, aggregator } = start(t, 1);
  dataplane.rx.answers = false;
  Atomics.store(controlOf(dataplane.config.control, 0), CONTROL_STATE, STATE_STARTING);
  clock.ms = 1234;
  await aggregator.pass(ALL_SLOTS);
  t.equal(aggregator.totals.atMs, 1234, 'it counts as a pass');
  t.same(flowOf(aggregator), { received: 0, enqueued: 0, processed: 0, inFlight: 0, violations: [] });
});
