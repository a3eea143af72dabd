import t from 'tap';
import {
  RECORD_DESTINATION,
  RECORD_FLOW,
  RECORD_INTERVAL,
  RECORD_SLOT,
  RECORD_SOURCE,
  RECORD_WIRE_BYTES,
  RECORD_WORDS,
} from '../../../src/ring/sample-ring-layout.js';
import { RecordHash } from '../../../src/stats/talkers/record-keys.js';
import { NO_FLOW, SampleBatch } from '../../../src/stats/talkers/sample-batch.js';
import { Random } from '../../protocol/random.js';

const SEED = Number(process.env.TEST_SEED ?? Random.newSeed());
/** Where the record of a test lies. */
const AT = 3;
t.comment(`TEST_SEED=${SEED}`);

/** All keys have one hash: whoever shares a place must not share a count. */
class OneHash extends RecordHash {
  override of(): number {
    return 7;
  }
}

interface Sample {
  readonly slot: number;
  readonly interval: number;
  readonly bytes: number;
  readonly port: number;
  readonly source: number;
}

const words = new Int32Array(AT + RECORD_WORDS);

function add(batch: SampleBatch, { slot, interval, bytes, port, source }: Sample): void {
  words.fill(0);
  words[AT + RECORD_SLOT] = slot;
  words[AT + RECORD_INTERVAL] = interval;
  words[AT + RECORD_WIRE_BYTES] = bytes;
  words.set([17, port, 53], AT + RECORD_FLOW);
  words.set([4, source], AT + RECORD_SOURCE);
  words.set([4, 99], AT + RECORD_DESTINATION);
  batch.add(words, AT);
}

/** What the batch holds of each slot and flow, as text. */
function contents(batch: SampleBatch): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [slot, last] of batch.lastOfSlot) {
    for (let flow = last; flow !== NO_FLOW; flow = batch.before[flow]) {
      const word = flow * RECORD_WORDS;
      const { records, samples, amounts, variances } = batch;
      const key = [slot, records[word + RECORD_FLOW + 1], records[word + RECORD_SOURCE + 1]].join();
      if (found.has(key)) throw new Error(`${key} is there twice`);
      found.set(key, [
        ...[samples[flow], amounts[0][flow], amounts[1][flow]],
        ...[variances[0][flow], variances[1][flow]],
      ]);
    }
  }
  return found;
}

for (const [name, hash] of [
  ['whatever the hashes are', new RecordHash(SEED)],
  ['with one hash for all', new OneHash(0)],
] as const) {
  t.test(`samples of one slot and one flow are one, ${name}`, (t) => {
    const random = new Random(SEED);
    const batch = new SampleBatch(hash);
    for (let round = 0; round < 20; round++) {
      const exact = new Map<string, number[]>();
      for (let i = 0; i < 400; i++) {
        const sample = {
          slot: random.below(3),
          interval: 1 + random.below(20),
          bytes: random.below(4) === 0 ? 0 : 64 + random.below(1436),
          port: random.below(6),
          source: random.below(12),
        };
        add(batch, sample);
        const { interval, bytes } = sample;
        const variance = interval * (interval - 1);
        const key = [sample.slot, sample.port, sample.source].join();
        const own = exact.get(key) ?? [0, 0, 0, 0, 0];
        [1, interval, interval * bytes, variance, variance * bytes ** 2].forEach((amount, cell) => {
          own[cell] += amount;
        });
        exact.set(key, own);
      }
      t.equal(batch.size, exact.size);
      const sorted = (counts: Map<string, number[]>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
      t.strictSame(sorted(contents(batch)), sorted(exact));
      for (const [slot, last] of batch.lastOfSlot) {
        const own = [...exact].filter(([key]) => key.startsWith(`${slot},`));
        t.equal(
          batch.packetsOf(last),
          own.reduce((sum, [, [, packets]]) => sum + packets, 0),
        );
      }
      batch.clear();
      t.equal(batch.size, 0);
      t.equal(batch.lastOfSlot.size, 0);
    }
    t.end();
  });
}

t.test('a batch is full at 512 flows, and empty again when it is cleared', (t) => {
  const batch = new SampleBatch(new RecordHash(SEED));
  let flows = 0;
  for (; !batch.isFull; flows++) add(batch, { slot: 40, interval: 1, bytes: 64, port: 1, source: flows });
  t.equal(flows, 512);
  t.equal(contents(batch).size, 512);
  batch.clear();
  t.notOk(batch.isFull);
  add(batch, { slot: 40, interval: 5, bytes: 100, port: 1, source: 1 });
  t.strictSame([...contents(batch)], [['40,1,1', [1, 5, 500, 20, 200_000]]]);
  t.end();
});

t.test('keys that are equal have equal hashes, and a seed makes others of them', (t) => {
  const [hash, other] = [new RecordHash(1), new RecordHash(2)];
  const batch = new SampleBatch(hash);
  add(batch, { slot: 1, interval: 1, bytes: 64, port: 5, source: 9 });
  add(batch, { slot: 2, interval: 3, bytes: 64, port: 6, source: 9 });
  const [flows, sources, destinations] = batch.hashes;
  t.not(flows[0], flows[1]);
  t.equal(sources[0], sources[1]);
  t.equal(destinations[0], destinations[1]);
  t.equal(sources[0], hash.of(batch.records, RECORD_WORDS, 1));
  t.not(sources[0], other.of(batch.records, RECORD_WORDS, 1));
  t.end();
});
