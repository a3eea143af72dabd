import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a rule file.
 *
 * @param rules one line of YAML each.
 * @returns its path.
 */
export function rulesFileIn(
  folder: string,
  name: string,
  rules: readonly string[],
  defaultAction: 'count' | 'drop' | 'forward',
): string {
  const file = join(folder, `${name}.yaml`);
  const list = rules.length === 0 ? ' []\n' : `\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
  writeFileSync(file, `default_action: ${defaultAction}\nrules:${list}`);
  return file;
}

/** The series of a rule's packets. */
export function rulePackets(rule: string, action = 'count'): string {
  return `upe_rule_packets_total{rule="${rule}",action="${action}"}`;
}
