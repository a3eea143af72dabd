import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ReplayReport } from '../../../src/commands/replay-report.js';
import {
  FIRST_UNCLASSIFIED_SLOT,
  MALFORMED_REASONS,
  UNCLASSIFIED_KINDS,
} from '../../../src/counters/catalogue.js';
import { PARSED, Packet } from '../../../src/protocol/packet.js';
import { parseFrame } from '../../../src/protocol/parser.js';
import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import { compileMatcher } from '../../../src/rules/compile/compile-matcher.js';
import { CompiledMatcher } from '../../../src/rules/compiled-matcher.js';
import { placeCompiled } from '../../../src/rules/compiled-memory.js';
import { answerFor, type Verdict } from '../../../src/rules/explain/answer.js';
import { judgeFrame } from '../../../src/rules/explain/judged-frame.js';
import { NO_MATCH } from '../../../src/rules/matcher.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { CaptureFile, PACKET_READ } from '../../../src/source/capture/capture-file.js';
import { CaptureInput } from '../../../src/source/capture/capture-input.js';
import { rules, temporaryFolder } from '../../support/engine-fixture.js';
import { sharedCaptures, withoutSharedCaptures } from '../../support/shared-captures.js';
import { runUpe } from '../../support/upe-process.js';

/** Rules on every field, that overlap. */
const RULES = `default_action: drop
rules:
  - { name: tagged, match: { vlan: 0-99, protocol: [tcp, icmp] }, action: count }
  - { name: elsewhere, match: { in_interface: eth0 }, action: drop }
  - { name: marked, match: { dscp: 1-63, ip_version: 6 }, action: count }
  - { name: pieces, match: { fragment: true, protocol: udp }, action: count }
  - { name: opening, match: { tcp_flags: "syn,!ack" }, action: drop }
  - { name: echo, match: { icmp_type: [0, 8, 128-129] }, action: count }
  - { name: private, match: { src: [10.0.0.0/8, 192.168.0.0/16, "fe80::/10"], src_port: 1024-65535 }, action: count }
  - { name: low, match: { dst_port: 0-1023, in_interface: [pcap, eth1] }, action: count }
  - { name: high, match: { dst: [0.0.0.0/1, "2000::/3"], protocol: [udp, sctp] }, action: drop }
  - { name: ipv6, match: { ip_version: 6 }, action: count }
`;
const INTERFACES = ['pcap'];
const BUFFER_BYTES = 2048;
const FATES = { unclassified: 'count', malformed: 'count' } as const;

const set = rules(RULES);
const memory = buildRuleTable(
  set,
  set.rules.map((_, i) => i),
  INTERFACES,
  1,
  null,
);
const table = new RuleTable(memory);
const explainable = {
  table,
  rules: set.rules.map(({ name, action, outInterface }) => ({ rule: name, action, outInterface })),
  interfaces: INTERFACES,
};
const matcher = new CompiledMatcher(placeCompiled(compileMatcher(set, INTERFACES)));

/** What a worker makes of a frame: parser and compiled matcher, as in its loop. */
function engineVerdict(bytes: Uint8Array, wireBytes: number, linkType: number): Partial<Verdict> {
  const packet = new Packet();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const status = parseFrame(view, 0, Math.min(bytes.length, BUFFER_BYTES), wireBytes, linkType, packet);
  if (status !== PARSED) {
    return status < FIRST_UNCLASSIFIED_SLOT
      ? { kind: 'malformed', reason: MALFORMED_REASONS[status] }
      : { kind: 'unclassified', reason: UNCLASSIFIED_KINDS[status - FIRST_UNCLASSIFIED_SLOT] };
  }
  const position = matcher.match(packet);
  if (position === NO_MATCH) return { kind: 'unmatched', action: 'drop' };
  const { name, action } = set.rules[position];
  return { kind: 'rule', rule: name, position: position + 1, action };
}

/** Calls `visit` with every frame that can be read; a damaged file ends early. */
function eachFrame(
  file: string,
  visit: (bytes: Uint8Array, wireBytes: number, linkType: number) => void,
): void {
  const input = new CaptureInput();
  const capture = new CaptureFile(file, input);
  try {
    while (capture.next(true) === PACKET_READ) {
      const { frameOffset, capturedBytes, wireBytes, linkType } = capture.reader!;
      visit(input.bytes.slice(frameOffset, frameOffset + capturedBytes), wireBytes, linkType);
    }
  } finally {
    capture.close();
  }
}

t.test(
  'explain says of every packet what the engine does with it',
  { skip: withoutSharedCaptures },
  async (t) => {
    const folder = temporaryFolder(t);
    const rulesFile = join(folder, 'rules.yaml');
    writeFileSync(rulesFile, RULES);
    const captures = sharedCaptures().filter(({ isReadable }) => isReadable);
    const counted = new Map<string, number>();
    let packets = 0;
    for (const { file } of captures) {
      eachFrame(file, (bytes, wireBytes, linkType) => {
        packets++;
        const frame = judgeFrame({ bytes, wireBytes, linkType }, BUFFER_BYTES, 0);
        const { verdict } = answerFor(explainable, frame, FATES, { all: false, limit: 1 });
        const expected = engineVerdict(bytes, wireBytes, linkType);
        const key =
          verdict.kind === 'rule' ? verdict.rule : 'reason' in verdict ? verdict.reason : verdict.kind;
        counted.set(key, (counted.get(key) ?? 0) + 1);
        const differs = Object.entries(expected).some(([part, value]) => verdict[part as 'kind'] !== value);
        if (differs) t.strictSame(verdict, expected, `${file}, packet ${packets}`);
      });
    }
    t.equal(
      packets,
      captures.reduce((sum, { records }) => sum + records, 0),
    );
    t.comment(`${packets} packets of ${captures.length} captures`);
    // The threads count the same: no step between the two was missed.
    const args = ['replay', ...captures.map(({ file }) => file), '--json', '--rules', rulesFile];
    const { stdout } = await runUpe(t, args);
    const report = JSON.parse(stdout) as ReplayReport;
    for (const { rule, packets: own } of report.rules) t.equal(counted.get(rule) ?? 0, own, rule);
    t.equal(counted.get('unmatched') ?? 0, report.unmatched.packets, 'unmatched');
    for (const [reason, own] of Object.entries({ ...report.malformed, ...report.unclassified })) {
      t.equal(counted.get(reason), own, reason);
    }
    t.equal(
      [...counted.values()].reduce((sum, own) => sum + own, 0),
      report.received.packets,
    );
    t.ok(
      report.rules.filter(({ packets: own }) => own > 0).length >= 8,
      report.rules.map(({ rule, packets: own }) => `${rule} ${own}`).join(', '),
    );
  },
);
