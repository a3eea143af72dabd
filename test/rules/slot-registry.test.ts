import fc from 'fast-check';
import t from 'tap';
import { FIRST_RULE_SLOT } from '../../src/counters/catalogue.js';
import { RuleCapacityError } from '../../src/errors.js';
import type { RuleSet } from '../../src/rules/rule.js';
import {
  RETIRED_PAIRS_MAX,
  type SlotEntry,
  type SlotPlan,
  SlotRegistry,
} from '../../src/rules/slot-registry.js';
import { rule, ruleSet } from './build-rules.js';
import { RELOAD_CAPACITY, randomPairs } from './random-reloads.js';

/** Puts a set into use. */
function reload(registry: SlotRegistry, set: RuleSet): SlotPlan {
  const plan = registry.plan(set);
  registry.adopt(set, plan);
  return plan;
}

/** A set of `count` counting rules: `prefix0`, `prefix1` and so on. */
function many(prefix: string, count: number): RuleSet {
  return ruleSet(Array.from({ length: count }, (_, i) => rule(`${prefix}${i}`)));
}

function namesOf(entries: readonly SlotEntry[]): string[] {
  return entries.map(({ rule, action }) => `${rule} ${action}`);
}

t.test('the first set takes the slots from the first one on, in its order', async (t) => {
  const plan = reload(new SlotRegistry(10), many('r', 3));
  t.same(plan, {
    slots: [FIRST_RULE_SLOT, FIRST_RULE_SLOT + 1, FIRST_RULE_SLOT + 2],
    retired: [],
    folded: [],
    slotCount: FIRST_RULE_SLOT + 3,
  });
});

t.test('a rule keeps its slot wherever it moves and whatever it matches', async (t) => {
  const registry = new SlotRegistry(10);
  const [a, b, c] = reload(registry, ruleSet([rule('a'), rule('b'), rule('c')])).slots;
  const plan = reload(
    registry,
    ruleSet([rule('c', 'count', { priority: 3, line: 9 }), rule('new'), rule('a')]),
  );
  t.same([plan.slots[0], plan.slots[2]], [c, a]);
  t.same(plan.retired, [{ slot: b, rule: 'b', action: 'count' }]);
  t.notOk([a, b, c].includes(plan.slots[1]), 'a new rule does not get the slot of one that keeps its series');
});

t.test('a changed action gets a new slot, and the old pair retires', async (t) => {
  const registry = new SlotRegistry(10);
  const [counting] = reload(registry, ruleSet([rule('a', 'count')])).slots;
  const plan = reload(registry, ruleSet([rule('a', 'drop')]));
  t.not(plan.slots[0], counting);
  t.same(plan.retired, [{ slot: counting, rule: 'a', action: 'count' }]);
  const back = reload(registry, ruleSet([rule('a', 'count')]));
  t.same(back.slots, [counting], 'changed back, it goes on');
  t.same(namesOf(back.retired), ['a drop']);
});

t.test('a pair that comes back after several reloads gets its slot again', async (t) => {
  const registry = new SlotRegistry(10);
  const first = reload(registry, many('r', 4));
  reload(registry, ruleSet([]));
  reload(registry, many('other', 2));
  const back = reload(registry, many('r', 4));
  t.same(back.slots, first.slots);
  t.same(namesOf(back.retired), ['other0 count', 'other1 count']);
});

t.test('retired pairs are listed in the order of their retirement', async (t) => {
  const registry = new SlotRegistry(10);
  reload(registry, ruleSet([rule('a'), rule('b'), rule('c')]));
  reload(registry, ruleSet([rule('a'), rule('c')]));
  reload(registry, ruleSet([rule('c')]));
  t.same(namesOf(reload(registry, ruleSet([])).retired), ['b count', 'a count', 'c count']);
  // Who comes back and goes again is the youngest.
  reload(registry, ruleSet([rule('b')]));
  t.same(namesOf(reload(registry, ruleSet([])).retired), ['a count', 'c count', 'b count']);
});

