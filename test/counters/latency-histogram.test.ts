import t from 'tap';
import { LATENCY_BOUNDS_SECONDS, WORKER_TOTALS } from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { createCounters, workerCountersShape } from '../../src/counters/counters-layout.js';
import { LatencyHistogram } from '../../src/counters/latency-histogram.js';
import { controlOf, createControl } from '../../src/memory/control-layout.js';

const BUCKET_COUNT = LATENCY_BOUNDS_SECONDS.length + 1;
const BOUNDS_US = [
  5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
];

function create() {
  const banks = new CounterBanks(createCounters(workerCountersShape(1, 1)), controlOf(createControl(1), 0));
  const total = (index: number) => banks.cells[banks.totals + index];
  return {
    histogram: new LatencyHistogram(banks),
    buckets: () =>
      Array.from({ length: BUCKET_COUNT }, (_, i) => total(WORKER_TOTALS.firstLatencyBucket + i)),
    sumUs: () => total(WORKER_TOTALS.latencySumUs),
    others: () => [WORKER_TOTALS.firstLatencyBucket - 1, WORKER_TOTALS.busyMs].map(total),
  };
}

/** One packet in one bucket. */
function only(bucket: number, packets = 1): number[] {
  return Array.from({ length: BUCKET_COUNT }, (_, i) => (i === bucket ? packets : 0));
}

BOUNDS_US.forEach((boundUs, bucket) => {
  t.test(
    `a latency of ${boundUs} µs belongs to the bucket of that bound, one above to the next`,
    async (t) => {
      for (const [latencyUs, expected] of [
        [boundUs - 1, boundUs - 1 === BOUNDS_US[bucket - 1] ? bucket - 1 : bucket],
        [boundUs, bucket],
        [boundUs + 1, bucket + 1],
      ]) {
        const latency = create();
        latency.histogram.add(latencyUs, 1);
        t.same(latency.buckets(), only(expected), `${latencyUs} µs`);
        t.equal(latency.sumUs(), latencyUs);
      }
    },
  );
});

t.test('no latency at all lies in the first bucket, an hour in the last', async (t) => {
  const latency = create();
  latency.histogram.add(0, 1);
  t.same(latency.buckets(), only(0));
  const hour = create();
  hour.histogram.add(2 ** 31 - 1, 1);
  t.same(hour.buckets(), only(BUCKET_COUNT - 1));
  t.equal(hour.sumUs(), 2 ** 31 - 1);
});

t.test('packets of one moment count together, and the sum is of each of them', async (t) => {
  const latency = create();
  latency.histogram.add(7, 32);
  latency.histogram.add(8, 3);
  latency.histogram.add(2_000_000, 2);
  t.same(
    latency.buckets(),
    only(1, 35).map((packets, i) => (i === BUCKET_COUNT - 1 ? 2 : packets)),
  );
  t.equal(latency.sumUs(), 7 * 32 + 8 * 3 + 4_000_000);
  t.same(latency.others(), [0, 0], 'the cells beside it are untouched');
});

t.test('a sum beyond 32 bits is exact', async (t) => {
  const latency = create();
  for (let i = 0; i < 10; i++) latency.histogram.add(2 ** 31 - 1, 1024);
  t.equal(latency.sumUs(), (2 ** 31 - 1) * 10_240);
});
