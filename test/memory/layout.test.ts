import t from 'tap';
import { FIRST_RULE_SLOT, SLOT_CELLS } from '../../src/counters/catalogue.js';
import {
  CountersLayout,
  createCounters,
  rxCountersShape,
  workerCountersShape,
} from '../../src/counters/counters-layout.js';
import {
  CONTROL_COMMAND,
  CONTROL_COUNTERS_PUBLISHED,
  CONTROL_COUNTERS_REQUESTED,
  CONTROL_DOORBELL,
  CONTROL_GENERATION_IN_USE,
  CONTROL_STATE,
  CONTROL_TABLE_GENERATION,
  controlOf,
  createControl,
} from '../../src/memory/control-layout.js';
import { alignUp, CACHE_LINE_BYTES, CACHE_LINE_WORDS, isPowerOfTwo } from '../../src/memory/layout.js';

const LINE_CELLS = CACHE_LINE_BYTES / Float64Array.BYTES_PER_ELEMENT;

const ALIGNED = [
  { size: 0, unit: 128, expected: 0 },
  { size: 1, unit: 128, expected: 128 },
  { size: 127, unit: 128, expected: 128 },
  { size: 128, unit: 128, expected: 128 },
  { size: 129, unit: 128, expected: 256 },
  { size: 5, unit: 3, expected: 6 },
  { size: 2 ** 33 + 1, unit: 4096, expected: 2 ** 33 + 4096 },
];
for (const { size, unit, expected } of ALIGNED) {
  t.test(`alignUp(${size}, ${unit}) is ${expected}`, async (t) => {
    t.equal(alignUp(size, unit), expected);
  });
}

t.test('powers of two are recognised, and nothing else', async (t) => {
  for (let exponent = 0; exponent <= 52; exponent++) t.equal(isPowerOfTwo(2 ** exponent), true);
  for (const value of [
    0,
    -1,
    -2,
    3,
    6,
    1023,
    1025,
    2 ** 31 - 1,
    2 ** 40 + 1,
    0.5,
    1.5,
    Number.NaN,
    Infinity,
  ]) {
    t.equal(isPowerOfTwo(value), false, String(value));
  }
});

t.test('the control words lie apart, each writer on cache lines of its own', async (t) => {
  const orders = [CONTROL_COMMAND, CONTROL_TABLE_GENERATION, CONTROL_COUNTERS_REQUESTED];
  const answers = [CONTROL_STATE, CONTROL_GENERATION_IN_USE, CONTROL_COUNTERS_PUBLISHED];
  const all = [...orders, ...answers, CONTROL_DOORBELL];
  t.equal(new Set(all).size, all.length);
  const lineOf = (word: number) => Math.floor(word / CACHE_LINE_WORDS);
  const lines = [orders, answers, [CONTROL_DOORBELL]].map((words) => new Set(words.map(lineOf)));
  t.same(
    lines.map((own) => own.size),
    [1, 1, 1],
  );
  t.equal(new Set(lines.flatMap((own) => [...own])).size, 3);
});

t.test(
  'the control blocks of threads are zero, do not overlap, and leave malloc its line in front',
  async (t) => {
    const control = createControl(3);
    const blocks = [0, 1, 2].map((thread) => controlOf(control, thread));
    t.ok(blocks.every((block) => block.every((word) => word === 0)));
    for (const [thread, block] of blocks.entries()) block.fill(thread + 1);
    t.same(
      blocks.map((block) => [...new Set(block)]),
      [[1], [2], [3]],
    );
    t.ok(blocks[0].byteOffset >= CACHE_LINE_BYTES);
    t.equal(blocks[2].byteOffset + blocks[2].byteLength, control.byteLength);
  },
);

const SHAPES = [
  { name: 'rx, one interface, one worker', shape: rxCountersShape(1, 1) },
  { name: 'rx, eight interfaces, 64 workers', shape: rxCountersShape(8, 64) },
  { name: 'worker, room for one rule, one interface', shape: workerCountersShape(1, 1) },
  { name: 'worker, room for 16,384 rules, eight interfaces', shape: workerCountersShape(16_384, 8) },
  { name: 'nothing', shape: { levelCount: 0, totalCount: 0, slotCount: 0 } },
];
for (const { name, shape } of SHAPES) {
  t.test(`counters of ${name}: the parts are long enough and begin on cache lines`, async (t) => {
    const layout = new CountersLayout(shape);
    t.equal(layout.levelsCell, 0);
    t.ok(layout.totalsCell >= layout.levelsCell + shape.levelCount);
    t.ok(layout.slotsCell >= layout.totalsCell + shape.totalCount);
    t.ok(layout.bankCells >= layout.slotsCell + shape.slotCount * SLOT_CELLS);
    for (const cell of [layout.totalsCell, layout.slotsCell, layout.bankCells]) t.equal(cell % LINE_CELLS, 0);
    t.equal(LINE_CELLS % SLOT_CELLS, 0, 'no slot lies across two lines');
    const { buffer } = createCounters(shape);
    t.ok(layout.firstCell >= LINE_CELLS, 'an empty line in front');
    const endCell = layout.firstCell + 2 * layout.bankCells;
    t.equal(buffer.byteLength, (endCell + LINE_CELLS) * Float64Array.BYTES_PER_ELEMENT, 'and one behind');
    t.ok(new Float64Array(buffer).every((cell) => cell === 0));
  });
}

t.test('a worker has an outcome slot for every rule that the capacity allows', async (t) => {
  t.equal(workerCountersShape(16_384, 1).slotCount, FIRST_RULE_SLOT + 16_384);
});
