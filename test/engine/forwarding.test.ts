import t from 'tap';
import { type Forwarding, forwardProblems } from '../../src/engine/forwarding.js';
import type { Action, RuleSet } from '../../src/rules/rule.js';
import { rules } from '../support/engine-fixture.js';

const INTERFACES = ['eth0', 'eth1'];

function problemsOf(text: string, forwarding: Forwarding): string[] {
  return forwardProblems(rules(text), forwarding, INTERFACES);
}

/** One rule of each kind, and what becomes of the packets that match none. */
function ruleSet(defaultAction: Action | null, ...actions: readonly string[]): RuleSet {
  const lines = actions.map((action, i) => `  - { name: r${i}, action: ${action} }`);
  const first = defaultAction === null ? '# no default action' : `default_action: ${defaultAction}`;
  return rules([first, 'rules:', ...lines].join('\n'));
}

const NO_TRANSMITTER =
  'has the action forward, and this source has no transmitter; ' +
  'use count, or try the rules with `upe replay`';
const NO_OTHER_PORT =
  'has the action forward, and without UPE_BRIDGE there is no other port; ' +
  'name an interface ({ forward: eth1 }), or use count';
const NOT_IN_USE =
  'forwards to eth7, which is not among the interfaces in use (eth0, eth1); add it to UPE_INTERFACE';
const DEFAULT_NO_TRANSMITTER =
  'test.yaml: default_action is forward, and this source has no transmitter; use count or drop';
const DEFAULT_NO_OTHER_PORT =
  'test.yaml: default_action is forward, and without UPE_BRIDGE there is no other port; use count';
const DEFAULT_NOT_GIVEN =
  'test.yaml: a bridge needs a default_action: forward or count lets pass what no rule matches, drop does not';

const FORWARD = 'forward';
const TO_ETH1 = '{ forward: eth1 }';
const TO_ETH7 = '{ forward: eth7 }';
const rule0 = (problem: string) => `test.yaml:3: rule r0 ${problem}`;

/** For each way of sending: a default action, one rule's action, and what is wrong with that. */
const CASES: readonly {
  forwarding: Forwarding;
  defaultAction: Action | null;
  action: string;
  problems: readonly string[];
}[] = [
  { forwarding: 'none', defaultAction: 'count', action: 'count', problems: [] },
  { forwarding: 'none', defaultAction: 'drop', action: 'drop', problems: [] },
  { forwarding: 'none', defaultAction: null, action: 'count', problems: [] },
  { forwarding: 'none', defaultAction: 'count', action: FORWARD, problems: [rule0(NO_TRANSMITTER)] },
  { forwarding: 'none', defaultAction: 'count', action: TO_ETH1, problems: [rule0(NO_TRANSMITTER)] },
  { forwarding: 'none', defaultAction: 'count', action: TO_ETH7, problems: [rule0(NO_TRANSMITTER)] },
  { forwarding: 'none', defaultAction: 'forward', action: 'drop', problems: [DEFAULT_NO_TRANSMITTER] },

  { forwarding: 'named', defaultAction: 'count', action: 'count', problems: [] },
  { forwarding: 'named', defaultAction: null, action: TO_ETH1, problems: [] },
  { forwarding: 'named', defaultAction: 'count', action: FORWARD, problems: [rule0(NO_OTHER_PORT)] },
  { forwarding: 'named', defaultAction: 'count', action: TO_ETH7, problems: [rule0(NOT_IN_USE)] },
  { forwarding: 'named', defaultAction: 'forward', action: TO_ETH1, problems: [DEFAULT_NO_OTHER_PORT] },

  { forwarding: 'bridge', defaultAction: 'forward', action: FORWARD, problems: [] },
  { forwarding: 'bridge', defaultAction: 'count', action: TO_ETH1, problems: [] },
  { forwarding: 'bridge', defaultAction: 'drop', action: 'count', problems: [] },
  { forwarding: 'bridge', defaultAction: 'drop', action: TO_ETH7, problems: [rule0(NOT_IN_USE)] },
  { forwarding: 'bridge', defaultAction: null, action: 'count', problems: [DEFAULT_NOT_GIVEN] },
];

for (const { forwarding, defaultAction, action, problems } of CASES) {
  const verdict = problems.length === 0 ? 'can be used' : 'is refused';
  const name = `${forwarding}: a rule with ${action} and the default ${defaultAction ?? 'not given'} ${verdict}`;
  t.test(name, async (t) => {
    t.strictSame(forwardProblems(ruleSet(defaultAction, action), forwarding, INTERFACES), problems);
  });
}

t.test('every rule that cannot be used is named with its line, in the order of the file', async (t) => {
  const text = `rules:
  - name: first
    action: forward

  - name: second
    action: { forward: eth0 }
  - name: third
    match: { dst_port: 53 }
    action: { forward: eth7 }
`;
  t.strictSame(problemsOf(text, 'named'), [
    `test.yaml:2: rule first ${NO_OTHER_PORT}`,
    `test.yaml:7: rule third ${NOT_IN_USE}`,
  ]);
  t.strictSame(problemsOf(text, 'bridge'), [`test.yaml:7: rule third ${NOT_IN_USE}`, DEFAULT_NOT_GIVEN]);
  t.strictSame(problemsOf(`default_action: forward\n${text}`, 'none'), [
    `test.yaml:3: rule first ${NO_TRANSMITTER}`,
    `test.yaml:6: rule second ${NO_TRANSMITTER}`,
    `test.yaml:8: rule third ${NO_TRANSMITTER}`,
    DEFAULT_NO_TRANSMITTER,
  ]);
});

t.test('a rule set without rules is judged by its default action alone', async (t) => {
  t.strictSame(problemsOf('rules: []', 'none'), []);
  t.strictSame(problemsOf('rules: []', 'named'), []);
  t.strictSame(problemsOf('rules: []', 'bridge'), [DEFAULT_NOT_GIVEN]);
  t.strictSame(problemsOf('default_action: count\nrules: []', 'bridge'), []);
});

t.test('nothing is forwarded to the loopback: each copy would arrive, and be copied, for ever', async (t) => {
  const set = rules('default_action: count\nrules:\n  - { name: a, action: { forward: lo } }\n');
  for (const forwarding of ['named', 'bridge'] as const) {
    const problems = forwardProblems(set, forwarding, ['lo', 'eth0']);
    t.equal(problems.length, 1);
    t.match(problems[0], /^test\.yaml:3: rule a forwards to lo, /);
  }
});