t.test('a plan changes nothing until it is adopted', async (t) => {
  const registry = new SlotRegistry(4);
  reload(registry, many('r', 2));
  const once = registry.plan(many('other', 2));
  t.same(registry.plan(many('other', 2)), once);
  t.same(registry.plan(many('r', 2)).slots, [FIRST_RULE_SLOT, FIRST_RULE_SLOT + 1]);
});

const RETIREMENTS = [
  { name: 'at the limit none is folded', retiredCount: RETIRED_PAIRS_MAX, foldedCount: 0 },
  { name: 'one above the limit the oldest is folded', retiredCount: RETIRED_PAIRS_MAX + 1, foldedCount: 1 },
  { name: 'far above the limit all but the youngest 1,000 are', retiredCount: 1250, foldedCount: 250 },
];
for (const { name, retiredCount, foldedCount } of RETIREMENTS) {
  t.test(`retired pairs: ${name}, a reload later`, async (t) => {
    const registry = new SlotRegistry(16_384);
    const first = reload(registry, many('r', retiredCount));
    const second = reload(registry, many('live', 5));
    t.same(second.folded, [], 'a pair that retires now is still counted in');
    t.equal(second.retired.length, retiredCount);
    const third = reload(registry, many('live', 5));
    t.same(
      third.folded,
      first.slots.slice(0, foldedCount).map((slot, i) => ({ slot, rule: `r${i}`, action: 'count' })),
    );
    t.equal(third.retired.length, Math.min(retiredCount, RETIRED_PAIRS_MAX));
    t.same(third.slots, second.slots);
  });
}

t.test('a set that retires many keeps more than 1,000 until the next reload', async (t) => {
  const registry = new SlotRegistry(16_384);
  reload(registry, many('old', 600));
  reload(registry, many('r', 900));
  const plan = reload(registry, ruleSet([]));
  t.equal(plan.folded.length, 500, 'of the 600 that had retired before');
  t.equal(plan.retired.length, 1000);
  t.same([plan.folded[0].rule, plan.folded[499].rule, plan.retired[0].rule], ['old0', 'old499', 'old500']);
});

t.test('a folded pair that comes back is a new one', async (t) => {
  const registry = new SlotRegistry(2);
  reload(registry, ruleSet([rule('a')]));
  reload(registry, ruleSet([rule('b')]));
  const third = reload(registry, ruleSet([rule('c')]));
  t.same(namesOf(third.folded), ['a count'], 'room is needed, and only a has left every worker');
  t.equal(third.slots[0], FIRST_RULE_SLOT, 'its slot is given on at once');
  const fourth = reload(registry, ruleSet([rule('a')]));
  t.same(namesOf(fourth.folded), ['b count']);
  t.equal(fourth.slots[0], FIRST_RULE_SLOT + 1);
});

t.test(
  'capacity: a set that fits exactly is taken, one rule more is refused with both numbers',
  async (t) => {
    const registry = new SlotRegistry(100);
    t.equal(reload(registry, many('r', 100)).slotCount, FIRST_RULE_SLOT + 100);
    t.throws(() => registry.plan(many('r', 101)), RuleCapacityError);
    t.throws(() => registry.plan(many('r', 101)), { message: /101 rules.* 100: raise UPE_RULE_CAPACITY/ });
  },
);

t.test('capacity: the slots of rules that retire right now cannot be given on yet', async (t) => {
  const registry = new SlotRegistry(3);
  reload(registry, many('r', 2));
  t.throws(() => registry.plan(many('other', 2)), RuleCapacityError, 'two live and two new are four');
  reload(registry, ruleSet([]));
  t.equal(reload(registry, many('other', 2)).folded.length, 1, 'once they have left, they give way');
});

/** What the registry promises, spelled out with sets of names and nothing else. */
class RegistryModel {
  live: string[] = [];
  /** Oldest first. */
  retired: string[] = [];
  readonly slots = new Map<string, number>();

