import t from 'tap';
import { InvariantError } from '../../src/errors.js';
import { BufferCache } from '../../src/memory/buffer-cache.js';
import { INDEX_MASK } from '../../src/memory/layout.js';
import { CACHE_BUFFERS, MOVE_BUFFERS, type PoolLayout, RX_INDEX } from '../../src/memory/pool-layout.js';
import { ReturnRing } from '../../src/memory/return-ring.js';
import { Exploration } from '../support/interleaving/exploration.js';
import { type Mutation, mutantOf } from '../support/interleaving/mutant.js';
import { type PoolCase, type PoolOperation, PoolScenario } from './pool-scenario.js';

t.setTimeout(120_000);

function times(count: number, operation: PoolOperation): PoolOperation[] {
  return Array.from({ length: count }, () => operation);
}

/** Three refills, and back what fits: a full cache and sixteen buffers in hand. The next free makes it move half. */
const FULL_CACHE: readonly PoolOperation[] = [...times(33, 'alloc'), ...times(17, 'free')];

const CASES: readonly (PoolCase & { readonly what: string })[] = [
  ...[1, 2, 3, 5].map((buffers) => ({
    what: `both want all of a pool of ${buffers}`,
    buffers,
    before: [[], []],
    operations: [
      ['alloc', 'free', 'alloc', 'alloc', 'free'] as PoolOperation[],
      ['alloc', 'alloc', 'free', 'alloc', 'free 2'] as PoolOperation[],
    ],
  })),
  {
    what: 'more buffers than a batch, refilled by both at once',
    buffers: MOVE_BUFFERS + 2,
    before: [[], []],
    operations: [
      ['alloc', 'free', 'alloc'],
      ['alloc', 'alloc'],
    ],
  },
  {
    what: 'a full cache flushed, while the other refills from what comes',
    buffers: 50,
    before: [FULL_CACHE, ['alloc']],
    operations: [
      ['free', 'alloc'],
      ['alloc', 'free', 'alloc', 'alloc'],
    ],
  },
  {
    what: 'hands given back by the worker, while rx has no other buffers',
    buffers: 5,
    before: [[], times(5, 'alloc')],
    operations: [
      ['alloc', 'alloc', 'free', 'alloc'],
      ['free 2', 'free 1', 'free 2'],
    ],
  },
  ...[MOVE_BUFFERS * 2 - 2, 2 ** 31 - 2, -2].map((cursor) => ({
    what: `the return ring's end, or its cursors' (${cursor}), is passed`,
    buffers: 4,
    cursor,
    before: [[], times(4, 'alloc')],
    operations: [['alloc', 'alloc', 'alloc'] as PoolOperation[], ['free 1', 'free 3'] as PoolOperation[]],
  })),
  {
    what: 'more come back than are needed: rx moves some to the list, out of which the worker takes',
    buffers: 4 * CACHE_BUFFERS + 4,
    before: [[], [...times(4 * CACHE_BUFFERS + 4, 'alloc'), 'free 128', 'free 2']],
    operations: [
      ['stock 1', 'alloc'],
      ['free 1', 'alloc'],
    ],
  },
  {
    what: 'rx stocks up from hands, and then from the list, which the worker uses too',
    buffers: MOVE_BUFFERS + 6,
    before: [['alloc'], times(4, 'alloc')],
    operations: [
      ['stock 19', 'alloc', 'stock 20'],
      ['free 3', 'free', 'free 1'],
    ],
  },
  {
    what: 'a cache that has some brought up to a burst, while the other takes the rest',
    buffers: 40,
    before: [['alloc'], ['alloc']],
    operations: [
      ['stock 31', 'alloc', 'stock 20'],
      ['stock 20', 'free', 'alloc'],
    ],
  },
];

t.test(
  'every interleaving of rx and a worker, with a crash at every step: no buffer is twice or lost',
  async (t) => {
    for (const { what, ...own } of CASES) {
      const exploration = new Exploration();
      exploration.explore(new PoolScenario(own), what);
      t.pass(what);
      t.comment(`${what}: ${exploration.report()}`);
    }
  },
);

