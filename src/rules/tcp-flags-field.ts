import { quoted } from './field-values.js';
import { Mistake } from './mistake.js';
import { nearest } from './nearest.js';
import type { TcpFlagsMatch } from './rule.js';
import type { YamlScalar } from './yaml-tree.js';

/** The flag byte of the TCP header: RFC 9293 section 3.1. */
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['fin', 0x01],
  ['syn', 0x02],
  ['rst', 0x04],
  ['psh', 0x08],
  ['ack', 0x10],
  ['urg', 0x20],
  ['ece', 0x40],
  ['cwr', 0x80],
]);
const FLAG_NAMES = [...FLAGS.keys()];

/** Reads one scalar of `tcp_flags`: flags that must be set, and after "!" such that must be clear. */
export function parseTcpFlags(scalar: YamlScalar): TcpFlagsMatch | Mistake {
  let set = 0;
  let clear = 0;
  for (const part of scalar.text.split(',')) {
    const word = part.trim();
    const name = word.startsWith('!') ? word.slice(1) : word;
    const bit = FLAGS.get(name);
    if (bit === undefined)
      return new Mistake(unknownFlag(name, scalar, ', with ! before one that must be clear'));
    if (word.startsWith('!')) clear |= bit;
    else set |= bit;
  }
  return contradiction(set, clear) ?? { set, clear };
}

/** Reads the flags that a packet has, in upper or lower case; all others are clear. */
export function parseSetTcpFlags(scalar: YamlScalar): number | Mistake {
  let set = 0;
  for (const part of scalar.text.split(',')) {
    const name = part.trim().toLowerCase();
    const bit = FLAGS.get(name);
    if (bit === undefined) return new Mistake(unknownFlag(name, scalar, ''));
    set |= bit;
  }
  return set;
}

/** Joins what a list of them says. */
export function joinTcpFlags(parts: readonly TcpFlagsMatch[]): TcpFlagsMatch | Mistake {
  let set = 0;
  let clear = 0;
  for (const part of parts) {
    set |= part.set;
    clear |= part.clear;
  }
  return contradiction(set, clear) ?? { set, clear };
}

function contradiction(set: number, clear: number): Mistake | null {
  const both = FLAG_NAMES.filter((name) => (set & clear & FLAGS.get(name)!) !== 0);
  if (both.length === 0) return null;
  return new Mistake(
    `${both.join(', ')} cannot be both set and clear, so the rule matches nothing; remove one`,
  );
}

/** @param advice what else can be written there, continuing a sentence. */
function unknownFlag(name: string, scalar: YamlScalar, advice: string): string {
  const meant = nearest(name, FLAG_NAMES);
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  const known = `flags are ${FLAG_NAMES.join(', ')}${advice}`;
  const found = name === '' ? `an empty flag in ${quoted(scalar)}` : `unknown flag ${name.slice(0, 80)}`;
  return `${found}${hint} (${known})`;
}

/** Flags as the rule file writes them: `syn,!ack`. */
export function formatTcpFlags({ set, clear }: TcpFlagsMatch): string {
  const named = (bits: number, sign: string) =>
    FLAG_NAMES.filter((name) => (bits & FLAGS.get(name)!) !== 0).map((name) => `${sign}${name}`);
  return [...named(set, ''), ...named(clear, '!')].join(',');
}
