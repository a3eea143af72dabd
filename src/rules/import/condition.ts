import type { TcpFlagsMatch } from '../rule.js';
import { areDisjoint, intersection, numbers, sameValues, type Values, valuesOf } from './values.js';

/**
 * What a rule of UPE can ask of a packet: all fields that are given hold. `null` means any. A foreign rule
 * becomes a list of these: it matches where one of them does, and an empty list matches nothing.
 */
export interface Condition {
  readonly version: 4 | 6 | null;
  readonly protocol: Values | null;
  /** Addresses are those of `version`, which is given with them. */
  readonly src: Values | null;
  readonly dst: Values | null;
  readonly srcPort: Values | null;
  readonly dstPort: Values | null;
  readonly tcpFlags: TcpFlagsMatch | null;
  readonly icmpType: Values | null;
  readonly dscp: Values | null;
  readonly fragment: boolean | null;
  readonly vlan: Values | null;
  readonly inInterface: readonly string[] | null;
}

/** The fields that are sets of numbers. */
export type ValueField = 'protocol' | 'src' | 'dst' | 'srcPort' | 'dstPort' | 'icmpType' | 'dscp' | 'vlan';
export const VALUE_FIELDS: readonly ValueField[] = [
  'protocol',
  'src',
  'dst',
  'srcPort',
  'dstPort',
  'icmpType',
  'dscp',
  'vlan',
];

export const ANYTHING: Condition = {
  version: null,
  protocol: null,
  src: null,
  dst: null,
  srcPort: null,
  dstPort: null,
  tcpFlags: null,
  icmpType: null,
  dscp: null,
  fragment: null,
  vlan: null,
  inInterface: null,
};

/** The protocols in which UPE finds ports: TCP, UDP and SCTP. */
export const WITH_PORTS = numbers(6, 17, 132);
const WITH_FLAGS = numbers(6);
const WITH_ICMP_TYPE = numbers(1, 58);

/** A condition of these fields, with the protocols that they imply. `null` when it can match nothing. */
export function conditionOf(fields: Partial<Condition>): Condition | null {
  const given = { ...ANYTHING, ...fields };
  let { protocol } = given;
  const imply = (able: Values) => {
    protocol = protocol === null ? able : intersection(protocol, able);
  };
  if (given.srcPort !== null || given.dstPort !== null) imply(WITH_PORTS);
  if (given.tcpFlags !== null) imply(WITH_FLAGS);
  if (given.icmpType !== null) imply(WITH_ICMP_TYPE);
  const condition = { ...given, protocol };
  const { tcpFlags, inInterface } = condition;
  if (VALUE_FIELDS.some((field) => condition[field]?.length === 0)) return null;
  if (inInterface?.length === 0) return null;
  return tcpFlags !== null && (tcpFlags.set & tcpFlags.clear) !== 0 ? null : condition;
}

/** Both conditions at once. `null` when no packet can meet both. */
export function both(a: Condition, b: Condition): Condition | null {
  if (a === ANYTHING) return b;
  if (b === ANYTHING) return a;
  if (areApart(a, b)) return null;
  const values = (field: ValueField) => either(a[field], b[field], intersection);
  return conditionOf({
    version: a.version ?? b.version,
    protocol: values('protocol'),
    src: values('src'),
    dst: values('dst'),
    srcPort: values('srcPort'),
    dstPort: values('dstPort'),
    icmpType: values('icmpType'),
    dscp: values('dscp'),
    vlan: values('vlan'),
    fragment: a.fragment ?? b.fragment,
    tcpFlags: either(a.tcpFlags, b.tcpFlags, (x, y) => ({ set: x.set | y.set, clear: x.clear | y.clear })),
    inInterface: either(a.inInterface, b.inInterface, (x, y) => x.filter((name) => y.includes(name))),
  });
}

/** One of each of the two lists at once. */
export function allOf(a: readonly Condition[], b: readonly Condition[]): Condition[] {
  return a.flatMap((x) => b.flatMap((y) => both(x, y) ?? []));
}