const TAKE_FROM_LIST = 'words[freeCountWord] = free - moved;';
const COUNT_REFILLED = 'words[this.countWord] = cached + moved;';
const MOVE_DOWN =
  'for (let i = 0; i < left; i++)\n            words[slotsWord + i] = words[slotsWord + MOVE_BUFFERS + i];';
const COUNT_RETURNED = 'this.words[this.countWord] = cached + moved;';
const TAKE_RETURNED = 'ring.take(moved);';
const ANNOUNCE = 'Atomics.store(this.words, this.writeCursorWord, (write + count) | 0);';
const SPILL = 'ring.take(CACHE_BUFFERS);';
const LOCK = 'this.lock();';
const UNLOCK = 'this.unlock();';
const EXCHANGE = 'Atomics.compareExchange(this.words, this.lockWord, 0, this.lockToken) === 0';

interface Defect {
  readonly what: string;
  /** Of the cache, and of the return ring. */
  readonly changes: readonly Mutation[];
  readonly ringChanges?: readonly Mutation[];
  readonly found: RegExp;
}

/** Each is one thought away from the production code. */
const DEFECTS: readonly Defect[] = [
  {
    what: 'a refill lets the lock go before it has taken the buffers off the list',
    changes: [
      { method: 'refillFromList', replace: UNLOCK, by: '' },
      { method: 'refillFromList', replace: TAKE_FROM_LIST, by: `${UNLOCK} ${TAKE_FROM_LIST}` },
    ],
    found: /is in the global list and in the cache/,
  },
  {
    what: 'a refill takes the buffers off the list before they are in its cache',
    changes: [
      { method: 'refillFromList', replace: COUNT_REFILLED, by: '' },
      { method: 'refillFromList', replace: TAKE_FROM_LIST, by: `${TAKE_FROM_LIST} ${COUNT_REFILLED}` },
    ],
    found: /has taken 1, returned 0, by the ring 0, cached 0/,
  },
  {
    what: 'a refill takes no lock',
    changes: [
      { method: 'refillFromList', replace: LOCK, by: '' },
      { method: 'refillFromList', replace: UNLOCK, by: '' },
    ],
    found: /a race|is in .* and in|missing/,
  },
  {
    what: 'the lock is looked at and taken in two steps',
    changes: [
      {
        method: 'lock',
        replace: EXCHANGE,
        by: 'Atomics.load(this.words, this.lockWord) === 0 && Atomics.store(this.words, this.lockWord, this.lockToken) !== 0',
      },
    ],
    found: /a race|is in .* and in|missing/,
  },
  {
    what: 'the lock is let go by a plain store',
    changes: [
      {
        method: 'unlock',
        replace: 'Atomics.store(this.words, this.lockWord, 0)',
        by: 'this.words[this.lockWord] = 0',
      },
    ],
    found: /a race/,
  },
  {
    what: 'a flush lets the lock go before its cache has let the buffers go',
    changes: [
      { method: 'flush', replace: UNLOCK, by: '' },
      {
        method: 'flush',
        replace: 'this.commitReturn(MOVE_BUFFERS);',
        by: `this.commitReturn(MOVE_BUFFERS); ${UNLOCK}`,
      },
    ],
    found: /is in .* and in|has taken/,
  },
  {
    what: 'a flush writes over what it moves before that is in the list',
    changes: [
      { method: 'flush', replace: MOVE_DOWN, by: '' },
      {
        method: 'flush',
        replace: 'this.commitReturn(MOVE_BUFFERS);',
        by: `${MOVE_DOWN} this.commitReturn(MOVE_BUFFERS);`,
      },
    ],
    found: /buffers are missing|has taken/,
  },
  {
    what: 'rx takes buffers out of a return ring before they are in its cache',
    changes: [
      { method: 'refillFromRing', replace: TAKE_RETURNED, by: '' },
      { method: 'refillFromRing', replace: COUNT_RETURNED, by: `${TAKE_RETURNED} ${COUNT_RETURNED}` },
    ],
    found: /has taken/,
  },
  {
    what: 'rx leaves in a return ring what it has taken',
    changes: [{ method: 'refillFromRing', replace: TAKE_RETURNED, by: '' }],
    found: /is in the return ring and in the hand/,
  },
  {
    what: 'rx looks for what has come back by a plain load',
    changes: [],
    ringChanges: [
      {
        method: 'waiting',
        replace: 'Atomics.load(this.words, this.writeCursorWord)',
        by: 'this.words[this.writeCursorWord]',
      },
    ],
    found: /a race/,
  },
  {
    what: 'what rx moves to the list leaves the return ring when others may have taken it',
    changes: [
      { method: 'spill', replace: SPILL, by: '' },
      { method: 'spill', replace: UNLOCK, by: `${UNLOCK} ${SPILL}` },
    ],
    found: /is in the global list and in the return ring/,
  },
  {
    what: 'a hand is announced before it is in the return ring',
    changes: [],
    ringChanges: [
      { method: 'give', replace: ANNOUNCE, by: '' },
      {
        method: 'give',
        replace: 'const write = this.words[this.writeCursorWord];',
        by: `const write = this.words[this.writeCursorWord]; ${ANNOUNCE}`,
      },
    ],
    found: /is in|has|a race/,
  },
  {
    what: 'a hand is announced by a plain store',
    changes: [],
    ringChanges: [
      { method: 'give', replace: ANNOUNCE, by: 'this.words[this.writeCursorWord] = (write + count) | 0;' },
    ],
    found: /a race/,
  },
  {
    what: 'a flush announces the buffers in the list before they are in it',
    changes: [
      { method: 'flush', replace: 'this.commitReturn(MOVE_BUFFERS);', by: '' },
      {
        method: 'flush',
        replace: 'const end = this.roomInFreeList(MOVE_BUFFERS);',
        by: 'const end = this.roomInFreeList(MOVE_BUFFERS); this.commitReturn(MOVE_BUFFERS);',
      },
    ],
    found: /is in|has/,
  },
  {
    what: 'the cache counts a buffer that it has not let in yet',
    changes: [
      { method: 'free', replace: 'this.words[this.slotsWord + count] = index;', by: '' },
      {
        method: 'free',
        replace: 'this.words[this.countWord] = count + 1;',
        by: 'this.words[this.countWord] = count + 1; this.words[this.slotsWord + count] = index;',
      },
    ],
    found: /is in/,
  },
  {
    what: 'the returned buffers are not counted',
    changes: [
      {
        method: 'commitReturn',
        replace: 'words[this.returnedWord] = (words[this.returnedWord] + count) | 0;',
        by: '',
      },
    ],
    found: /has taken/,
  },
];

/** A cache with another kind of return ring. */
function givingTo(Ring: typeof ReturnRing, Cache: typeof BufferCache): typeof BufferCache {
  return class extends Cache {
    constructor(words: Int32Array, layout: PoolLayout, threadIndex: number) {
      super(words, layout, threadIndex);
      const ring = new Ring(words, layout, 1);
      Object.assign(this, threadIndex === RX_INDEX ? { workerRings: [ring] } : { ownRing: ring });
    }
  };
}

t.test('a defect is found: its schedule ends in a violation', async (t) => {
  const scope = { CACHE_BUFFERS, MOVE_BUFFERS, RX_INDEX, LOCK_SPINS: 200, LOCK_SLEEP_MS: 1, InvariantError };
  for (const { what, changes, ringChanges = [], found } of DEFECTS) {
    const Ring = mutantOf(ReturnRing, ringChanges, { INDEX_MASK, InvariantError });
    const Cache = givingTo(Ring, mutantOf(BufferCache, changes, scope));
    const explore = () => {
      const exploration = new Exploration();
      for (const own of CASES) exploration.explore(new PoolScenario(own, Cache), own.what);
    };
    t.throws(explore, { message: found }, what);
  }
});
