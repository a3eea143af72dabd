import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import { InvariantError } from '../errors.js';
import { type ProblemLog, RULE_FILE } from './rule-problems.js';
import { NESTING_MAX } from './yaml-document.js';

/**
 * A YAML document as the rule file's readers need it: scalars with the text as written, mappings by
 * key, aliases bound to what they mean but never copied, and the place of everything.
 */
export type YamlNode = YamlScalar | YamlList | YamlMap | YamlAlias;

interface Placed {
  /** Where it begins in the source, from 0. */
  readonly offset: number;
  /** Scalars in it once every alias is replaced by its target. */
  readonly scalarCount: number;
  /** Levels of lists and mappings in it, counted through aliases. */
  readonly depth: number;
}

export interface YamlScalar extends Placed {
  readonly kind: 'scalar';
  /** The text: of a plain scalar as written, of a quoted one its content. Empty for no value. */
  readonly text: string;
  /** What YAML takes it for: a text, a number, true, false or null. */
  readonly value: unknown;
  /** True when it stands without quotes, so that YAML gives it a type. */
  readonly plain: boolean;
}

export interface YamlList extends Placed {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}

export interface YamlEntry {
  readonly keyOffset: number;
  readonly node: YamlNode;
}

export interface YamlMap extends Placed {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

export interface YamlAlias extends Placed {
  readonly kind: 'alias';
  readonly target: Exclude<YamlNode, YamlAlias>;
}

/**
 * Bound on the scalars of a file once every alias is replaced by its target: 10,000 rules that name
 * 200 networks each stay below it, and a "billion laughs" file passes it at its sixth or seventh level.
 */
export const EXPANDED_SCALARS_MAX = 4_000_000;

const CORE_TAGS: ReadonlySet<string> = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'seq', 'map'].map((name) => `tag:yaml.org,2002:${name}`),
);

/** Follows an alias to what it stands for. */
export function resolved(node: YamlNode): Exclude<YamlNode, YamlAlias> {
  return node.kind === 'alias' ? node.target : node;
}

/** The text that a node is; `null` where it is a list, a mapping, or what YAML takes for something else than text. */
export function textOf(node: YamlNode): string | null {
  const scalar = resolved(node);
  return scalar.kind === 'scalar' && typeof scalar.value === 'string' ? scalar.value : null;
}

/**
 * Builds the tree of a document and reports what YAML allows but a rule file does not: duplicate keys,
 * keys that are not scalars, tags, aliases of nothing.
 *
 * @returns the root; an empty document gives an empty scalar.
 * @throws RuleFileError at once, with what was found before, for an alias of its own parent and for
 * aliases that expand beyond the bounds.
 */
export function buildTree(document: Document, problems: ProblemLog): YamlNode {
  return new TreeBuilder(problems).build(document.contents, 0);
}

class TreeBuilder {
  /** What an anchor names at this point of the document; null while the builder is inside that node. */
  private readonly anchors = new Map<string, Exclude<YamlNode, YamlAlias> | null>();
  private expandedScalars = 0;

  constructor(private readonly problems: ProblemLog) {}

  /** @param emptyOffset where to point when there is no value: usually the key. */
  build(node: Node | null, emptyOffset: number): YamlNode {
    if (node === null) return this.scalar('', null, true, emptyOffset);
    const offset = node.range?.[0] ?? emptyOffset;
    if (isAlias(node)) return this.alias(node.source, offset);
    this.refuseTag(node, offset);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.anchors.set(anchor, null);
    let built: Exclude<YamlNode, YamlAlias>;
    if (isMap(node)) built = this.map(node.items as Pair<Node, Node | null>[], offset);
    else if (isSeq(node)) built = this.list(node.items as Node[], offset);
    else built = this.scalarOf(node as Scalar, offset, emptyOffset);
    if (anchor !== undefined) this.anchors.set(anchor, built);
    return built;
  }

