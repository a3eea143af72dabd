import fc from 'fast-check';
import t from 'tap';
import { TurnList } from '../../../src/rules/compile/turn-list.js';

/** Value, without its sign, and position of each turn. */
function turnsOf({ words, count }: TurnList): [number, number][] {
  return Array.from({ length: count }, (_, turn) => [words[2 * turn + 1] >>> 0, words[2 * turn]]);
}

t.test('a rule begins at its lowest value and ends behind its highest one', async (t) => {
  const turns = new TurnList();
  turns.add(0, 65_535, 3);
  turns.add(80, 80, 1);
  turns.sort();
  t.same(turnsOf(turns), [
    [0, 3],
    [80, 1],
    [81, 1],
    [65_536, 3],
  ]);
});

t.test('a rule that holds for the highest value has no end', async (t) => {
  const turns = new TurnList();
  turns.add(0x7fff_ffff, -1, 5);
  turns.add(1, 0x7fff_ffff, 4);
  turns.sort();
  t.same(turnsOf(turns), [
    [1, 4],
    [0x7fff_ffff, 5],
    [0x8000_0000, 4],
  ]);
});

t.test('rules that rule values out are remembered, however many they are', async (t) => {
  const turns = new TurnList();
  for (let position = 0; position < 1000; position++) turns.constrain(position * 3);
  t.equal(turns.constrainedCount, 1000);
  t.same(
    [...turns.constrained.subarray(0, 1000)],
    Array.from({ length: 1000 }, (_, i) => i * 3),
  );
});

t.test('property: turns come by value and then by position, at the ends of 32 bits', async () => {
  const value = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1));
  const position = fc.oneof(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.constantFrom(0, 2 ** 31 - 1));
  const spans = fc.array(fc.tuple(value, value, position), { maxLength: 1500, size: 'max' });
  fc.assert(
    fc.property(spans, (given) => {
      const turns = new TurnList();
      const expected: [number, number][] = [];
      for (const [one, other, at] of given) {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        turns.add(low | 0, high | 0, at);
        expected.push([low, at]);
        if (high !== 2 ** 32 - 1) expected.push([high + 1, at]);
      }
      turns.sort();
      expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      const found = turnsOf(turns);
      if (found.length !== expected.length) throw new Error(`${found.length} turns`);
      expected.forEach(([low, at], i) => {
        if (found[i][0] !== low || found[i][1] !== at)
          throw new Error(`turn ${i}: ${found[i][0]} of rule ${found[i][1]}, not ${low} of ${at}`);
      });
    }),
    { numRuns: 100 },
  );
});
