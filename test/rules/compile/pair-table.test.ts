import fc from 'fast-check';
import t from 'tap';
import { PairTable } from '../../../src/rules/compile/pair-table.js';

t.test('a pair gives what was added for it, in its order; any other gives -1', async (t) => {
  const table = new PairTable();
  t.equal(table.get(0, 0), -1);
  table.add(0, 0, 7);
  table.add(1, 2, 0);
  t.equal(table.get(0, 0), 7);
  t.equal(table.get(1, 2), 0);
  t.equal(table.get(2, 1), -1);
});

t.test('property: it remembers like a Map, however many pairs there are', async () => {
  const number = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2 ** 31 - 2 }));
  const pairs = fc.array(fc.tuple(number, number, fc.integer({ min: 0, max: 2 ** 31 - 1 })), {
    maxLength: 3000,
    size: 'max',
  });
  fc.assert(
    fc.property(pairs, (added) => {
      const table = new PairTable();
      const expected = new Map<string, number>();
      for (const [a, b, value] of added) {
        const known = expected.get(`${a} ${b}`) ?? -1;
        if (table.get(a, b) !== known) throw new Error(`${a}, ${b}: ${table.get(a, b)}, not ${known}`);
        if (known >= 0) continue;
        table.add(a, b, value);
        expected.set(`${a} ${b}`, value);
      }
      for (const [a, b] of added) {
        if (table.get(a, b) !== expected.get(`${a} ${b}`)) throw new Error(`${a}, ${b} was forgotten`);
      }
    }),
    { numRuns: 60 },
  );
});
