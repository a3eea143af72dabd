import { Ajv, type ErrorObject } from 'ajv';
import { quoted } from './field-values.js';
import { nearest } from './nearest.js';
import type { ProblemLog } from './rule-problems.js';
import { resolved, type YamlMap, type YamlNode } from './yaml-tree.js';

/**
 * The structure of a rule file. What a field means is checked by its reader, which knows the text as
 * written; so the fields of a match are of unknown type here, and the schema never looks into the
 * lists that aliases share.
 */
const any = {};
const text = { type: 'string' };

const MATCH_PROPERTIES = {
  ip_version: any,
  protocol: any,
  src: any,
  dst: any,
  src_port: any,
  dst_port: any,
  tcp_flags: any,
  icmp_type: any,
  dscp: any,
  fragment: any,
  vlan: any,
  in_interface: any,
};
const RULE_PROPERTIES = {
  name: text,
  description: text,
  priority: any,
  match: { type: 'object', properties: MATCH_PROPERTIES, additionalProperties: false },
  action: any,
};
const FILE_PROPERTIES = {
  default_action: any,
  sets: { type: 'object' },
  rules: {
    type: 'array',
    items: {
      type: 'object',
      properties: RULE_PROPERTIES,
      required: ['name', 'action'],
      additionalProperties: false,
    },
  },
};
const FILE = {
  type: 'object',
  properties: FILE_PROPERTIES,
  required: ['rules'],
  additionalProperties: false,
};

export type MatchField = keyof typeof MATCH_PROPERTIES;
/** The fields of a match, in the order in which they are named to people. */
export const MATCH_FIELDS = Object.keys(MATCH_PROPERTIES) as readonly MatchField[];

const FILE_KEYS = Object.keys(FILE_PROPERTIES);
const RULE_KEYS = Object.keys(RULE_PROPERTIES);
const MATCH_KEYS: readonly string[] = MATCH_FIELDS;

/** Without the meta-schema, whose compilation took longer than all else here: 45 ms of each start. */
const validate = new Ajv({ allErrors: true, strict: true, meta: false, validateSchema: false }).compile(FILE);

/**
 * Reports unknown and missing keys, and values of the wrong shape.
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
  if (!validate(file.value)) for (const error of validate.errors ?? []) report(file, error, problems);
  return file;
}

function report(root: YamlMap, error: ErrorObject, problems: ProblemLog): void {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const place = placeOf(root, path);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      const map = resolved(place.node);
      const offset = map.kind === 'map' ? map.entries.get(key)?.keyOffset : undefined;
      problems.add(offset ?? place.offset, unknownKey(key, path));
      return;
    }
    case 'required':
      problems.add(place.offset, missingKey(String(error.params.missingProperty)));
      return;
    default:
      problems.add(place.offset, wrongType(path, String(error.params.type), place.node));
  }
}

/** The node that a schema error is about; `offset` is where this file, not an anchor, mentions it. */
function placeOf(root: YamlMap, path: readonly string[]): { node: YamlNode; offset: number } {
  let node: YamlNode = root;
  for (const step of path) {
    const parent = resolved(node);
    if (parent.kind === 'list') node = parent.items[Number(step)];
    else if (parent.kind === 'map') node = parent.entries.get(step)!.node;
  }
  return { node, offset: node.offset };
}

/** RFC 6901, section 4. */
function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function unknownKey(key: string, path: readonly string[]): string {
  const inMatch = path.length === 3;
  const inRule = path.length === 2;
  const known = inMatch ? MATCH_KEYS : inRule ? RULE_KEYS : FILE_KEYS;
  const where = inMatch ? 'in match' : inRule ? 'in a rule' : 'at the top of the file';
  const start = `unknown key "${key.length > 80 ? `${key.slice(0, 79)}…` : key}" ${where}`;
  if (key === '<<') return `${start}; YAML 1.2 has no merge keys, write the keys out`;
  if (inRule && MATCH_KEYS.includes(key)) return `${start}; move it into match: { ${key}: ... }`;
  if (inMatch && RULE_KEYS.includes(key)) return `${start}; it belongs to the rule, beside match`;
  const meant = nearest(key, known);
  if (meant !== null) return `${start}; did you mean "${meant}"?`;
  return `${start}; the keys here are ${known.join(', ')}`;
}

function missingKey(key: string): string {
  if (key === 'rules') return 'the key "rules" is missing; write "rules: []" for no rules';
  if (key === 'name') return 'the rule has no name; give it one, the metrics are labelled with it';
  return 'the rule has no action; write count, drop, forward or { forward: eth1 }';
}

function wrongType(path: readonly string[], type: string, node: YamlNode): string {
  const last = path[path.length - 1];
  const target = resolved(node);
  const text = target.kind === 'scalar' ? quoted(target) || 'empty' : '';
  const found = text || (target.kind === 'map' ? 'a mapping' : 'a list');
  if (type === 'string') return `${last} must be text, but is ${found}; put it in quotes`;
  if (last === 'rules') return `rules must be a list, but is ${found}; write "rules: []" for no rules`;
  if (last === 'sets') return `sets must be a mapping of name to list, but is ${found}`;
  if (last === 'match')
    return `match must be a mapping of fields, but is ${found}; leave it out to match all`;
  return `a rule must be a mapping with name and action, but is ${found}`;
}
