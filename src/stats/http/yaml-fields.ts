import { nearest } from '../../rules/nearest.js';
import type { ProblemLog } from '../../rules/rule-problems.js';
import { resolved, type YamlEntry, type YamlNode } from '../../rules/yaml-tree.js';

/** The fields of one mapping, by key. */
export type Fields = ReadonlyMap<string, YamlEntry>;

/**
 * Reads the values of a YAML tree as what they must be, and reports those that are something else. Messages
 * never repeat a value: the file holds what belongs into no log.
 */
export class YamlFields {
  constructor(private readonly problems: ProblemLog) {}

  /** The entries of a mapping, whatever their keys; none, and a problem, when it is not one. */
  mapping(node: YamlNode, name: string): Fields {
    const map = resolved(node);
    if (map.kind === 'map') return map.entries;
    this.problems.add(node.offset, `${name} must be a mapping`);
    return new Map();
  }

  /**
   * The entries of a mapping that has these keys only.
   *
   * @param unsupported keys that the format has and UPE has not, and what to do instead.
   */
  fields(
    node: YamlNode,
    name: string,
    known: readonly string[],
    unsupported: Readonly<Record<string, string>> = {},
  ): Fields {
    const entries = this.mapping(node, name);
    for (const [key, { keyOffset }] of entries) {
      if (known.includes(key)) continue;
      const instead = Object.hasOwn(unsupported, key) ? unsupported[key] : undefined;
      this.problems.add(keyOffset, instead ? `${key}: ${instead}` : unknownKey(key, name, known));
    }
    return entries;
  }

  /** A text that is not empty, or `null` when there is none or, with a problem, when it is something else. */
  text(fields: Fields, key: string): string | null {
    const entry = fields.get(key);
    if (entry === undefined) return null;
    const node = resolved(entry.node);
    if (node.kind === 'scalar' && node.text !== '' && node.value !== null) return node.text;
    this.problems.add(entry.node.offset, `${key} must be text`);
    return null;
  }

  /** True or false, or `null` as with `text`. */
  flag(fields: Fields, key: string): boolean | null {
    const entry = fields.get(key);
    if (entry === undefined) return null;
    const node = resolved(entry.node);
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.problems.add(entry.node.offset, `${key} must be true or false`);
    return null;
  }

  /** One of the keys of `meanings`: what it means; or `null` as with `text`. */
  choice<Meaning>(fields: Fields, key: string, meanings: Readonly<Record<string, Meaning>>): Meaning | null {
    const text = this.text(fields, key);
    if (text === null) return null;
    if (Object.hasOwn(meanings, text)) return meanings[text];
    const words = Object.keys(meanings).join(', ');
    this.problems.add(fields.get(key)!.node.offset, `${key} must be one of ${words}`);
    return null;
  }

  /** What the words of a list mean, or `null` as with `text`; an empty list is as good as none. */
  choices(fields: Fields, key: string, meanings: Readonly<Record<string, string>>): string[] | null {
    const entry = fields.get(key);
    if (entry === undefined) return null;
    const list = resolved(entry.node);
    if (list.kind !== 'list') {
      this.problems.add(entry.node.offset, `${key} must be a list`);
      return null;
    }
    const chosen: string[] = [];
    for (const item of list.items) {
      const word = resolved(item);
      const text = word.kind === 'scalar' ? word.text : '';
      if (Object.hasOwn(meanings, text)) chosen.push(meanings[text]);
      else
        this.problems.add(
          item.offset,
          `${key} may hold ${Object.keys(meanings).join(', ')}, and nothing else`,
        );
    }
    return chosen.length === 0 ? null : chosen;
  }

  problem(entry: YamlEntry, message: string): void {
    this.problems.add(entry.node.offset, message);
  }
}

function unknownKey(key: string, name: string, known: readonly string[]): string {
  const shown = key.length > 80 ? `${key.slice(0, 79)}…` : key;
  const meant = nearest(key, known);
  const hint = meant === null ? `the keys here are ${known.join(', ')}` : `did you mean "${meant}"?`;
  return `unknown key "${shown}" in ${name}; ${hint}`;
}
