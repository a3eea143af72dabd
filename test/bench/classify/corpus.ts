import { Packet } from '../../../src/protocol/packet.js';
import type { RuleSet } from '../../../src/rules/rule.js';
import { Random } from '../../protocol/random.js';
import { adversarialRules, HARMS, mixedPacket } from '../../rules/adversarial-rules.js';
import { beginTrace, fillPacket, HEADER_WORDS, readFilters, readTrace } from '../../support/classbench.js';
import { generateFilters } from './generated-filters.js';
import { makeHeaders } from './header-maker.js';

const MADE_PACKETS = 20_000;

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
  const packets = Array.from({ length: MADE_PACKETS }, () => mixedPacket(set, random));
  return { set, packets: new Records(packets), packet: new Packet() };
}

/** Headers of a trace. */
class Headers implements Packets {
  readonly count: number;

  constructor(private readonly words: Int32Array) {
    this.count = words.length / HEADER_WORDS;
  }

  fill(packet: Packet, index: number): void {
    fillPacket(packet, this.words, index * HEADER_WORDS);
  }
}

/** Packets with any of the fields that rules look at. */
class Records implements Packets {
  readonly count: number;

  constructor(private readonly packets: readonly Packet[]) {
    this.count = packets.length;
  }

  fill(packet: Packet, index: number): void {
    const from = this.packets[index];
    packet.ipVersion = from.ipVersion;
    packet.protocol = from.protocol;
    packet.src0 = from.src0;
    packet.src1 = from.src1;
    packet.src2 = from.src2;
    packet.src3 = from.src3;
    packet.dst0 = from.dst0;
    packet.dst1 = from.dst1;
    packet.dst2 = from.dst2;
    packet.dst3 = from.dst3;
    packet.srcPort = from.srcPort;
    packet.dstPort = from.dstPort;
    packet.tcpFlags = from.tcpFlags;
    packet.dscp = from.dscp;
    packet.vlan = from.vlan;
  }
}
