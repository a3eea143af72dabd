import { Mistake } from './mistake.js';
import type { ProblemLog } from './rule-problems.js';
import type { YamlNode, YamlScalar } from './yaml-tree.js';

/** Values in one field once lists and aliases are flattened: every port, or as many networks. */
export const FIELD_VALUES_MAX = 65_536;

/**
 * Reads fields that take one value or a list of them, nested through aliases or not.
 *
 * What an alias stands for is read once and shared by all rules that use it: 10,000 rules that name
 * the same 50 networks hold one array.
 */
export class ValueReader<T> {
  private readonly read = new Map<YamlNode, readonly T[] | null>();

  /** @param parse turns one scalar into a value, or says what is wrong with it. */
  constructor(
    private readonly parse: (scalar: YamlScalar) => T | Mistake,
    private readonly problems: ProblemLog,
  ) {}

  /**
   * @param field the field's name, for messages.
   * @returns the values in the order of the file, at least one; null when a problem was reported.
   */
  values(node: YamlNode, field: string): readonly T[] | null {
    if (node.scalarCount > FIELD_VALUES_MAX) {
      const limit = `at most ${FIELD_VALUES_MAX} are possible; split the rule`;
      this.problems.add(node.offset, `${field}: ${node.scalarCount} values, ${limit}`);
      return null;
    }
    if (node.kind === 'alias') return this.shared(node.target, field, node.offset);
    return this.own(node, field, node.offset);
  }

  private shared(target: YamlNode, field: string, useOffset: number): readonly T[] | null {
    let values = this.read.get(target);
    if (values === undefined) {
      values = this.own(target, field, useOffset);
      this.read.set(target, values);
    }
    return values;
  }

  private own(node: YamlNode, field: string, useOffset: number): readonly T[] | null {
    if (node.kind === 'alias') return this.shared(node.target, field, node.offset);
    if (node.kind === 'map') {
      this.problems.add(node.offset, `${field}: a mapping; it must be a value or a list of values`);
      return null;
    }
    if (node.kind === 'scalar') {
      const value = node.text === '' ? NO_VALUE : this.parse(node);
      if (!(value instanceof Mistake)) return [value];
      this.problems.add(node.offset, `${field}: ${value.message}`);
      return null;
    }
    if (node.scalarCount === 0) {
      this.problems.add(useOffset, `${field}: an empty list matches nothing; leave ${field} out for any`);
      return null;
    }
    const values: T[] = [];
    let complete = true;
    for (const item of node.items) {
      const more = this.own(item, field, item.offset);
      if (more === null) complete = false;
      else for (const value of more) values.push(value);
    }
    return complete ? values : null;
  }
}

/** What an empty scalar gets told. */
export const NO_VALUE = new Mistake('no value; give one, or leave the field out');

/**
 * Calls `visit` with every scalar of a field and the place where the rule mentions it: the scalar's own,
 * or that of the alias that brings it in.
 */
export function eachScalar(node: YamlNode, visit: (scalar: YamlScalar, offset: number) => void): void {
  const walk = (at: YamlNode, aliasOffset: number): void => {
    if (at.kind === 'scalar') visit(at, aliasOffset === -1 ? at.offset : aliasOffset);
    else if (at.kind === 'list') for (const item of at.items) walk(item, aliasOffset);
    else if (at.kind === 'alias') walk(at.target, aliasOffset === -1 ? at.offset : aliasOffset);
  };
  walk(node, -1);
}

/** A value in a message: as written, in quotes where it had any, cut where it is long. */
export function quoted(scalar: YamlScalar): string {
  const text = scalar.text.length > 80 ? `${scalar.text.slice(0, 79)}…` : scalar.text;
  return scalar.plain ? text : JSON.stringify(text);
}
