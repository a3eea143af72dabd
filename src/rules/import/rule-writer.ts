import type { Alias, Document, YAMLMap, YAMLSeq } from 'yaml';
import { FIELD_VALUES_MAX } from '../field-values.js';
import { protocolName } from '../integer-field.js';
import { formatTcpFlags } from '../tcp-flags-field.js';
import { networksOf } from './addresses.js';
import type { Condition } from './condition.js';
import { asName } from './rule-names.js';
import type { Values } from './values.js';

/** A rule file may have 4,096 anchors. */
const NAMED_SETS_MAX = 4000;

type ListField = 'src' | 'dst' | 'src_port' | 'dst_port';
type Entry = string | number;

/** Writes conditions as the `match` of rules, and their named sets once. */
export class RuleWriter {
  private readonly sets = new Map<string, { node: YAMLSeq; name: string }>();
  private readonly namesTaken = new Set<string>();
  private readonly setIds = new Map<Values, number>();

  /** @param setNames names of sets, by their values. */
  constructor(
    private readonly document: Document,
    private readonly setNames: ReadonlyMap<unknown, string>,
  ) {}

  /** The named sets that rules have used: `sets` of the file. */
  get usedSets(): readonly { readonly name: string; readonly node: YAMLSeq }[] {
    return [...this.sets.values()];
  }

  /** The match as nodes: one, or several where a list is longer than a rule may have it. */
  matches(condition: Condition): YAMLMap[] {
    const { version } = condition;
    const addresses = (field: 'src' | 'dst') => {
      const values = condition[field];
      return values === null ? [null] : chunks(networksOf(version!, values));
    };
    return addresses('src').flatMap((src, _, { length }) =>
      addresses('dst').map((dst, _, others) =>
        this.match(condition, src, dst, length === 1 && others.length === 1),
      ),
    );
  }

  /** @param isWhole whether the addresses are all that the condition has. */
  private match(
    condition: Condition,
    src: readonly string[] | null,
    dst: readonly string[] | null,
    isWhole: boolean,
  ): YAMLMap {
    const { document } = this;
    const match = document.createNode({}) as YAMLMap;
    match.flow = true;
    const add = (field: string, value: unknown) => match.add(document.createPair(field, value));
    const list = (field: ListField, values: Values | null, entries: readonly Entry[] | null) => {
      if (entries === null) return;
      const name = isWhole ? this.setNames.get(values) : undefined;
      add(field, name === undefined ? this.listNode(entries) : this.namedList(name, values!, entries));
    };
    if (condition.version !== null) add('ip_version', condition.version);
    if (condition.protocol !== null) add('protocol', this.listNode(protocols(condition.protocol)));
    list('src', condition.src, src);
    list('dst', condition.dst, dst);
    list('src_port', condition.srcPort, condition.srcPort && ranges(condition.srcPort));
    list('dst_port', condition.dstPort, condition.dstPort && ranges(condition.dstPort));
    if (condition.tcpFlags !== null) add('tcp_flags', formatTcpFlags(condition.tcpFlags));
    if (condition.icmpType !== null) add('icmp_type', this.listNode(ranges(condition.icmpType)));
    if (condition.dscp !== null) add('dscp', this.listNode(ranges(condition.dscp)));
    if (condition.fragment !== null) add('fragment', condition.fragment);
    if (condition.vlan !== null) add('vlan', this.listNode(ranges(condition.vlan)));
    if (condition.inInterface !== null) add('in_interface', this.listNode(condition.inInterface));
    return match;
  }

  private listNode(entries: readonly Entry[]): unknown {
    return entries.length === 1 ? this.document.createNode(entries[0]) : this.flowList(entries);
  }

  private flowList(entries: readonly Entry[]): YAMLSeq {
    const list = this.document.createNode(entries) as YAMLSeq;
    list.flow = true;
    return list;
  }

  private namedList(wanted: string, values: Values, entries: readonly Entry[]): unknown | Alias {
    if (this.sets.size >= NAMED_SETS_MAX) return this.listNode(entries);
    const key = `${wanted} ${this.idOf(values)}`;
    let set = this.sets.get(key);
    if (set === undefined) {
      const stem = asName(wanted).replaceAll('.', '-') || 'set';
      let name = stem;
      for (let n = 2; this.namesTaken.has(name); n++) name = `${stem}-${n}`;
      this.namesTaken.add(name);
      const node = this.flowList(entries);
      node.anchor = name;
      set = { node, name };
      this.sets.set(key, set);
    }
    return this.document.createAlias(set.node, set.name);
  }

  private idOf(values: Values): number {
    const id = this.setIds.get(values) ?? this.setIds.size;
    this.setIds.set(values, id);
    return id;
  }
}

function protocols(values: Values): string[] {
  const names: string[] = [];
  for (const { low, high } of values) {
    for (let number = low; number <= high; number++) names.push(protocolName(Number(number)));
  }
  return names;
}

function ranges(values: Values): Entry[] {
  return values.map(({ low, high }) => (low === high ? Number(low) : `${low}-${high}`));
}

function chunks(list: readonly string[]): (readonly string[])[] {
  if (list.length <= FIELD_VALUES_MAX) return [list];
  const count = Math.ceil(list.length / FIELD_VALUES_MAX);
  return Array.from({ length: count }, (_, i) =>
    list.slice(i * FIELD_VALUES_MAX, (i + 1) * FIELD_VALUES_MAX),
  );
}
