import type { PortRange, Prefix, RuleMatch } from '../rule.js';

/** Trial packets, enough to tell a good order of the rules from a bad one: 10 ms at ten thousand rules. */
const TRIALS = 12;

/** What rules say of one packet, by their positions: 1 where the field does not rule it out. */
export interface Trial {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  /** Everything but the addresses. */
  readonly rest: Uint8Array;
}

/**
 * Judges packets that lie in the rules: half of them in one rule, half of them with each field from another
 * rule. Which rules they come from is a matter of the positions alone, so that equal tables are compiled
 * alike.
 */
export function judgeTrials(matches: readonly RuleMatch[]): Trial[] {
  const trials: Trial[] = [];
  for (let trial = 0; trial < TRIALS; trial++) {
    // Multiples of the golden section spread evenly over the rules, however many there are.
    const pick = (field: number) =>
      matches[Math.floor((((trial + 1) * 0.618034 + field * 0.377) % 1) * matches.length)];
    const isMixed = trial % 2 === 1;
    const from = [0, 1, 2, 3, 4].map((field) => pick(isMixed ? field : 0));
    const version = from[0].ipVersion ?? 4;
    const src = addressOf(from[0].src, version);
    const dst = addressOf(from[1].dst, version);
    const srcPort = portOf(from[2].srcPorts);
    const dstPort = portOf(from[3].dstPorts);
    const protocol = from[4].protocols?.[0] ?? 6;
    trials.push({
      src: judge(
        matches,
        (match) => match.src,
        (own) => isIn(own, src, version),
      ),
      dst: judge(
        matches,
        (match) => match.dst,
        (own) => isIn(own, dst, version),
      ),
      rest: intersection(
        judge(
          matches,
          (match) => match.srcPorts,
          (own) => isAmong(own, srcPort),
        ),
        judge(
          matches,
          (match) => match.dstPorts,
          (own) => isAmong(own, dstPort),
        ),
        judge(
          matches,
          (match) => match.protocols,
          (own) => own.includes(protocol),
        ),
      ),
    });
  }
  return trials;
}

/** Rules that share a list of several values, through an alias, ask for it once. */
function judge<T extends readonly unknown[]>(
  matches: readonly RuleMatch[],
  listOf: (match: RuleMatch) => T | null,
  holds: (list: T) => boolean,
): Uint8Array {
  const known = new Map<T, boolean>();
  const flags = new Uint8Array(matches.length);
  for (let position = 0; position < flags.length; position++) {
    const list = listOf(matches[position]);
    let isLeft = true;
    if (list !== null && list.length === 1) isLeft = holds(list);
    else if (list !== null) {
      isLeft = known.get(list) ?? holds(list);
      known.set(list, isLeft);
    }
    if (isLeft) flags[position] = 1;
  }
  return flags;
}

/** Takes from the first flags what the others do not have. */
function intersection(flags: Uint8Array, ...others: readonly Uint8Array[]): Uint8Array {
  for (const other of others) for (let i = 0; i < flags.length; i++) flags[i] &= other[i];
  return flags;
}

function addressOf(prefixes: readonly Prefix[] | null, version: 4 | 6): readonly number[] {
  return prefixes?.find((prefix) => prefix.version === version)?.words ?? [0x0a0b0c0d, 0, 0, 1];
}

function portOf(ranges: readonly PortRange[] | null): number {
  return ranges === null ? 40_000 : (ranges[0].low + ranges[0].high) >>> 1;
}

function isAmong(ranges: readonly PortRange[], port: number): boolean {
  for (const { low, high } of ranges) if (port >= low && port <= high) return true;
  return false;
}

function isIn(prefixes: readonly Prefix[], address: readonly number[], version: 4 | 6): boolean {
  for (const prefix of prefixes) {
    if (prefix.version === version && contains(prefix, address)) return true;
  }
  return false;
}

function contains({ words, bits }: Prefix, address: readonly number[]): boolean {
  for (let i = 0, left = bits; left > 0; i++, left -= 32) {
    if (((words[i] ^ address[i]) & (left >= 32 ? -1 : -1 << (32 - left))) !== 0) return false;
  }
  return true;
}
