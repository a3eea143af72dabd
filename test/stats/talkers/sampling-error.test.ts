import t from 'tap';
import { CONFIDENCE, samplingBounds } from '../../../src/stats/talkers/sampling-error.js';
import { Random } from '../../protocol/random.js';

const SEED = Number(process.env.TEST_SEED ?? 20_261_126);
t.comment(`TEST_SEED=${SEED}`);

/** Packets of `packets` that are taken, one in `interval`: by gaps, as the sampler does. */
function taken(random: Random, packets: number, interval: number): number {
  let count = 0;
  let at = 0;
  for (;;) {
    at += 1 + Math.floor(Math.log(1 - random.fraction()) / Math.log1p(-1 / interval));
    if (at > packets) return count;
    count++;
  }
}

t.test('the true number lies within the bounds as often as is said', (t) => {
  const random = new Random(SEED);
  const rounds = 4000;
  for (const interval of [2, 10, 100, 1000]) {
    for (const expected of [0.1, 0.3, 0.5, 1, 1.5, 2, 3, 5, 10, 100]) {
      const packets = Math.max(1, Math.round(expected * interval));
      let within = 0;
      for (let round = 0; round < rounds; round++) {
        const { low, high } = samplingBounds(taken(random, packets, interval) * interval, interval - 1);
        if (low <= packets && packets <= high) within++;
      }
      const part = within / rounds;
      t.ok(
        part >= CONFIDENCE,
        `1 in ${interval}, ${expected} samples expected: ${(part * 100).toFixed(2)} %`,
      );
    }
  }
  t.end();
});

t.test('without sampling the bounds are the number itself', (t) => {
  for (const number of [0, 1, 12_345, 2 ** 40]) {
    t.strictSame(samplingBounds(number, 0), { low: number, high: number });
  }
  t.end();
});

t.test('what was not sampled may have been there all the same', (t) => {
  const { low, high } = samplingBounds(0, 99);
  t.equal(low, 0);
  // Garwood's bound of 99 %, 5.3 events, and not much more.
  t.ok(high > 5.3 * 99 && high < 7 * 99, `${high}`);
  t.end();
});
