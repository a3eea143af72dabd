import t from 'tap';
import { FIRST_RULE_SLOT, FIRST_UNMATCHED_SLOT, malformedSlot } from '../../src/counters/catalogue.js';
import { Packet } from '../../src/protocol/packet.js';
import {
  createSampleRing,
  LOSS_BYTES,
  LOSS_BYTES_VARIANCE,
  LOSS_PACKETS,
  LOSS_PACKETS_VARIANCE,
  LOSS_SAMPLES,
  RECORD_INTERVAL,
  RECORD_LOSS,
  RECORD_LOSS_CELL,
  RECORD_SLOT,
  RECORD_WIRE_BYTES,
  RECORD_WORDS,
  type SampleRingMemory,
} from '../../src/ring/sample-ring-layout.js';
import { SampleRingReader } from '../../src/ring/sample-ring-reader.js';
import type * as samplerModule from '../../src/worker/flow-sampler.js';
import { FlowSampler } from '../../src/worker/flow-sampler.js';
import { Random } from '../protocol/random.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { Death, mortalCode } from './mortal-code.js';

const SEED = Number(process.env.TEST_SEED ?? Random.newSeed());
const SLOT = FIRST_RULE_SLOT;
const BURST = 32;
t.comment(`TEST_SEED=${SEED}`);

function packetOf(fields: Partial<Packet>): Packet {
  return Object.assign(new Packet(), fields);
}

const PACKET = packetOf({ ipVersion: 4, protocol: 6, src0: 1, dst0: 2, srcPort: 3, dstPort: 4 });

/** The records in a ring, and what their losses stood for. */
function drained(memory: SampleRingMemory, reader = new SampleRingReader(memory)) {
  const records: number[][] = [];
  const losses: number[][] = [];
  reader.drain({
    take: (words, word) => {
      if (words[word + RECORD_SLOT] === RECORD_LOSS) {
        const cells = new Float64Array(words.buffer, word * 4 + RECORD_LOSS_CELL * 8, 5);
        losses.push([...cells]);
      } else records.push([...words.subarray(word, word + RECORD_WORDS)]);
    },
  });
  return { records, losses };
}

/** Has packets judged in bursts, as the worker does. Each packet's length is its number, from 1. */
function judge(sampler: FlowSampler, packets: number, first = 1, burst = BURST): void {
  for (let done = 0; done < packets; done += burst) {
    const count = Math.min(burst, packets - done);
    sampler.beginBurst();
    for (let i = 0; i < count; i++) {
      if (i === sampler.next[0]) sampler.take(i, PACKET, SLOT, first + done + i);
    }
    sampler.endBurst(count);
  }
}

t.test('at interval 1 every judged packet is a record, whole', (t) => {
  const memory = createSampleRing(64);
  const sampler = new FlowSampler(memory, SEED);
  const left = { src1: 71, src2: 72, src3: 73, dst1: 81, dst2: 82, dst3: 83 };
  const cases = [
    [packetOf({ ...left, ipVersion: 4, protocol: 6, src0: -7, dst0: 8, srcPort: 9, dstPort: 0 }), SLOT, 60],
    [packetOf({ ...left, ipVersion: 6, protocol: 58, src0: 70, dst0: 80 }), FIRST_UNMATCHED_SLOT, 1500],
    [packetOf({}), malformedSlot('ipv4_version'), 60],
    [packetOf({}), FIRST_UNMATCHED_SLOT - 1, 60],
  ] as const;
  sampler.beginBurst();
  cases.forEach(([packet, slot, bytes], i) => {
    t.equal(sampler.next[0], i);
    sampler.take(i, packet, slot, bytes);
  });
  t.strictSame(drained(memory).records, [
    [SLOT, 1, 60, 6, 9, 0, 4, -7, 0, 0, 0, 4, 8, 0, 0, 0],
    [FIRST_UNMATCHED_SLOT, 1, 1500, 58, -1, -1, 6, 70, 71, 72, 73, 6, 80, 81, 82, 83],
  ]);
  t.end();
});

t.test('each packet is taken with the same probability, wherever it is, whatever the bursts are', (t) => {
  const packets = 200_000;
  for (const interval of [2, 3, 32, 100]) {
    for (const burst of [1, 7, 32]) {
      const memory = createSampleRing(2 ** 18);
      const reader = new SampleRingReader(memory);
      reader.interval = interval;
      judge(new FlowSampler(memory, SEED + interval * 100 + burst), packets, 1, burst);
      const { records } = drained(memory, reader);
      const bytes = records.map((record) => record[RECORD_WIRE_BYTES]);
      t.ok(records.every((record) => record[RECORD_INTERVAL] === interval));
      t.ok(
        bytes.every((own, i) => i === 0 || own > bytes[i - 1]),
        'in their order, none twice',
      );
      // Five standard deviations of a binomial distribution.
      const near = (found: number, of: number, what: string) => {
        const deviation = Math.sqrt((of * (1 - 1 / interval)) / interval);
        t.ok(Math.abs(found - of / interval) < 5 * deviation, `${what}: ${found} of ${of}, 1 in ${interval}`);
      };
      near(records.length, packets, 'all');
      // A rhythm as long as the interval, and one as long as the burst.
      near(bytes.filter((own) => own % interval === 0).length, packets / interval, 'every interval');
      near(bytes.filter((own) => own % BURST === 1).length, packets / BURST, 'the first of 32');
      const next = bytes.filter((own, i) => i > 0 && own === bytes[i - 1] + 1).length;
      near(next, records.length, 'one right behind another');
    }
  }
  t.end();
});