  /** How many pairs a set makes the registry fold; -1 when it does not fit. */
  expectedFolds(wanted: readonly string[]): number {
    const stay = new Set([...wanted, ...this.live]);
    if (stay.size > RELOAD_CAPACITY) return -1;
    return Math.max(0, new Set([...stay, ...this.retired]).size - RELOAD_CAPACITY);
  }

  /** The retired pairs that a set leaves, oldest first, before any is folded. */
  retiredAfter(wanted: readonly string[]): string[] {
    return [...this.retired, ...this.live].filter((pair) => !wanted.includes(pair));
  }

  adopt(wanted: readonly string[], plan: SlotPlan): void {
    this.live = [...wanted];
    this.retired = namesOf(plan.retired);
    this.slots.clear();
    for (const [i, pair] of wanted.entries()) this.slots.set(pair, plan.slots[i]);
    for (const entry of plan.retired) this.slots.set(`${entry.rule} ${entry.action}`, entry.slot);
  }
}

function checkPlan(
  model: RegistryModel,
  wanted: readonly string[],
  plan: SlotPlan,
  slotCountBefore: number,
): void {
  const folds = model.expectedFolds(wanted);
  const left = model.retiredAfter(wanted);
  const sameList = (what: string, actual: readonly string[], expected: readonly string[]) => {
    if (actual.join() !== expected.join()) throw new Error(`${what}: ${actual}; expected ${expected}`);
  };
  sameList('folded', namesOf(plan.folded), left.slice(0, folds));
  sameList('retired', namesOf(plan.retired), left.slice(folds));
  for (const pair of namesOf(plan.folded)) {
    if (!model.retired.includes(pair)) throw new Error(`${pair} is folded in the reload that retires it`);
  }
  const owners = [
    ...wanted.map((pair, i) => ({ pair, slot: plan.slots[i] })),
    ...plan.retired.map((entry) => ({ pair: `${entry.rule} ${entry.action}`, slot: entry.slot })),
  ];
  for (const { pair, slot } of owners) {
    const known = model.slots.get(pair);
    if (known !== undefined && known !== slot) throw new Error(`${pair} moves from slot ${known} to ${slot}`);
    if (slot < FIRST_RULE_SLOT || slot >= FIRST_RULE_SLOT + RELOAD_CAPACITY) {
      throw new Error(`${pair} has slot ${slot}, out of range`);
    }
    if (slot >= plan.slotCount) throw new Error(`${pair} has slot ${slot} of ${plan.slotCount}`);
  }
  if (new Set(owners.map(({ slot }) => slot)).size !== owners.length)
    throw new Error('a slot has two owners');
  if (plan.slotCount < slotCountBefore) throw new Error(`slot count falls to ${plan.slotCount}`);
}

t.test('through any reloads each pair keeps a slot of its own, and folds are the oldest', async (t) => {
  let refused = 0;
  let folded = 0;
  const property = fc.property(fc.array(randomPairs, { minLength: 1, maxLength: 12 }), (sets) => {
    const registry = new SlotRegistry(RELOAD_CAPACITY);
    const model = new RegistryModel();
    let slotCount = FIRST_RULE_SLOT;
    for (const set of sets) {
      const wanted = set.rules.map(({ name, action }) => `${name} ${action}`);
      if (model.expectedFolds(wanted) < 0) {
        let error: unknown;
        try {
          registry.plan(set);
        } catch (thrown) {
          error = thrown;
        }
        if (!(error instanceof RuleCapacityError)) throw new Error(`${wanted} is not refused`);
        refused++;
        continue;
      }
      const plan = registry.plan(set);
      checkPlan(model, wanted, plan, slotCount);
      registry.adopt(set, plan);
      model.adopt(wanted, plan);
      slotCount = plan.slotCount;
      folded += plan.folded.length;
    }
  });
  fc.assert(property, { numRuns: 1000 });
  t.ok(refused > 100, `${refused} sets did not fit`);
  t.ok(folded > 100, `${folded} pairs were folded`);
});
