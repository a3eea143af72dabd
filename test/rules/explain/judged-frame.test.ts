import fc from 'fast-check';
import t from 'tap';
import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import { answerFor } from '../../../src/rules/explain/answer.js';
import { type JudgedFrame, judgeFrame } from '../../../src/rules/explain/judged-frame.js';
import { isLaterFragment, UNKNOWN } from '../../../src/rules/explain/known-packet.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { arp, ethernet, ipv4, ipv4Fragments, tcp, udp } from '../../fixtures/frames.js';
import { rules } from '../../support/engine-fixture.js';

const LINK_ETHERNET = 1;
const FATES = { unclassified: 'forward', malformed: 'drop' } as const;
const SET = rules('rules:\n  - { name: web, match: { dst_port: 80 }, action: count }\n');
const TABLE = {
  table: new RuleTable(buildRuleTable(SET, [0], [], 1, null)),
  rules: [{ rule: 'web', action: 'count', outInterface: null }],
  interfaces: [],
} as const;

function judge(bytes: Uint8Array, keptBytes = 2048, wireBytes = bytes.length): JudgedFrame {
  return judgeFrame({ bytes, wireBytes, linkType: LINK_ETHERNET }, keptBytes, null);
}

t.test('a frame that no rule judges meets the fate of its kind', (t) => {
  for (const [bytes, verdict] of [
    [ethernet({ payload: arp() }), { kind: 'unclassified', reason: 'arp', action: 'forward' }],
    [new Uint8Array(3), { kind: 'malformed', reason: 'ethernet_short', action: 'drop' }],
  ] as const) {
    const answer = answerFor(TABLE, judge(bytes), FATES, { all: true, limit: 10 });
    t.strictSame(answer.verdict, verdict);
    t.strictSame(answer.rules, []);
    t.equal(answer.notes.length, 1);
  }
  t.end();
});

t.test('the interface stays open where nobody has said it', (t) => {
  const frame = judge(ethernet());
  t.equal(frame.kind === 'packet' && frame.packet.interfaceIndex, UNKNOWN);
  t.end();
});

t.test('fragments are told apart, and what is known of them is noted', (t) => {
  const pieces = ipv4Fragments({ payload: udp({ dstPort: 80, payload: new Uint8Array(100) }) }, 64);
  const notes = pieces.map((payload) => {
    const frame = judge(ethernet({ payload }));
    if (frame.kind !== 'packet') throw new Error(frame.kind);
    const answer = answerFor(TABLE, frame, FATES, { all: false, limit: 10 });
    t.ok(answer.anomalies.includes('fragment'));
    return [isLaterFragment(frame.packet), answer.verdict.kind, answer.notes[0].split(':')[0]];
  });
  t.strictSame(notes, [
    [false, 'rule', 'A first fragment'],
    [true, 'unmatched', 'A fragment without a transport header'],
  ]);
  t.end();
});

t.test('of a frame longer than a buffer, the beginning is judged as in the engine', (t) => {
  const long = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 80, payload: new Uint8Array(200) }) }) });
  const whole = judge(long, 128);
  t.match(whole, { kind: 'packet', anomalies: ['oversize'], packet: { dstPort: 80 } });
  // 64 bytes hold 14 of Ethernet, 20 of IPv4, 20 of TCP.
  t.match(judge(long, 40), { kind: 'packet', packet: { dstPort: 80, tcpFlags: -1 } });
  t.match(judge(long, 30), { kind: 'unclassified', reason: 'snapped' });
  t.end();
});

t.test('whatever the bytes are, there is an answer', (t) => {
  const linkType = fc.constantFrom(0, 1, 12, 101, 108, 113, 228, 229, 276);
  const packet = ipv4({ payload: tcp({ dstPort: 80 }) }).bytes;
  const damaged = fc.tuple(fc.nat(packet.length - 1), fc.nat(255)).map(([at, byte]) => packet.with(at, byte));
  const bytesLike = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 100 }), damaged);
  const kinds = new Set<string>();
  fc.assert(
    fc.property(bytesLike, linkType, fc.nat(1500), (bytes, link, wire) => {
      const frame = judgeFrame({ bytes, wireBytes: wire, linkType: link }, 64, null);
      const { verdict } = answerFor(TABLE, frame, FATES, { all: true, limit: 10 });
      kinds.add(verdict.kind);
      return frame.kind === 'packet'
        ? ['rule', 'unmatched'].includes(verdict.kind)
        : verdict.kind === frame.kind;
    }),
    { numRuns: 3000 },
  );
  t.equal(kinds.size, 4, [...kinds].join());
  t.end();
});
