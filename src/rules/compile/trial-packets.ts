import { FIELD_DST_PORT, FIELD_PROTOCOL, FIELD_SRC_PORT } from '../matcher-layout.js';
import type { PortRange, Prefix, RuleMatch } from '../rule.js';
import type { ConstrainedRules } from './constrained-rules.js';
import { compareWords, type Ipv6TurnList, SIGN } from './ipv6-turns.js';
import { codeOf, type RuleTurns } from './rule-turns.js';
import { scattered } from './scattered.js';
import type { TurnList } from './turn-list.js';

/** Trial packets, enough to tell a good order of the rules from a bad one; each has a bit of a word. */
export const TRIALS = 24;
const ALL_TRIALS = 2 ** TRIALS - 1;

/** By the rule's position, the trial packets that a field does not rule out. */
export type Trials = Int32Array;

/** The fields that have a row of their own. */
export interface JudgedTrials {
  readonly src: Trials;
  readonly dst: Trials;
  /** Protocol and ports. */
  readonly service: Trials;
}

interface TrialPacket {
  readonly version: 4 | 6;
  readonly src: readonly number[];
  readonly dst: readonly number[];
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protocol: number;
}

/** What a trial packet has in a field. */
interface Sample {
  /** Sign bits turned over. */
  readonly words: readonly number[];
  /** The packet's. */
  readonly bit: number;
}

/**
 * Judges packets that lie in the rules: most of them in one rule, every fourth with each field from another
 * rule. They are a matter of the trial's number alone, so that equal tables are compiled alike.
 */
export function judgeTrials(matches: readonly RuleMatch[], turns: RuleTurns): JudgedTrials {
  const packets = Array.from({ length: TRIALS }, (_, trial) => packetOf(matches, trial));
  const service = newTrials(matches);
  for (const [field, valueIn] of [
    [FIELD_PROTOCOL, ({ protocol }: TrialPacket) => protocol],
    [FIELD_DST_PORT, ({ dstPort }: TrialPacket) => dstPort],
    [FIELD_SRC_PORT, ({ srcPort }: TrialPacket) => srcPort],
  ] as const) {
    const samples = samplesOf(packets, (packet) => [codeOf(valueIn(packet))]);
    const trials = judgeValues(newTrials(matches), turns.codes[field], samples);
    for (let position = 0; position < service.length; position++) service[position] &= trials[position];
  }
  return {
    src: judgeAddresses(newTrials(matches), packets, 'src', turns.src4, turns.src6),
    dst: judgeAddresses(newTrials(matches), packets, 'dst', turns.dst4, turns.dst6),
    service,
  };
}

function newTrials(matches: readonly RuleMatch[]): Trials {
  return new Int32Array(matches.length).fill(ALL_TRIALS);
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

function judgeAddresses(
  trials: Trials,
  packets: readonly TrialPacket[],
  field: 'src' | 'dst',
  turns4: TurnList,
  turns6: Ipv6TurnList,
): Trials {
  const samples4 = samplesOf(packets, (packet) => (packet.version === 4 ? packet[field].slice(0, 1) : null));
  const samples6 = samplesOf(packets, (packet) => (packet.version === 6 ? packet[field] : null));
  return judgeIpv6(judgeValues(trials, turns4, samples4), turns6, samples6);
}

/** @returns what packets have, in ascending order. @param wordsOf `null` for packets that do not have the field. */
function samplesOf(
  packets: readonly TrialPacket[],
  wordsOf: (packet: TrialPacket) => readonly number[] | null,
): readonly Sample[] {
  return packets
    .flatMap((packet, trial) => {
      const words = wordsOf(packet);
      return words === null ? [] : [{ words: words.map((word) => word ^ SIGN), bit: 1 << trial }];
    })
    .sort((a, b) => compareWords(a.words, b.words));
}

/**
 * A rule holds for a value that it has begun and not ended before: that has an odd number of its turns up to it.
 *
 * @param samples in ascending order.
 * @returns `trials`, without those that the field rules out.
 */
function judgeValues(trials: Trials, turns: TurnList, samples: readonly Sample[]): Trials {
  let left = takeOut(trials, turns, samples);
  const { words, count } = turns;
  let next = 0;
  for (let at = 0; at < 2 * count && left !== 0; at += 2) {
    const value = words[at + 1] ^ SIGN;
    while (left !== 0 && samples[next].words[0] < value) left ^= samples[next++].bit;
    trials[words[at]] ^= left;
  }
  return trials;
}

/** Like `judgeValues`. */
function judgeIpv6(trials: Trials, turns: Ipv6TurnList, samples: readonly Sample[]): Trials {
  let left = takeOut(trials, turns, samples);
  let next = 0;
  for (const { words, position } of turns.turns) {
    while (left !== 0 && compareWords(samples[next].words, words) < 0) left ^= samples[next++].bit;
    if (left === 0) break;
    trials[position] ^= left;
  }
  return trials;
}

/** @returns the bits of all samples, which those rules do not have any more that rule out some value. */
function takeOut(
  trials: Trials,
  { constrained, constrainedCount }: ConstrainedRules,
  samples: readonly Sample[],
): number {
  const bits = samples.reduce((sum, { bit }) => sum | bit, 0);
  for (let i = 0; i < constrainedCount; i++) trials[constrained[i]] &= ~bits;
  return bits;
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
