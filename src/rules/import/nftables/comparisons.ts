import { ANYTHING, allOf, otherFlags } from '../condition.js';
import { arrival, asList, holds, type Meaning, unsaid } from '../meaning.js';
import { complement, type Interval, type Values } from '../values.js';
import { plain } from './elements.js';
import type { Json } from './json.js';
import { flagBits } from './selectors.js';

/** The values that compare so with the given ones; null where that cannot be told. */
export function comparedValues(op: string, given: Values, all: Interval): Values | null {
  if (op === '==' || op === 'in') return given;
  if (op === '!=') return complement(given, all);
  if (given.length !== 1 || given[0].low !== given[0].high) return null;
  const { low } = given[0];
  if (op === '<' || op === '<=')
    return complement([{ low: op === '<' ? low : low + 1n, high: all.high }], all);
  if (op === '>' || op === '>=') return complement([{ low: 0n, high: op === '>' ? low : low - 1n }], all);
  return null;
}

/** TCP flags. @param mask the flags that are compared; the others do not matter. */
export function flags(mask: number, op: string, values: readonly Json[]): Meaning | null {
  const bits = values.map((value) => flagBits(plain(value)));
  if (bits.includes(null)) return null;
  const numbers = bits as number[];
  const equal = numbers
    .filter((value) => (value & ~mask) === 0)
    .map((value) => ({ set: value, clear: mask & ~value }));
  const asConditions = (matches: readonly { set: number; clear: number }[]) =>
    matches.flatMap((tcpFlags) => asList({ tcpFlags }));
  if (op === '==') return holds(asConditions(equal));
  if (op === '!=') {
    const present = asList({ tcpFlags: { set: 0, clear: 0 } });
    return holds(equal.reduce((rest, flag) => allOf(rest, asConditions(otherFlags(flag))), present));
  }
  if (numbers.length !== 1 || mask !== 0xff) return null;
  const none = { set: 0, clear: numbers[0] };
  if (op === 'in') return holds(asConditions(otherFlags(none)));
  return op === '!' ? holds(asConditions([none])) : null;
}

const VERSION_WORDS: ReadonlyMap<Json, 4 | 6> = new Map<Json, 4 | 6>([
  ['ip', 4],
  ['ipv4', 4],
  [2, 4],
  [0x0800, 4],
  ['ip6', 6],
  ['ipv6', 6],
  [10, 6],
  [0x86dd, 6],
]);
const TAG_WORDS: ReadonlySet<Json> = new Set(['vlan', '8021q', '8021ad']);

/** The IP version, and whether it is IP at all. */
export function version(op: string, values: readonly Json[]): Meaning {
  const named = values.map(plain);
  if (named.some((word) => TAG_WORDS.has(word)))
    return unsaid('UPE does not tell how many VLAN tags a frame has', [ANYTHING]);
  if (op !== '==' && op !== '!=') return unsaid(`UPE does not know "${op}" of a protocol`, [ANYTHING]);
  const given = named.flatMap((word) => VERSION_WORDS.get(word) ?? []);
  const versions = ([4, 6] as const).filter((each) => given.includes(each) === (op === '=='));
  if (versions.length === 0 && op === '==')
    return unsaid('frames without an IP packet reach no rule of UPE', []);
  return holds(versions.length === 2 ? [ANYTHING] : versions.flatMap((each) => asList({ version: each })));
}

/** The interface that the packet came in by. */
export function interfaces(op: string, values: readonly Json[]): Meaning | null {
  const names: string[] = [];
  for (const value of values.map(plain)) {
    if (typeof value !== 'string') return null;
    if (value.endsWith('*')) return unsaid('a rule of UPE names interfaces in full', [ANYTHING]);
    names.push(value);
  }
  return op === '==' || op === '!=' ? arrival(names, op === '!=') : null;
}

/** Whether the packet is a fragment: what selects it is compared with 0. */
export function fragment(op: string, values: readonly Json[]): Meaning | null {
  if (values.length !== 1 || values[0] !== 0 || !['==', '!=', '>'].includes(op)) return null;
  return holds(asList({ version: 4, fragment: op !== '==' }));
}
