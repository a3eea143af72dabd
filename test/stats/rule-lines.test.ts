import fc from 'fast-check';
import t from 'tap';
import { RuleLines } from '../../src/stats/rule-lines.js';
import { plainNumber } from './plain-number.js';

t.test(
  'whatever numbers follow each other, and however long, the text is that of the last ones',
  async (t) => {
    const number = fc.oneof(
      fc.nat(20),
      fc.maxSafeNat(),
      fc.nat().map((value) => value / 1000),
      fc.double(),
    );
    const rounds = fc
      .integer({ min: 0, max: 12 })
      .chain((lines) =>
        fc.array(fc.array(number, { minLength: lines, maxLength: lines }), { minLength: 1, maxLength: 8 }),
      );
    fc.assert(
      fc.property(rounds, (numbers) => {
        const starts = numbers[0].map((_, line) => `\nname{rule="${'ü'.repeat(line)}"} `);
        const lines = new RuleLines(starts);
        for (const own of numbers) {
          const text = lines.with((line) => own[line]).toString();
          t.equal(text, starts.map((start, line) => start + plainNumber(own[line])).join(''));
        }
      }),
      { numRuns: 2000 },
    );
  },
);

t.test('a text is not made anew while its numbers keep their lengths', async (t) => {
  const lines = new RuleLines(['\na ', '\nb ']);
  const text = lines.with((line) => 10 + line);
  t.equal(
    lines.with((line) => 98 + line),
    text,
  );
  t.equal(text.toString(), '\na 98\nb 99');
  const longer = lines.with((line) => 99 + line);
  t.not(longer, text);
  t.equal(longer.toString(), '\na 99\nb 100');
});
