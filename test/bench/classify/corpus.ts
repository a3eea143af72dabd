import { Packet } from '../../../src/protocol/packet.js';
import type { RuleSet } from '../../../src/rules/rule.js';
import { Random } from '../../protocol/random.js';
import { adversarialRules, HARMS, mixedPacket } from '../../rules/adversarial-rules.js';
import { beginTrace, fillPacket, HEADER_WORDS, readFilters, readTrace } from '../../support/classbench.js';
import { generateFilters } from './generated-filters.js';
import { makeHeaders } from './header-maker.js';

/** A constant of this module: V8 folds it into the code, and loads and checks an imported one. */
const WORDS_A_HEADER = HEADER_WORDS;
const MADE_PACKETS = 20_000;
const HARMFUL_PACKETS = 5000;

/** Packets to look up, one after the other through one record, as in a worker. */
export interface Packets {
  readonly count: number;
  /** Makes the record the packet of this index. */
  fill(packet: Packet, index: number): void;
}

export interface Corpus {
  readonly set: RuleSet;
  readonly packets: Packets;
  /** The record to fill. */
  readonly packet: Packet;
}

/**
 * @param filters a ClassBench file, `generated-N` for N generated filters, or `harm-H-N` for N rules of the Hth
 * kind of harm.
 * @param trace a ClassBench trace of the file; without one, packets are made from the rules.
 */
export function corpusOf(filters: string, trace: string | undefined, seed: number): Corpus {
  const harm = /^harm-(\d+)-(\d+)$/.exec(filters);
  if (harm !== null) return harmCorpus(Number(harm[1]), Number(harm[2]), seed);
  const generated = /^generated-(\d+)$/.exec(filters);
  const set = generated === null ? readFilters(filters) : generateFilters(Number(generated[1]), seed);
  const headers = trace === undefined ? makeHeaders(set, MADE_PACKETS, seed) : readTrace(trace);
  return { set, packets: new Headers(headers), packet: beginTrace(new Packet()) };
}

function harmCorpus(harm: number, count: number, seed: number): Corpus {
  const set = adversarialRules(HARMS[harm], count, seed);
  const random = new Random(seed);
  const packets = Array.from({ length: HARMFUL_PACKETS }, () => mixedPacket(set, random));
  return { set, packets: new Records(packets), packet: new Packet() };
}

/** Headers of a trace. */
class Headers implements Packets {
  readonly count: number;

  constructor(private readonly words: Int32Array) {
    this.count = words.length / HEADER_WORDS;
  }

  fill(packet: Packet, index: number): void {
    fillPacket(packet, this.words, Math.imul(index, WORDS_A_HEADER));
  }
}

const FIELDS = [
  ...(['ipVersion', 'protocol', 'srcPort', 'dstPort', 'tcpFlags', 'dscp', 'vlan'] as const),
  ...(['src0', 'src1', 'src2', 'src3', 'dst0', 'dst1', 'dst2', 'dst3'] as const),
];

/** Packets with any of the fields that rules look at; as words, because objects would fill the cache. */
class Records implements Packets {
  readonly count: number;
  private readonly words: Int32Array;

  constructor(packets: readonly Packet[]) {
    this.count = packets.length;
    this.words = Int32Array.from(packets.flatMap((packet) => FIELDS.map((field) => packet[field])));
  }

  fill(packet: Packet, index: number): void {
    const { words } = this;
    const at = index * FIELDS.length;
    packet.ipVersion = words[at];
    packet.protocol = words[at + 1];
    packet.srcPort = words[at + 2];
    packet.dstPort = words[at + 3];
    packet.tcpFlags = words[at + 4];
    packet.dscp = words[at + 5];
    packet.vlan = words[at + 6];
    packet.src0 = words[at + 7];
    packet.src1 = words[at + 8];
    packet.src2 = words[at + 9];
    packet.src3 = words[at + 10];
    packet.dst0 = words[at + 11];
    packet.dst1 = words[at + 12];
    packet.dst2 = words[at + 13];
    packet.dst3 = words[at + 14];
  }
}
