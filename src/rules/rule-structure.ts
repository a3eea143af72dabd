import { quoted } from './field-values.js';
import { MATCH_FIELDS } from './match-fields.js';
import { nearest } from './nearest.js';
import type { ProblemLog } from './rule-problems.js';
import { resolved, textOf, type YamlMap, type YamlNode } from './yaml-tree.js';

const FILE_KEYS: readonly string[] = ['default_action', 'sets', 'rules'];
const RULE_KEYS: readonly string[] = ['name', 'description', 'priority', 'match', 'action'];
const MATCH_KEYS: readonly string[] = MATCH_FIELDS;

/** The mappings of a rule file: the keys that each may have, and where a key of it is said to stand. */
const LEVELS = {
  file: { known: FILE_KEYS, where: 'at the top of the file' },
  rule: { known: RULE_KEYS, where: 'in a rule' },
  match: { known: MATCH_KEYS, where: 'in match' },
} as const;
type Level = keyof typeof LEVELS;

/** What is said of a value of another shape, by what it should be. */
const WRONG_SHAPES = {
  name: (found: string) => `name must be text, but is ${found}; put it in quotes`,
  description: (found: string) => `description must be text, but is ${found}; put it in quotes`,
  rules: (found: string) => `rules must be a list, but is ${found}; write "rules: []" for no rules`,
  sets: (found: string) => `sets must be a mapping of name to list, but is ${found}`,
  match: (found: string) => `match must be a mapping of fields, but is ${found}; leave it out to match all`,
  rule: (found: string) => `a rule must be a mapping with name and action, but is ${found}`,
};

/**
 * Reports unknown and missing keys, and values of the wrong shape: the structure of a rule file. What a field means is
 * checked by its reader, which knows the text as written; so nothing is asked of the fields of a match here, and the
 * lists that aliases share are never looked into.
 *
 * By hand, on the tree, which knows the places: with a JSON schema half of it was finding the place of what ajv had
 * found, and ajv took 35 ms of each start.
 *
 * @returns the root as a mapping, or null when the file is none.
 */
export function checkStructure(root: YamlNode, problems: ProblemLog): YamlMap | null {
  const file = resolved(root);
  if (file.kind === 'scalar' && file.text === '') {
    problems.add(0, 'the file is empty; write "rules: []" for no rules');
    return null;
  }
  // A file of something else is not quoted line by line: it may hold what belongs into no log.
  if (file.kind !== 'map' || !FILE_KEYS.some((key) => file.entries.has(key))) {
    problems.add(file.offset, 'this is not a rule file: it must be a mapping with the key "rules"');
    return null;
  }
  new StructureCheck(problems).file(file);
  return file;
}

class StructureCheck {
  constructor(private readonly problems: ProblemLog) {}

  file(file: YamlMap): void {
    this.keys(file, file.offset, 'file', ['rules']);
    const sets = file.entries.get('sets')?.node;
    if (sets !== undefined && resolved(sets).kind !== 'map') this.wrongShape('sets', sets);
    const rules = file.entries.get('rules')?.node;
    if (rules === undefined) return;
    const list = resolved(rules);
    if (list.kind === 'list') for (const rule of list.items) this.rule(rule);
    else this.wrongShape('rules', rules);
  }

  private rule(node: YamlNode): void {
    const rule = resolved(node);
    if (rule.kind !== 'map') {
      this.wrongShape('rule', node);
      return;
    }
    this.keys(rule, node.offset, 'rule', ['name', 'action']);
    for (const key of ['name', 'description'] as const) {
      const text = rule.entries.get(key)?.node;
      if (text !== undefined && textOf(text) === null) this.wrongShape(key, text);
    }
    const match = rule.entries.get('match')?.node;
    if (match === undefined) return;
    const fields = resolved(match);
    if (fields.kind === 'map') this.keys(fields, match.offset, 'match', []);
    else this.wrongShape('match', match);
  }

  /** @param offset where this file, not an anchor, mentions the mapping. */
  private keys(map: YamlMap, offset: number, level: Level, required: readonly string[]): void {
    for (const key of required) if (!map.entries.has(key)) this.problems.add(offset, missingKey(key));
    const { known } = LEVELS[level];
    for (const [key, { keyOffset }] of map.entries) {
      if (!known.includes(key)) this.problems.add(keyOffset, unknownKey(key, level));
    }
  }

  private wrongShape(what: keyof typeof WRONG_SHAPES, node: YamlNode): void {
    const target = resolved(node);
    const text = target.kind === 'scalar' ? quoted(target) || 'empty' : '';
    const found = text || (target.kind === 'map' ? 'a mapping' : 'a list');
    this.problems.add(node.offset, WRONG_SHAPES[what](found));
  }
}

function unknownKey(key: string, level: Level): string {
  const { known, where } = LEVELS[level];
  const start = `unknown key "${key.length > 80 ? `${key.slice(0, 79)}…` : key}" ${where}`;
  if (key === '<<') return `${start}; YAML 1.2 has no merge keys, write the keys out`;
  if (level === 'rule' && MATCH_KEYS.includes(key)) return `${start}; move it into match: { ${key}: ... }`;
  if (level === 'match' && RULE_KEYS.includes(key)) return `${start}; it belongs to the rule, beside match`;
  const meant = nearest(key, known);
  if (meant !== null) return `${start}; did you mean "${meant}"?`;
  return `${start}; the keys here are ${known.join(', ')}`;
}

function missingKey(key: string): string {
  if (key === 'rules') return 'the key "rules" is missing; write "rules: []" for no rules';
  if (key === 'name') return 'the rule has no name; give it one, the metrics are labelled with it';
  return 'the rule has no action; write count, drop, forward or { forward: eth1 }';
}
