import { quoted } from './field-values.js';
import { Mistake } from './mistake.js';
import { nearest } from './nearest.js';
import type { PortRange } from './rule.js';
import type { YamlScalar } from './yaml-tree.js';

const DECIMAL = /^[-+]?(0|[1-9][0-9]*)$/;
/** Octal and hexadecimal as YAML 1.2 writes them (core schema, YAML 1.2.2 section 10.3.2). */
const RADIX = /^(0o[0-7]+|0x[0-9a-fA-F]+)$/;
/** A range whose ends may be anything that is not a hyphen, so that each end can be judged by itself. */
const RANGE = /^([^-]+)-([^-]+)$/;

/** What an integer field accepts. */
export interface IntegerLimits {
  readonly low: number;
  readonly high: number;
  /** What the limits are, for messages: "ports". */
  readonly noun: string;
}

export const PORTS: IntegerLimits = { low: 0, high: 65_535, noun: 'ports' };
/** RFC 2474: six bits. */
export const DSCPS: IntegerLimits = { low: 0, high: 63, noun: 'DSCP values' };
export const ICMP_TYPES: IntegerLimits = { low: 0, high: 255, noun: 'ICMP types' };
/** All that the 12 bits of IEEE 802.1Q can say: the reserved ids 0 and 4095 are worth watching for. */
export const VLANS: IntegerLimits = { low: 0, high: 4095, noun: 'VLAN ids' };
export const PRIORITIES: IntegerLimits = { low: -2_147_483_648, high: 2_147_483_647, noun: 'priorities' };

/** https://www.iana.org/assignments/protocol-numbers */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['tcp', 6],
  ['udp', 17],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', 58],
  ['sctp', 132],
]);
const PROTOCOL_NAMES = [...PROTOCOLS.keys()];
const PROTOCOL_NUMBERS: IntegerLimits = { low: 0, high: 255, noun: 'protocol numbers' };

/** The name that the rule file has for a protocol number, or the number. */
export function protocolName(protocol: number): string {
  for (const [name, number] of PROTOCOLS) if (number === protocol) return name;
  return String(protocol);
}

/**
 * Reads an integer from the text as written: what YAML would round (80.5), scale (1e3) or read
 * differently from version to version (017, 22:22) is refused.
 */
export function parseInteger(scalar: YamlScalar, limits: IntegerLimits): number | Mistake {
  return integer(scalar.text, scalar, limits);
}

/** Reads a number or a range (`1024-65535`, both ends included). */
export function parseRange(scalar: YamlScalar, limits: IntegerLimits): PortRange | Mistake {
  const range = RANGE.exec(scalar.text);
  if (range === null) {
    const value = integer(scalar.text, scalar, limits);
    return value instanceof Mistake ? value : { low: value, high: value };
  }
  const low = integer(range[1], scalar, limits);
  if (low instanceof Mistake) return low;
  const high = integer(range[2], scalar, limits);
  if (high instanceof Mistake) return high;
  if (low > high) return new Mistake(`range ${quoted(scalar)} ends before it begins; write ${high}-${low}`);
  return { low, high };
}

/** Reads a protocol's name or number. */
export function parseProtocol(scalar: YamlScalar): number | Mistake {
  const named = PROTOCOLS.get(scalar.text);
  if (named !== undefined) return named;
  if (/^[-+0-9]/.test(scalar.text)) return integer(scalar.text, scalar, PROTOCOL_NUMBERS);
  const meant = nearest(scalar.text, PROTOCOL_NAMES);
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  return new Mistake(
    `unknown protocol ${quoted(scalar)}${hint} (${PROTOCOL_NAMES.join(', ')} or a number 0-255)`,
  );
}

/** Reads `ip_version`. */
export function parseIpVersion(scalar: YamlScalar): 4 | 6 | Mistake {
  if (scalar.text === '4') return 4;
  if (scalar.text === '6') return 6;
  return new Mistake(`${quoted(scalar)} must be 4 or 6`);
}

function integer(text: string, whole: YamlScalar, limits: IntegerLimits): number | Mistake {
  const shown = quoted(whole);
  if (!DECIMAL.test(text) && !RADIX.test(text)) return new Mistake(notInteger(text, shown, limits));
  const value = Number(text) + 0; // Adding 0 turns -0 into 0.
  if (value < limits.low || value > limits.high) {
    return new Mistake(`${shown} is out of range; ${limits.noun} go from ${limits.low} to ${limits.high}`);
  }
  return value;
}

function notInteger(text: string, shown: string, { low, high }: IntegerLimits): string {
  if (/^[-+]?0[0-9]+$/.test(text)) {
    return `${shown} has a leading zero, which some take for octal; write ${text.replace(/0+(?=\d)/, '')}`;
  }
  if (text.includes(',')) return `${shown} is one text; write a list, [${text.split(/\s*,\s*/).join(', ')}]`;
  if (/\s/.test(text)) return `${shown} is not a number or a range; write it without spaces`;
  return `${shown} is not a whole number; write one from ${low} to ${high}`;
}

/** Sorts ranges and merges those that overlap or touch. */
export function mergeRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.low - b.low)) {
    const last = merged[merged.length - 1];
    if (last === undefined || range.low > last.high + 1) merged.push(range);
    else if (range.high > last.high) merged[merged.length - 1] = { low: last.low, high: range.high };
  }
  return merged;
}

/** Every number in the ranges, ascending, each once. */
export function enumerateRanges(ranges: readonly PortRange[]): readonly number[] {
  const numbers: number[] = [];
  for (const { low, high } of mergeRanges(ranges)) for (let n = low; n <= high; n++) numbers.push(n);
  return numbers;
}
