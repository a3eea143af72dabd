import { Random } from '../protocol/random.js';

const SERVICES = [22, 25, 53, 80, 110, 123, 143, 161, 389, 443, 445, 993, 1433, 3306, 5432, 8080];
const SEED = 1;

/**
 * A rule file as large installations have them: a source, a destination or both, most rules with a service.
 *
 * @param count rules in it.
 * @param version is written into the last rule, which then matches another port: another file, but for the
 * counters the same rules.
 */
export function largeRuleFile(count: number, version: number): string {
  const random = new Random(SEED);
  const lines = ['default_action: count', 'rules:'];
  for (let i = 0; i + 1 < count; i++) {
    const fields = ['protocol: tcp'];
    const kind = random.below(4);
    if (kind !== 0) fields.push(`src: 10.${random.below(64)}.${random.below(256)}.0/24`);
    if (kind !== 1) fields.push(`dst: 172.16.${random.below(256)}.${random.below(256)}`);
    if (random.below(5) !== 0) fields.push(`dst_port: ${random.pick(SERVICES)}`);
    lines.push(`  - { name: rule-${i}, match: { ${fields.join(', ')} }, action: count }`);
  }
  lines.push(`  - { name: last, match: { protocol: udp, dst_port: ${20_000 + version} }, action: count }`);
  return `${lines.join('\n')}\n`;
}
