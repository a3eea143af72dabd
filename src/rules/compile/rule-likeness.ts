import type { PortRange, Prefix, RuleMatch } from '../rule.js';
import { comparePrefixes } from './compare-prefixes.js';
import { WideKeys } from './wide-keys.js';

/** Wider port ranges hold for so many packets that to put equal ones together tells nothing. */
const NARROW_PORTS = 4096;
/** Where in a word a prefix length begins; below it is the position of a rule. */
const LENGTH_SHIFT = 26;
const POSITION_MASK = 2 ** LENGTH_SHIFT - 1;
/** Bits of the keys of two port fields, as far as a word holds them: the last two do without. */
const PORT_KEY_BITS = 17;
const WORD_BITS = 32;

/**
 * Which rules look alike: have the same or neighbouring first prefixes, and the same ports. Noted while the rules are
 * gone through, because objects are slow to look at.
 */
export class RuleLikeness {
  private readonly src: PrefixRanks;
  private readonly dst: PrefixRanks;
  private readonly ports: WideKeys;

  constructor(private readonly ruleCount: number) {
    this.src = new PrefixRanks(ruleCount);
    this.dst = new PrefixRanks(ruleCount);
    this.ports = new WideKeys(ruleCount);
  }

  note({ src, dst, srcPorts, dstPorts }: RuleMatch, position: number): void {
    if (src !== null) this.src.note(src[0], position);
    if (dst !== null) this.dst.note(dst[0], position);
    const { words } = this.ports;
    words[2 * position] = position;
    words[2 * position + 1] =
      (portKey(dstPorts) << (WORD_BITS - PORT_KEY_BITS)) |
      (portKey(srcPorts) >>> (2 * PORT_KEY_BITS - WORD_BITS));
  }

  /**
   * Orders in which rules that look alike are neighbours: by whether they name a source and a destination, and then by
   * source, destination and ports, or by destination, source and ports. To be called once.
   *
   * @returns positions in the first and in the second order.
   */
  orders(): [Int32Array, Int32Array] {
    const { ports, ruleCount } = this;
    const src = this.src.ranks();
    const dst = this.dst.ranks();
    ports.sort(0, ruleCount);
    const shapes = new Int32Array(ruleCount);
    const byPorts = new Int32Array(ruleCount);
    for (let i = 0; i < ruleCount; i++) {
      shapes[i] = (src[i] === 0 ? 0 : 2) | (dst[i] === 0 ? 0 : 1);
      byPorts[i] = ports.words[2 * i];
    }
    return [orderBy(shapes, src, dst, byPorts, ports), orderBy(shapes, dst, src, byPorts, ports)];
  }
}

/** Numbers rules by a prefix: IPv4 before IPv6, shorter ones first where they begin alike. */
class PrefixRanks {
  private readonly keys: WideKeys;
  private count = 0;
  private readonly ipv6: { readonly prefix: Prefix; readonly position: number }[] = [];

  constructor(private readonly ruleCount: number) {
    this.keys = new WideKeys(ruleCount);
  }

  note(prefix: Prefix, position: number): void {
    if (prefix.bits === 0) return;
    if (prefix.version === 6) {
      this.ipv6.push({ prefix, position });
      return;
    }
    const { words } = this.keys;
    words[2 * this.count] = (prefix.bits << LENGTH_SHIFT) | position;
    words[2 * this.count + 1] = prefix.words[0];
    this.count++;
  }

  /** @returns by the position; 0 for any address, and equal numbers for equal prefixes. */
  ranks(): Int32Array {
    const { keys, count, ipv6 } = this;
    const { words } = keys;
    const ranks = new Int32Array(this.ruleCount);
    keys.sort(0, count);
    let rank = 0;
    let length = 0;
    let address = 0;
    for (let at = 0; at < 2 * count; at += 2) {
      if (words[at] >>> LENGTH_SHIFT !== length || words[at + 1] !== address) rank++;
      length = words[at] >>> LENGTH_SHIFT;
      address = words[at + 1];
      ranks[words[at] & POSITION_MASK] = rank;
    }
    ipv6.sort((a, b) => comparePrefixes(a.prefix, b.prefix));
    ipv6.forEach(({ prefix, position }, i) => {
      if (i === 0 || comparePrefixes(ipv6[i - 1].prefix, prefix) !== 0) rank++;
      ranks[position] = rank;
    });
    return ranks;
  }
}

function portKey(ranges: readonly PortRange[] | null): number {
  if (ranges === null || ranges[0].high - ranges[0].low >= NARROW_PORTS) return 0;
  return ranges[0].low + 1;
}

/** @returns positions by their shapes, then by `first`, then by `second`, and last as in `byPorts`. */
function orderBy(
  shapes: Int32Array,
  first: Int32Array,
  second: Int32Array,
  byPorts: Int32Array,
  keys: WideKeys,
): Int32Array {
  const { words } = keys;
  const count = byPorts.length;
  // Of any number up to `count`. Above 2^16 rules, the lowest bits of `second` do not fit in.
  const bits = WORD_BITS - Math.clz32(count);
  const left = Math.max(2 * bits - WORD_BITS, 0);
  for (let i = 0; i < count; i++) {
    const position = byPorts[i];
    words[2 * i] = ((second[position] >>> left) << bits) | i;
    words[2 * i + 1] = (shapes[position] << bits) | first[position];
  }
  keys.sort(0, count);
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = byPorts[words[2 * i] & ((1 << bits) - 1)];
  return order;
}
