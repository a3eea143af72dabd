import t from 'tap';
import { sourceProblems } from '../../src/engine/source-limits.js';
import { rules } from '../support/engine-fixture.js';

const cases: { rule: string; says: RegExp | null }[] = [
  { rule: 'match: { dst: "2001:db8::/32" }, action: count', says: /matches an IPv6 dst, / },
  { rule: 'match: { dst: [10.0.0.0/8, "::/0"] }, action: count', says: /matches an IPv6 dst, / },
  { rule: 'match: { dst: 10.0.0.0/8 }, action: count', says: null },
  { rule: 'match: { src: "2001:db8::/32" }, action: drop', says: null },
  { rule: 'match: { vlan: [7, 8] }, action: count', says: /matches vlan, / },
  { rule: 'match: { dscp: 46 }, action: count', says: /matches dscp, .* add ip_version: 4/ },
  { rule: 'match: { dscp: 46, ip_version: 4 }, action: count', says: null },
  { rule: 'match: { dscp: 46, src: 10.0.0.0/8 }, action: count', says: null },
  { rule: 'match: { ip_version: 6 }, action: { forward: eth0 }', says: /forwards IPv6 packets only, / },
  { rule: 'match: { src: "fe80::/10" }, action: { forward: eth0 }', says: /forwards IPv6 packets only, / },
  { rule: 'match: { protocol: icmpv6 }, action: { forward: eth0 }', says: /forwards IPv6 packets only, / },
  { rule: 'match: { protocol: [icmp, icmpv6] }, action: { forward: eth0 }', says: null },
  { rule: 'match: { protocol: tcp }, action: { forward: eth0 }', says: null },
];

t.test('rules that raw-socket cannot follow are refused, each at its line', async (t) => {
  for (const { rule, says } of cases) {
    const ruleSet = rules(`rules:\n  - { name: a, ${rule} }\n`);
    const problems = sourceProblems(ruleSet, 'raw-socket');
    t.equal(problems.length, says === null ? 0 : 1, rule);
    if (says !== null) t.match(problems, [new RegExp(`^test\\.yaml:2: rule a ${says.source}`)], rule);
    t.strictSame(sourceProblems(ruleSet, 'afpacket'), [], 'with afpacket all of them hold');
  }
});
