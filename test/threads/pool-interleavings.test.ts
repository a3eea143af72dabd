import t from 'tap';
import { InvariantError } from '../../src/errors.js';
import { BufferCache } from '../../src/memory/buffer-cache.js';
import { CACHE_BUFFERS, MOVE_BUFFERS } from '../../src/memory/pool-layout.js';
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
      ['alloc', 'alloc', 'free', 'alloc', 'free 2'] as PoolOperation[],
      ['alloc', 'free', 'alloc', 'alloc', 'free'] as PoolOperation[],
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
    what: 'bursts given back by both, while both refill',
    buffers: 97,
    before: [FULL_CACHE, [...FULL_CACHE, ...times(32, 'alloc')]],
    operations: [
      ['free 3', 'free 2', 'alloc'],
      ['alloc', 'free 33', 'alloc'],
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
  'every interleaving of two threads, with a crash at every step: no buffer is twice or lost',
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
const COUNT_HAND = 'words[countWord] = cached + count;';
const RELEASE = 'words[releasedWord] = (words[releasedWord] + ofHand) | 0;';
const LOCK = 'this.lock();';
const UNLOCK = 'this.unlock();';
const EXCHANGE = 'Atomics.compareExchange(this.words, this.lockWord, 0, this.lockToken) === 0';

interface Defect {
  readonly what: string;
  readonly changes: readonly Mutation[];
  readonly found: RegExp;
}

/** Each is one thought away from the production code. */
const DEFECTS: readonly Defect[] = [
  {
    what: 'a refill lets the lock go before it has taken the buffers off the list',
    changes: [
      { method: 'refill', replace: UNLOCK, by: '' },
      { method: 'refill', replace: TAKE_FROM_LIST, by: `${UNLOCK} ${TAKE_FROM_LIST}` },
    ],
    found: /is in the global list and in the cache/,
  },
  {
    what: 'a refill takes the buffers off the list before they are in its cache',
    changes: [
      { method: 'refill', replace: COUNT_REFILLED, by: '' },
      { method: 'refill', replace: TAKE_FROM_LIST, by: `${TAKE_FROM_LIST} ${COUNT_REFILLED}` },
    ],
    found: /has taken 1, returned 0, cached 0/,
  },
  {
    what: 'a refill takes no lock',
    changes: [
      { method: 'refill', replace: LOCK, by: '' },
      { method: 'refill', replace: UNLOCK, by: '' },
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
    what: 'a hand is noted as released before it is in the cache',
    changes: [
      { method: 'release', replace: RELEASE, by: '' },
      { method: 'release', replace: COUNT_HAND, by: `${RELEASE} ${COUNT_HAND}` },
    ],
    found: /buffers are missing|has taken/,
  },
  {
    what: 'a hand that went to the list is noted as released when others may have taken it',
    changes: [
      { method: 'giveBack', replace: RELEASE, by: '' },
      { method: 'giveBack', replace: UNLOCK, by: `${UNLOCK} ${RELEASE}` },
    ],
    found: /is in the global list and in the hand/,
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

t.test('a defect is found: its schedule ends in a violation', async (t) => {
  const scope = { CACHE_BUFFERS, MOVE_BUFFERS, LOCK_SPINS: 200, LOCK_SLEEP_MS: 1, InvariantError };
  for (const { what, changes, found } of DEFECTS) {
    const Cache = mutantOf(BufferCache, changes, scope);
    const explore = () => {
      const exploration = new Exploration();
      for (const own of CASES) exploration.explore(new PoolScenario(own, Cache), own.what);
    };
    t.throws(explore, { message: found }, what);
  }
});
