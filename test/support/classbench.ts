import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as layout from '../../src/memory/layout.js';
import { ABSENT, type Packet } from '../../src/protocol/packet.js';
import type { PortRange, Prefix, RuleMatch, RuleSet } from '../../src/rules/rule.js';
import { MATCH_ALL, rule, ruleSet } from '../rules/build-rules.js';

const { INDEX_MASK } = layout;

/*
 * Filter sets and traces of ClassBench (Taylor and Turner, INFOCOM 2005). A filter is one line, the first
 * that matches wins:
 *
 *   @src/len  dst/len  sport_lo : sport_hi  dport_lo : dport_hi  proto/mask  flags/mask
 *
 * and so is a header of a trace: src, dst, sport, dport, proto, flags, filter, in decimal numbers. The flags
 * of both are not used, and the header's filter is not always the first that matches.
 */

const DIRECTORY = resolve(process.cwd(), '../shared/classbench');

/** Why tests of the shared filter sets cannot run here; `false` when they can. */
export const withoutSharedFilters = existsSync(DIRECTORY) ? false : `${DIRECTORY} is not there`;

export interface FilterFiles {
  readonly name: string;
  readonly filters: string;
  readonly trace: string;
}

/** The shared filter sets: three kinds in two sizes. */
export const SHARED_FILTERS: readonly FilterFiles[] = ['acl1', 'fw1', 'ipc1'].flatMap((kind) =>
  ['1k', '10k'].map((size) => ({
    name: `${kind}_${size}`,
    filters: resolve(DIRECTORY, `${kind}_${size}.rules`),
    trace: resolve(DIRECTORY, `${kind}_${size}.trace`),
  })),
);

const FILTER =
  /^@([\d.]+)\/(\d+)\s+([\d.]+)\/(\d+)\s+(\d+) : (\d+)\s+(\d+) : (\d+)\s+(0x[\da-fA-F]+)\/(0x[\da-fA-F]+)/;

/** Reads a filter file as rules that count. Throws where a line is no filter. */
export function readFilters(file: string): RuleSet {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return ruleSet(
    lines.map((line, i) => rule(`f${i}`, 'count', { match: matchOf(line, `${file}:${i + 1}`) })),
  );
}

function matchOf(line: string, place: string): RuleMatch {
  const parts = FILTER.exec(line);
  if (parts === null) throw new Error(`${place}: not a ClassBench filter: ${line}`);
  const [, src, srcBits, dst, dstBits, srcLow, srcHigh, dstLow, dstHigh, protocol, mask] = parts;
  return {
    ...MATCH_ALL,
    ipVersion: 4,
    protocols: protocolsOf(Number(protocol), Number(mask)),
    src: prefixesOf(src, Number(srcBits)),
    dst: prefixesOf(dst, Number(dstBits)),
    srcPorts: portsOf(Number(srcLow), Number(srcHigh)),
    dstPorts: portsOf(Number(dstLow), Number(dstHigh)),
  };
}

function protocolsOf(protocol: number, mask: number): readonly number[] | null {
  if (mask === 0) return null;
  const all = Array.from({ length: 256 }, (_, number) => number);
  return all.filter((number) => (number & mask) === (protocol & mask));
}

function prefixesOf(address: string, bits: number): readonly Prefix[] | null {
  if (bits === 0) return null;
  const word = address.split('.').reduce((sum, octet) => (sum << 8) | Number(octet), 0);
  return [{ version: 4, words: [word & (-1 << (32 - bits))], bits }];
}

function portsOf(low: number, high: number): readonly PortRange[] | null {
  return low === 0 && high === 65_535 ? null : [{ low, high }];
}

/** Words of a header: source, destination, source port, destination port, protocol. */
export const HEADER_WORDS = 5;

/** Reads a trace: `HEADER_WORDS` words a header. */
export function readTrace(file: string): Int32Array {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const headers = new Int32Array(lines.length * HEADER_WORDS);
  lines.forEach((line, i) => {
    const numbers = line.split('\t').map(Number);
    if (numbers.length < HEADER_WORDS || numbers.some(Number.isNaN)) {
      throw new Error(`${file}:${i + 1}: not a ClassBench header: ${line}`);
    }
    headers.set(numbers.slice(0, HEADER_WORDS), i * HEADER_WORDS);
  });
  return headers;
}

/** Makes the packet one of a trace. `at`: the header's first word. */
export function fillPacket(packet: Packet, headers: Int32Array, at: number): void {
  const first = at & INDEX_MASK;
  packet.src0 = headers[first];
  packet.dst0 = headers[first + 1];
  packet.srcPort = headers[first + 2];
  packet.dstPort = headers[first + 3];
  packet.protocol = headers[first + 4];
}

/** What all packets of a trace have in common. */
export function beginTrace(packet: Packet): Packet {
  packet.ipVersion = 4;
  packet.tcpFlags = ABSENT;
  packet.icmpType = ABSENT;
  packet.vlan = ABSENT;
  return packet;
}