/** Whether no packet can meet a condition of each list. */
export function areDisjointLists(a: readonly Condition[], b: readonly Condition[]): boolean {
  for (const x of a) for (const y of b) if (!areApart(x, y)) return false;
  return true;
}

/** Whether every packet that meets one of `inner` meets one of `outer`. May say no where it is so. */
export function covers(outer: readonly Condition[], inner: readonly Condition[]): boolean {
  return inner.every((x) => outer.some((y) => y === ANYTHING || same(both(x, y), x)));
}

/** The flag bytes that do not have all of `set` and none of `clear`: conditions that exclude one another. */
export function otherFlags({ set, clear }: TcpFlagsMatch): TcpFlagsMatch[] {
  const others: TcpFlagsMatch[] = [];
  let before: TcpFlagsMatch = { set: 0, clear: 0 };
  for (let bit = 1; bit < 256; bit <<= 1) {
    if ((set & bit) !== 0) {
      others.push({ set: before.set, clear: before.clear | bit });
      before = { set: before.set | bit, clear: before.clear };
    } else if ((clear & bit) !== 0) {
      others.push({ set: before.set | bit, clear: before.clear });
      before = { set: before.set, clear: before.clear | bit };
    }
  }
  return others;
}

/** Joins conditions that differ in one set of values only: 10,000 addresses become one list. */
export function joined(conditions: readonly Condition[], field: ValueField): Condition[] {
  if (conditions.length < 2) return [...conditions];
  const groups = new Map<string, Condition[]>();
  for (const condition of conditions) {
    const key = condition[field] === null ? 'any' : keyOf({ ...condition, [field]: null });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [condition]);
    else group.push(condition);
  }
  return [...groups].flatMap(([key, group]) => {
    if (key === 'any' || group.length === 1) return group;
    return [{ ...group[0], [field]: valuesOf(group.flatMap((condition) => condition[field] ?? [])) }];
  });
}

function keyOf(condition: Condition): string {
  return JSON.stringify(condition, (_, value) => (typeof value === 'bigint' ? value.toString(16) : value));
}

/** Called for each pair of rules where one is left out: nothing is allocated here. */
function areApart(a: Condition, b: Condition): boolean {
  if (differ(a.version, b.version) || differ(a.fragment, b.fragment)) return true;
  if (excludes(a.dstPort, b.dstPort) || excludes(a.protocol, b.protocol)) return true;
  if (excludes(a.src, b.src) || excludes(a.dst, b.dst) || excludes(a.srcPort, b.srcPort)) return true;
  if (excludes(a.icmpType, b.icmpType) || excludes(a.dscp, b.dscp) || excludes(a.vlan, b.vlan)) return true;
  if (a.tcpFlags !== null && b.tcpFlags !== null) {
    if ((a.tcpFlags.set & b.tcpFlags.clear) !== 0 || (a.tcpFlags.clear & b.tcpFlags.set) !== 0) return true;
  }
  const ours = a.inInterface;
  const theirs = b.inInterface;
  return ours !== null && theirs !== null && !ours.some((name) => theirs.includes(name));
}

function excludes(a: Values | null, b: Values | null): boolean {
  return a !== null && b !== null && areDisjoint(a, b);
}

function differ<T>(a: T | null, b: T | null): boolean {
  return a !== null && b !== null && a !== b;
}

function either<T>(a: T | null, b: T | null, join: (a: T, b: T) => T): T | null {
  if (a === null) return b;
  return b === null ? a : join(a, b);
}

function same(a: Condition | null, b: Condition): boolean {
  if (a === null) return false;
  if (a.version !== b.version || a.fragment !== b.fragment) return false;
  if (a.tcpFlags?.set !== b.tcpFlags?.set || a.tcpFlags?.clear !== b.tcpFlags?.clear) return false;
  if (a.inInterface?.join(' ') !== b.inInterface?.join(' ')) return false;
  return VALUE_FIELDS.every((field) => {
    const [x, y] = [a[field], b[field]];
    return x === null || y === null ? x === y : sameValues(x, y);
  });
}
