import t from 'tap';
import { HISTORY_PASSES, RuleCounts } from '../../src/page/rule-counts.js';

function start(): RuleCounts {
  const counts = new RuleCounts();
  counts.begin({ generation: 2, rules: 3 });
  return counts;
}

t.test('the first event has all that was counted, and no rate', async (t) => {
  const counts = start();
  counts.apply({ generation: 2, at_ms: 5000, changes: [1, 10, 1000, 2, 7, 70] });
  t.strictSame([...counts.packets], [10, 0, 7]);
  t.strictSame([...counts.bytes], [1000, 0, 70]);
  t.strictSame([...counts.packetRates], [0, 0, 0]);
  t.strictSame([...counts.lastMs], [0, 0, 0], 'nor when it was');
  t.strictSame(counts.rates(0), []);
});

t.test('a rate is what is new by the time since the pass before', async (t) => {
  const counts = start();
  counts.apply({ generation: 2, at_ms: 5000, changes: [] });
  counts.apply({ generation: 2, at_ms: 7000, changes: [2, 8, 4000] });
  t.strictSame([...counts.packetRates], [0, 4, 0]);
  t.strictSame([...counts.byteRates], [0, 2000, 0]);
  t.strictSame([...counts.lastMs], [0, 7000, 0]);
  counts.apply({ generation: 2, at_ms: 8000, changes: [1, 1, 60] });
  t.strictSame([...counts.packetRates], [1, 0, 0]);
  t.strictSame(counts.rates(0), [0, 1]);
  t.strictSame(counts.rates(1), [4, 0]);
  t.strictSame(counts.rates(1, 1), [0]);
  t.strictSame(counts.passTimes(), [7, 8]);
});

t.test('counts of another table are left out', async (t) => {
  const counts = start();
  counts.apply({ generation: 1, at_ms: 5000, changes: [1, 10, 1000] });
  t.strictSame([...counts.packets], [0, 0, 0]);
  counts.begin({ generation: 3, rules: 1 });
  counts.apply({ generation: 2, at_ms: 5000, changes: [3, 10, 1000] });
  t.strictSame([...counts.packets], [0]);
});

t.test('where the clock was set back there is no rate for once, and no count is lost', async (t) => {
  const counts = start();
  counts.apply({ generation: 2, at_ms: 5000, changes: [] });
  counts.apply({ generation: 2, at_ms: 6000, changes: [1, 5, 500] });
  counts.apply({ generation: 2, at_ms: 1000, changes: [1, 6, 600] });
  t.strictSame([...counts.packets], [11, 0, 0]);
  t.strictSame([...counts.packetRates], [5, 0, 0], 'the one before stays');
  counts.apply({ generation: 2, at_ms: 2000, changes: [1, 7, 700] });
  t.strictSame(counts.rates(0), [5, 7]);
});

t.test('the history has so many passes, the last ones', async (t) => {
  const counts = start();
  for (let pass = 0; pass <= HISTORY_PASSES + 5; pass++) {
    counts.apply({ generation: 2, at_ms: 1000 * (pass + 1), changes: [3, pass, 0] });
  }
  const rates = counts.rates(2);
  t.equal(rates.length, HISTORY_PASSES);
  t.equal(rates[0], 6);
  t.equal(rates.at(-1), HISTORY_PASSES + 5);
  t.equal(counts.passTimes().at(-1), HISTORY_PASSES + 6);
});
