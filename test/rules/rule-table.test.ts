import t from 'tap';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { ACTIONS } from '../../src/rules/rule.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { rule, ruleSet } from './build-rules.js';

const INTERFACES = ['eth0', 'eth1'];

t.test('a table gives slot, action and out interface of every rule, in the order of the set', async (t) => {
  const set = ruleSet(
    [
      rule('a', 'forward', { outInterface: 'eth1' }),
      rule('b', 'drop'),
      rule('c', 'forward'),
      rule('d', 'count'),
      rule('e', 'forward', { outInterface: 'wlan9' }),
    ],
    'drop',
  );
  const table = new RuleTable(buildRuleTable(set, [77, 20, 21, 16_400, 30], INTERFACES, 5));
  t.equal(table.generation, 5);
  t.equal(table.ruleCount, 5);
  t.equal(ACTIONS[table.defaultAction], 'drop');
  const rows = set.rules.map((_, position) => ({
    slot: table.slot(position),
    action: ACTIONS[table.action(position)],
    outInterface: table.outInterface(position),
  }));
  t.same(rows, [
    { slot: 77, action: 'forward', outInterface: 1 },
    { slot: 20, action: 'drop', outInterface: -1 },
    { slot: 21, action: 'forward', outInterface: -1 },
    { slot: 16_400, action: 'count', outInterface: -1 },
    { slot: 30, action: 'forward', outInterface: -1 },
  ]);
});

for (const defaultAction of ACTIONS) {
  t.test(`an empty table has no rule and the default action ${defaultAction}`, async (t) => {
    const table = new RuleTable(buildRuleTable(ruleSet([], defaultAction), [], INTERFACES, 1));
    t.equal(table.ruleCount, 0);
    t.equal(ACTIONS[table.defaultAction], defaultAction);
  });
}

t.test('a table of ten thousand rules keeps each rule apart', async (t) => {
  const count = 10_000;
  const rules = Array.from({ length: count }, (_, i) => rule(`r${i}`, ACTIONS[i % 3]));
  const slots = rules.map((_, i) => 20 + count - i);
  const table = new RuleTable(buildRuleTable(ruleSet(rules), slots, INTERFACES, 2));
  t.equal(table.ruleCount, count);
  const wrong = rules.filter(
    (own, i) => table.slot(i) !== slots[i] || ACTIONS[table.action(i)] !== own.action,
  );
  t.same(wrong, []);
});

t.test('a table is shared memory and is the same for every view of it', async (t) => {
  const memory = buildRuleTable(ruleSet([rule('a', 'drop')]), [42], INTERFACES, 3);
  t.type(memory.buffer, SharedArrayBuffer);
  t.equal(new RuleTable(memory).slot(0), 42);
  t.equal(new RuleTable(memory).slot(0), 42);
});
