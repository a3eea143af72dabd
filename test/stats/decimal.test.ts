import fc from 'fast-check';
import t from 'tap';
import { decimalBytes, writeDecimal } from '../../src/stats/decimal.js';
import { plainNumber } from './plain-number.js';

function written(value: number): string {
  const text = Buffer.alloc(40, '#');
  const bytes = decimalBytes(value);
  writeDecimal(text, 3, 3 + bytes, value);
  return text.toString('latin1');
}

function expected(value: number): string {
  return `###${plainNumber(value)}`.padEnd(40, '#');
}

t.test('numbers at the edges are written as a string of them, and nothing beside them', async (t) => {
  const wholes = [
    0,
    -0,
    1,
    9,
    10,
    99,
    1e9 - 1,
    1e9,
    1e15,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 60,
    1e21,
  ];
  const fractions = [
    0.001,
    0.01,
    0.1,
    0.5,
    0.0001,
    1.005,
    12.34,
    1_700_000_000.123,
    1_700_000_000.12,
    1.7e9 + 0.1,
  ];
  const large = [999_999_999_999.999, 1e12 + 0.001, 1e15 + 0.5, 5e-324, 1e-7, 1.5e300];
  const others = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -0.001, -1e9, -1.5e-7];
  for (const value of [...wholes, ...fractions, ...large, ...others]) {
    t.equal(written(value), expected(value), String(value));
  }
});

t.test('any number, whole number and number of thousandths is written as a string of it', async (t) => {
  const thousandths = fc.integer({ min: 0, max: 2 ** 52 }).map((value) => value / 1000);
  const counts = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(100_000),
    thousandths,
    fc.nat(100_000).map((value) => value / 1000),
  );
  fc.assert(
    fc.property(fc.oneof(fc.double(), counts), (value) => {
      t.equal(written(value), expected(value));
    }),
    { numRuns: 20_000 },
  );
});