t.test('another interval counts from the next burst on, however long the gap was', (t) => {
  const memory = createSampleRing(4096);
  const reader = new SampleRingReader(memory);
  const sampler = new FlowSampler(memory, SEED);
  reader.interval = 2 ** 26;
  judge(sampler, 3200);
  t.ok(drained(memory, reader).records.length <= 1, 'one packet in 67 million');
  reader.interval = 1;
  judge(sampler, 320);
  t.equal(drained(memory, reader).records.length, 320);
  t.end();
});

t.test('a ring that fills makes the interval longer, and the estimate stays right', (t) => {
  const packets = 400_000;
  let estimates = 0;
  let variances = 0;
  for (let round = 0; round < 20; round++) {
    const memory = createSampleRing(2048);
    judge(new FlowSampler(memory, SEED + round), packets);
    const { records, losses } = drained(memory);
    t.equal(losses.length, 0, 'nothing is lost');
    const intervals = records.map((record) => record[RECORD_INTERVAL]);
    t.ok(
      intervals.slice(0, 1024).every((interval) => interval === 1),
      'up to its half, each packet',
    );
    t.ok(new Set(intervals).size > 3, `intervals ${[...new Set(intervals)].join(', ')}`);
    estimates += intervals.reduce((sum, interval) => sum + interval, 0);
    variances += intervals.reduce((sum, interval) => sum + interval * (interval - 1), 0);
  }
  const error = Math.abs(estimates - 20 * packets);
  t.ok(error < 5 * Math.sqrt(variances), `${estimates} of ${20 * packets}, ${error} off`);
  t.end();
});

t.test('when the ring has been emptied, the brake is off at once', (t) => {
  const memory = createSampleRing(64);
  const reader = new SampleRingReader(memory);
  const sampler = new FlowSampler(memory, SEED);
  judge(sampler, 100_000);
  drained(memory, reader);
  judge(sampler, 32);
  t.equal(drained(memory, reader).records.length, 32);
  t.end();
});

t.test('what finds no room is told before the next sample', (t) => {
  const memory = createSampleRing(2);
  const reader = new SampleRingReader(memory);
  const sampler = new FlowSampler(memory, SEED);
  sampler.beginBurst();
  // Two fit, and two more are lost at the interval of a full ring.
  for (let i = 0; i < 4; i++) sampler.take(i, PACKET, SLOT, 100);
  const interval = 16 ** 4;
  t.equal(drained(memory, reader).records.length, 2);
  sampler.take(4, PACKET, SLOT, 100);
  const { records, losses } = drained(memory, reader);
  t.equal(records.length, 1);
  const expected: number[] = [];
  expected[LOSS_SAMPLES] = 2;
  expected[LOSS_PACKETS] = 2 * interval;
  expected[LOSS_BYTES] = 200 * interval;
  expected[LOSS_PACKETS_VARIANCE] = 2 * interval * (interval - 1);
  expected[LOSS_BYTES_VARIANCE] = 2 * interval * (interval - 1) * 100 * 100;
  t.strictSame(losses, [expected]);
  sampler.take(5, PACKET, SLOT, 100);
  t.equal(drained(memory, reader).losses.length, 0, 'once');
  t.end();
});

t.test(
  'a worker may die before any statement: each record is whole, and one sample is gone at most',
  async (t) => {
    const load = mortalCode(temporaryFolder(t));
    const { FlowSampler: Mortal } = await load<typeof samplerModule>('worker/flow-sampler.js');
    const packets = 24;
    let at = 1;
    for (; ; at++) {
      const memory = createSampleRing(8);
      const reader = new SampleRingReader(memory);
      let left = at;
      globalThis.beforeStatement = () => {
        if (--left === 0) throw new Death();
      };
      let found = 0;
      let lostSamples = 0;
      let judged = 0;
      const readAll = () => {
        const { records, losses } = drained(memory, reader);
        for (const record of records) {
          found++;
          if (record[RECORD_SLOT] !== SLOT || record[4] !== 3 || record[12] !== 2) t.fail(`torn: ${record}`);
        }
        for (const loss of losses) lostSamples += loss[LOSS_SAMPLES];
      };
      let sampler: FlowSampler | null = null;
      let deaths = 0;
      while (judged < packets) {
        try {
          sampler ??= new Mortal(memory, SEED);
          // One packet a burst, all of which the ring is made to lose some of; interval 1 where it is not full.
          sampler.beginBurst();
          judged++;
          if (sampler.next[0] === 0) sampler.take(0, PACKET, SLOT, 60);
          sampler.endBurst(1);
        } catch (error) {
          if (!(error instanceof Death)) throw error;
          deaths++;
          sampler = null;
        }
        if (judged % 4 === 0) readAll();
      }
      globalThis.beforeStatement = () => undefined;
      readAll();
      t.ok(found >= packets - 1 && found <= packets, `${found} of ${packets} at ${at}`);
      t.equal(lostSamples, 0);
      if (deaths === 0) break;
    }
    t.ok(at > 500, `${at - 1} statements`);
  },
);