  private scalarOf(node: Scalar, offset: number, emptyOffset: number): YamlScalar {
    const plain = node.type === 'PLAIN';
    const text = plain ? (node.source ?? '') : String(node.value);
    const isEmpty = plain && text === '' && node.tag === undefined;
    return this.scalar(text, node.value, plain, isEmpty ? emptyOffset : offset);
  }

  private scalar(text: string, value: unknown, plain: boolean, offset: number): YamlScalar {
    this.expandedScalars++;
    return { kind: 'scalar', text, value, plain, offset, scalarCount: 1, depth: 0 };
  }

  private list(nodes: readonly Node[], offset: number): YamlList {
    const items: YamlNode[] = [];
    let scalarCount = 0;
    let depth = 0;
    for (const node of nodes) {
      const item = this.build(node, node?.range?.[0] ?? offset);
      items.push(item);
      scalarCount += item.scalarCount;
      depth = Math.max(depth, item.depth);
    }
    return { kind: 'list', items, offset, scalarCount, depth: depth + 1 };
  }

  private map(pairs: readonly Pair<Node, Node | null>[], offset: number): YamlMap {
    const entries = new Map<string, YamlEntry>();
    let scalarCount = 0;
    let depth = 0;
    for (const pair of pairs) {
      const key = this.build(pair.key, offset);
      const node = this.build(pair.value, key.offset);
      if (key.kind !== 'scalar' || key.text === '') {
        // A tag without a value, like `!ack` in { tcp_flags: syn,!ack }, has been reported.
        if (!this.problems.hasProblemInLineOf(key.offset)) {
          this.problems.add(key.offset, 'a key must be a plain word');
        }
        continue;
      }
      const first = entries.get(key.text);
      if (first !== undefined) {
        const line = this.problems.lineOf(first.keyOffset);
        this.problems.add(
          key.offset,
          `duplicate key "${key.text}", given in line ${line} already; remove one`,
        );
        continue;
      }
      entries.set(key.text, { keyOffset: key.offset, node });
      scalarCount += node.scalarCount;
      depth = Math.max(depth, node.depth);
    }
    return { kind: 'map', entries, offset, scalarCount, depth: depth + 1 };
  }

  private alias(name: string, offset: number): YamlNode {
    const target = this.anchors.get(name);
    if (target === undefined) {
      const place = this.problems.kind === RULE_FILE ? ' (sets: is the place)' : '';
      this.problems.add(offset, `*${name} refers to nothing; define &${name} above it${place}`);
      return this.scalar('', null, true, offset);
    }
    if (target === null)
      return this.stop(offset, `*${name} stands inside of what &${name} names; break the circle`);
    this.expandedScalars += target.scalarCount;
    if (this.expandedScalars > EXPANDED_SCALARS_MAX) {
      const limit = `with *${name} the file grows beyond ${EXPANDED_SCALARS_MAX} values`;
      return this.stop(offset, `${limit} once aliases are replaced by what they name; use fewer of them`);
    }
    if (target.depth > NESTING_MAX) {
      return this.stop(offset, `*${name} names lists nested deeper than ${NESTING_MAX} levels; flatten them`);
    }
    const { scalarCount, depth } = target;
    return { kind: 'alias', target, offset, scalarCount, depth };
  }

  /** Reports and gives up: what the alias stands for is not known, or too much to look at. */
  private stop(offset: number, message: string): never {
    this.problems.add(offset, message);
    this.problems.throwIfAny();
    throw new InvariantError('throwIfAny returned although a problem had just been added');
  }

  private refuseTag(node: Node, offset: number): void {
    const tag = isScalar(node) || isMap(node) || isSeq(node) ? node.tag : undefined;
    if (tag === undefined || CORE_TAGS.has(tag)) return;
    const written = tag.replace('tag:yaml.org,2002:', '!!');
    // yaml places a tag without a value at the tag's end.
    const isBare = isScalar(node) && node.source === '';
    const place = isBare ? offset - written.length : offset;
    this.problems.add(place, `YAML takes ${written} for a tag; put a value that begins with "!" in quotes`);
  }
}
