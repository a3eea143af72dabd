import fc from 'fast-check';
import t from 'tap';
import { TurnList } from '../../../src/rules/compile/turn-list.js';

t.test('a rule begins at its lowest value and ends behind its highest one', async (t) => {
  const turns = new TurnList(-1);
  turns.add(-1, 65_535, 3);
  turns.add(80, 80, 1);
  const { values, positions } = turns.sorted();
  t.same([...values], [-1, 80, 81, 65_536]);
  t.same([...positions], [3, 1, 1, 3]);
});

t.test('property: turns come by value and then by position, at the ends of 32 bits and 20', async () => {
  const value = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1));
  const position = fc.oneof(fc.integer({ min: 0, max: 2 ** 20 - 1 }), fc.constantFrom(0, 2 ** 20 - 1));
  const spans = fc.array(fc.tuple(value, value, position), { maxLength: 1500, size: 'max' });
  fc.assert(
    fc.property(spans, fc.constantFrom(0, -1, -(2 ** 31)), (given, lowest) => {
      const turns = new TurnList(lowest);
      const expected: [number, number][] = [];
      for (const [one, other, at] of given) {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        turns.add(low, high, at);
        expected.push([low, at], [high + 1, at]);
      }
      expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      const { values, positions } = turns.sorted();
      if (values.length !== expected.length) throw new Error(`${values.length} turns`);
      expected.forEach(([low, at], i) => {
        if (values[i] !== low || positions[i] !== at)
          throw new Error(`turn ${i}: ${values[i]} of rule ${positions[i]}, not ${low} of ${at}`);
      });
    }),
    { numRuns: 100 },
  );
});
