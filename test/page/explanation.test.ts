import t from 'tap';
import { explainText } from '../../src/commands/explain-text.js';
import { openFields, possibleTexts, verdictText } from '../../src/page/explanation.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { type Answer, answerFor } from '../../src/rules/explain/answer.js';
import type { KnownPacket } from '../../src/rules/explain/known-packet.js';
import { type QuestionTexts, readQuestion } from '../../src/rules/explain/packet-question.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { rules } from '../support/engine-fixture.js';

const SCANS = Array.from(
  { length: 12 },
  (_, i) => `  - { name: scan-${i}, match: { icmp_type: ${i} }, action: drop }`,
);
const SET = rules(`default_action: count
rules:
  - { name: null-scan, match: { tcp_flags: "!fin,!syn,!rst,!psh,!ack,!urg" }, action: drop }
  - { name: fragments, match: { fragment: true }, action: { forward: eth1 } }
  - { name: ssh, match: { protocol: tcp, dst_port: 22 }, action: count }
${SCANS.join('\n')}
`);
const TABLE = {
  table: new RuleTable(
    buildRuleTable(
      SET,
      SET.rules.map((_, i) => i),
      [],
      1,
      null,
    ),
  ),
  rules: SET.rules.map(({ name, action, outInterface }) => ({ rule: name, action, outInterface })),
  interfaces: ['eth1'],
};

function ask(question: QuestionTexts): Answer {
  const packet = readQuestion(question, TABLE.interfaces) as KnownPacket;
  const frame = { kind: 'packet', packet, anomalies: [] } as const;
  return answerFor(TABLE, frame, { unclassified: 'count', malformed: 'drop' }, { all: true, limit: 1000 });
}

/** The lines of `upe explain` that say what the verdict depends on. */
function commandLines(answer: Answer): string[] {
  const lines = explainText(answer, SET, true).split('\n');
  const [first, ...others] = lines.slice(lines.findIndex((line) => line.startsWith('verdict')));
  t.match(first, 'cannot be told');
  return others.slice(0, others.indexOf('')).map((line) => line.trim().replace(/ +/g, ' '));
}

t.test('what the verdict depends on is what upe explain says', async (t) => {
  const answer = ask({ protocol: 'tcp', src: '10.0.0.3', dst: '10.0.0.2', dst_port: '22' });
  const texts = possibleTexts(answer);
  t.strictSame(texts, [
    'by tcp_flags drop, by rule null-scan',
    'by fragment forward to eth1, by rule fragments',
    'otherwise count, by rule ssh',
  ]);
  t.strictSame(texts, commandLines(answer));
  t.strictSame([...openFields(answer)], ['tcp_flags', 'fragment']);
  t.equal(verdictText(answer), 'It depends on what the question does not say:');
});

t.test('of many possible verdicts the first are said, and how many more there are', async (t) => {
  const answer = ask({ protocol: 'icmp', fragment: 'false' });
  const texts = possibleTexts(answer);
  t.equal(texts.length, 11);
  t.equal(texts.at(-1), 'and 3 more');
  t.strictSame(texts, commandLines(answer));
});

t.test('a verdict that is certain depends on nothing', async (t) => {
  const question = { protocol: 'tcp', src: '10.0.0.3', tcp_flags: 'syn', fragment: 'false' };
  for (const [more, text] of [
    [{ dst_port: '22' }, 'count, by rule ssh at position 3.'],
    [{ dst_port: '23' }, 'count, by default_action: no rule matches.'],
    [{ fragment: 'true' }, 'forward to eth1, by rule fragments at position 2.'],
  ] as const) {
    const answer = ask({ ...question, ...more });
    t.equal(verdictText(answer), text);
    t.strictSame(possibleTexts(answer), []);
    t.equal(openFields(answer).size, 0);
  }
});
