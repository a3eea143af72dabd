import fc from 'fast-check';
import t from 'tap';
import { NO_TIMESTAMP_MS } from '../../src/source/capture/record-reader.js';
import { createPacer, type Pacer } from '../../src/source/pacer.js';

/** How many packets without a timestamp the pacer admits at one moment. */
function admittedAt(pacer: Pacer, nowMs: number): number {
  let count = 0;
  while (count < 100_000 && pacer.admit(NO_TIMESTAMP_MS, nowMs)) count++;
  return count;
}

t.test('max admits everything at once', async (t) => {
  const pacer = createPacer({ kind: 'max' });
  pacer.startFile();
  t.equal(pacer.admit(0, 5), true);
  t.equal(pacer.admit(1e12, 5), true);
  t.equal(pacer.waitMs(5), 0);
});

t.test('realtime keeps the distances of the timestamps from the first packet on', async (t) => {
  const pacer = createPacer({ kind: 'realtime' });
  const steps = [
    { timestampMs: 1_000_000, nowMs: 500, admitted: true, waitMs: 0 },
    { timestampMs: 1_000_010, nowMs: 500, admitted: false, waitMs: 10 },
    { timestampMs: 1_000_010, nowMs: 507.5, admitted: false, waitMs: 2.5 },
    { timestampMs: 1_000_010, nowMs: 510, admitted: true, waitMs: 0 },
    // Backwards, against the packet before it and then against the first: due at once.
    { timestampMs: 1_000_005, nowMs: 510, admitted: true, waitMs: 0 },
    { timestampMs: 999_000, nowMs: 510, admitted: true, waitMs: 0 },
    // Then the old base goes on.
    { timestampMs: 1_000_020, nowMs: 510, admitted: false, waitMs: 10 },
    { timestampMs: 1_000_020, nowMs: 600, admitted: true, waitMs: 0 },
    // A caller that came late catches up: this one was due at 530.
    { timestampMs: 1_000_030, nowMs: 600, admitted: true, waitMs: 0 },
    // A gap of an hour is an hour.
    { timestampMs: 4_600_000, nowMs: 600, admitted: false, waitMs: 3_600_000 - 100 },
  ];
  pacer.startFile();
  for (const { timestampMs, nowMs, admitted, waitMs } of steps) {
    t.equal(pacer.admit(timestampMs, nowMs), admitted, `${timestampMs} at ${nowMs}`);
    t.equal(pacer.waitMs(nowMs), waitMs, `wait after ${timestampMs} at ${nowMs}`);
  }
});

t.test('realtime gives each file a time base of its own, right after the one before', async (t) => {
  const pacer = createPacer({ kind: 'realtime' });
  pacer.startFile();
  t.equal(pacer.admit(7_000, 100), true);
  pacer.startFile();
  t.equal(pacer.admit(9_000_000, 100), true, 'a later file does not wait for its date');
  t.equal(pacer.admit(9_000_001, 100), false);
  pacer.startFile();
  t.equal(pacer.admit(3, 100), true, 'nor does an earlier one rush');
  t.equal(pacer.admit(5, 101), false);
  t.equal(pacer.admit(5, 102), true);
});

t.test('realtime lets packets without a time pass, and takes no base from them', async (t) => {
  const pacer = createPacer({ kind: 'realtime' });
  pacer.startFile();
  t.equal(pacer.admit(NO_TIMESTAMP_MS, 10), true);
  t.equal(pacer.admit(1_700_000_000_000, 20), true);
  t.equal(pacer.admit(NO_TIMESTAMP_MS, 20), true);
  t.equal(pacer.admit(1_700_000_000_001, 20), false);
  t.equal(pacer.waitMs(20), 1);
});

t.test('a rate admits the first packet at once and then one each interval', async (t) => {
  const pacer = createPacer({ kind: 'rate', packetsPerSecond: 100 });
  for (const { nowMs, count } of [
    { nowMs: 1000, count: 1 },
    { nowMs: 1009, count: 0 },
    { nowMs: 1010, count: 1 },
    { nowMs: 1039, count: 2 },
    { nowMs: 1040, count: 1 },
  ]) {
    t.equal(admittedAt(pacer, nowMs), count, `at ${nowMs}`);
  }
  t.equal(pacer.waitMs(1040), 10);
  t.equal(pacer.waitMs(1060), 0);
});

t.test('a rate makes up for a delay of 100 ms and no more', async (t) => {
  for (const { delayMs, count } of [
    { delayMs: 50, count: 50 },
    { delayMs: 100, count: 100 },
    { delayMs: 101, count: 101 },
    { delayMs: 60_000, count: 101 },
  ]) {
    const pacer = createPacer({ kind: 'rate', packetsPerSecond: 1000 });
    t.equal(admittedAt(pacer, 0), 1);
    t.equal(admittedAt(pacer, delayMs), count, `after ${delayMs} ms`);
    t.equal(admittedAt(pacer, delayMs), 0);
    t.equal(admittedAt(pacer, delayMs + 1), 1, 'the rate goes on afterwards');
  }
});

t.test('a rate goes on evenly over files', async (t) => {
  const pacer = createPacer({ kind: 'rate', packetsPerSecond: 10 });
  pacer.startFile();
  t.equal(pacer.admit(5, 0), true);
  pacer.startFile();
  t.equal(pacer.admit(5, 99), false);
  t.equal(pacer.admit(5, 100), true);
});

t.test('a rate is kept exactly however the clock is looked at', async () => {
  const property = fc.property(
    fc.double({ min: 0.5, max: 1e6, noNaN: true }),
    fc.array(fc.double({ min: 0, max: 99, noNaN: true }), { maxLength: 50 }),
    (packetsPerSecond, stepsMs) => {
      const pacer = createPacer({ kind: 'rate', packetsPerSecond });
      let nowMs = 12_345;
      let count = 0;
      for (const stepMs of [0, ...stepsMs.map((step) => Math.min(step, 1e7 / packetsPerSecond))]) {
        nowMs += stepMs;
        count += admittedAt(pacer, nowMs);
      }
      const expected = ((nowMs - 12_345) * packetsPerSecond) / 1000 + 1;
      return count <= expected + 1e-3 && count >= expected - 1 - 1e-3;
    },
  );
  fc.assert(property, { numRuns: 30 });
});
