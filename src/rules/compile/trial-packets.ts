import type { PortRange, Prefix, RuleMatch } from '../rule.js';

/** Trial packets, enough to tell a good order of the rules from a bad one. */
const TRIALS = 12;
/** Lists that many rules may share through an alias are asked once for each packet. */
const LONG_LIST = 8;

/** What rules say of one packet, by their positions: the bits of the fields that do not rule it out. */
export type Trial = Uint8Array;
const SRC = 1;
const DST = 2;
/** Everything but the addresses. */
const REST = 4;
export const ALL_FIELDS = SRC | DST | REST;

interface TrialPacket {
  readonly version: 4 | 6;
  readonly src: readonly number[];
  readonly dst: readonly number[];
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protocol: number;
}

/**
 * Judges packets that lie in the rules: most of them in one rule, every fourth with each field from another
 * rule. They are a matter of the trial's number alone, so that equal tables are compiled alike.
 */
export function judgeTrials(matches: readonly RuleMatch[]): Trial[] {
  return Array.from({ length: TRIALS }, (_, trial) => judge(matches, packetOf(matches, trial)));
}

function packetOf(matches: readonly RuleMatch[], trial: number): TrialPacket {
  const isMixed = trial % 4 === 3;
  const from = [0, 1, 2, 3, 4].map((field) => {
    return matches[scattered(trial * 8 + (isMixed ? field : 0)) % matches.length];
  });
  const version = from[0].ipVersion ?? 4;
  return {
    version,
    src: addressOf(from[0].src, version, trial),
    dst: addressOf(from[1].dst, version, trial + TRIALS),
    srcPort: portOf(from[2].srcPorts, trial),
    dstPort: portOf(from[3].dstPorts, trial + TRIALS),
    protocol: from[4].protocols?.[0] ?? 6,
  };
}

/** A number from 0 to 2^32 - 1 that has nothing to do with its neighbours' (the finaliser of MurmurHash3). */
function scattered(number: number): number {
  let hash = Math.imul(number + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One loop without callbacks: it runs ten times, most of it before V8 has optimised anything. */
function judge(matches: readonly RuleMatch[], packet: TrialPacket): Trial {
  const count = matches.length;
  const trial = new Uint8Array(count);
  const knownOfSrc = new Map<readonly Prefix[], boolean>();
  const knownOfDst = new Map<readonly Prefix[], boolean>();
  for (let position = 0; position < count; position++) {
    const { src, dst, protocols, srcPorts, dstPorts } = matches[position];
    let left = 0;
    if (src === null || isIn(src, packet.src, packet.version, knownOfSrc)) left |= SRC;
    if (dst === null || isIn(dst, packet.dst, packet.version, knownOfDst)) left |= DST;
    const isLeft =
      (dstPorts === null || isAmong(dstPorts, packet.dstPort)) &&
      (srcPorts === null || isAmong(srcPorts, packet.srcPort)) &&
      (protocols === null || protocols.includes(packet.protocol));
    trial[position] = isLeft ? left | REST : left;
  }
  return trial;
}

/** Some address of the first prefix of that version. */
function addressOf(prefixes: readonly Prefix[] | null, version: 4 | 6, seed: number): readonly number[] {
  const prefix = prefixes?.find((own) => own.version === version);
  return [0, 1, 2, 3].map((i) => {
    const bits = (prefix?.bits ?? 0) - i * 32;
    const word = prefix?.words[i] ?? 0;
    if (bits >= 32) return word;
    return bits <= 0 ? scattered(seed + i) | 0 : word | (scattered(seed + i) >>> bits);
  });
}

function portOf(ranges: readonly PortRange[] | null, seed: number): number {
  const { low, high } = ranges?.[0] ?? { low: 0, high: 65_535 };
  return low + (scattered(seed) % (high - low + 1));
}

function isAmong(ranges: readonly PortRange[], port: number): boolean {
  for (const { low, high } of ranges) if (port >= low && port <= high) return true;
  return false;
}

/** @param known what long lists have said of this address. */
function isIn(
  prefixes: readonly Prefix[],
  address: readonly number[],
  version: 4 | 6,
  known: Map<readonly Prefix[], boolean>,
): boolean {
  const before = prefixes.length < LONG_LIST ? undefined : known.get(prefixes);
  if (before !== undefined) return before;
  let isInside = false;
  for (const prefix of prefixes) {
    if (prefix.version === version && contains(prefix, address)) isInside = true;
  }
  if (prefixes.length >= LONG_LIST) known.set(prefixes, isInside);
  return isInside;
}

function contains({ words, bits }: Prefix, address: readonly number[]): boolean {
  for (let i = 0, left = bits; left > 0; i++, left -= 32) {
    if (((words[i] ^ address[i]) & (left >= 32 ? -1 : -1 << (32 - left))) !== 0) return false;
  }
  return true;
}
