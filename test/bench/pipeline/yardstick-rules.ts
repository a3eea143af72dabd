import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import { parseRuleFile } from '../../../src/rules/rule-file.js';
import type { RuleTableMemory } from '../../../src/rules/rule-table.js';
import { SlotRegistry } from '../../../src/rules/slot-registry.js';

/** The yardstick's table: only the last rule matches. */
export function yardstickTable(count: number, generation: number): RuleTableMemory {
  const lines = ['default_action: count', 'rules:'];
  for (let i = 0; i + 1 < count; i++) {
    const network = (0xc0000000 + i * 256) >>> 0;
    const src = [24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.');
    lines.push(`- { name: r${i}, match: { protocol: tcp, src: ${src}/24, dst_port: 80 }, action: forward }`);
  }
  lines.push('- { name: last, match: { protocol: tcp }, action: forward }');
  const ruleSet = parseRuleFile(new TextEncoder().encode(lines.join('\n')), 'yardstick.yaml');
  const { slots } = new SlotRegistry(count).plan(ruleSet);
  return buildRuleTable(ruleSet, slots, ['bench'], generation);
}
