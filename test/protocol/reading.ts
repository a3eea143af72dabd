import {
  ANOMALY_KINDS,
  type AnomalyKind,
  anomalyBit,
  FIRST_UNCLASSIFIED_SLOT,
  MALFORMED_REASONS,
  type MalformedReason,
  UNCLASSIFIED_KINDS,
  type UnclassifiedKind,
} from '../../src/counters/catalogue.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { ABSENT, PARSED, Packet } from '../../src/protocol/packet.js';
import { parseFrame } from '../../src/protocol/parser.js';

export type Outcome = 'parsed' | MalformedReason | UnclassifiedKind;

/**
 * What a parser says of one frame, in words. `null` stands for a field that the frame does not have, and
 * for every field but the VLAN and the anomalies (which are counted whatever becomes of the frame) when
 * the outcome is not `parsed`.
 */
export interface Reading {
  readonly outcome: Outcome;
  /** In the order of the catalogue. */
  readonly anomalies: readonly AnomalyKind[];
  readonly vlan: number | null;
  readonly version: number | null;
  readonly protocol: number | null;
  /** The address as hex digits: 8 or 32 of them. */
  readonly src: string | null;
  readonly dst: string | null;
  readonly dscp: number | null;
  readonly isFragment: boolean | null;
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly tcpFlags: number | null;
  readonly icmpType: number | null;
}

export interface FrameOptions {
  /** Bytes on the wire; as many as there are in the frame by default. */
  readonly wireBytes?: number;
  /** Ethernet by default. */
  readonly linkType?: number;
}

/** Reads one frame with the parser under test, at the very end of its memory: reading on would throw. */
export function readFrame(frame: Uint8Array, options: FrameOptions = {}): Reading {
  const alone = frame.slice();
  const packet = new Packet();
  const status = parseFrame(
    new DataView(alone.buffer),
    0,
    frame.length,
    options.wireBytes ?? frame.length,
    options.linkType ?? LINK_ETHERNET,
    packet,
  );
  return readingOf(status, packet);
}

/** Puts what `parseFrame` returned and wrote into words. */
export function readingOf(status: number, packet: Packet): Reading {
  const isParsed = status === PARSED;
  return {
    outcome: outcomeOf(status),
    anomalies: ANOMALY_KINDS.filter((kind) => (packet.anomalies & anomalyBit(kind)) !== 0),
    vlan: present(packet.vlan),
    version: isParsed ? packet.ipVersion : null,
    protocol: isParsed ? packet.protocol : null,
    src: isParsed ? address(packet, packet.src0, packet.src1, packet.src2, packet.src3) : null,
    dst: isParsed ? address(packet, packet.dst0, packet.dst1, packet.dst2, packet.dst3) : null,
    dscp: isParsed ? packet.dscp : null,
    isFragment: isParsed ? packet.isFragment === 1 : null,
    srcPort: isParsed ? present(packet.srcPort) : null,
    dstPort: isParsed ? present(packet.dstPort) : null,
    tcpFlags: isParsed ? present(packet.tcpFlags) : null,
    icmpType: isParsed ? present(packet.icmpType) : null,
  };
}

/** The word for a status of `parseFrame`. */
export function outcomeOf(status: number): Outcome {
  if (status === PARSED) return 'parsed';
  const outcome = MALFORMED_REASONS[status] ?? UNCLASSIFIED_KINDS[status - FIRST_UNCLASSIFIED_SLOT];
  if (outcome === undefined) throw new RangeError(`status ${status} is no outcome of the parser`);
  return outcome;
}

const READING_FIELDS = [
  'outcome',
  'vlan',
  'version',
  'protocol',
  'src',
  'dst',
  'dscp',
  'isFragment',
  'srcPort',
  'dstPort',
  'tcpFlags',
  'icmpType',
] as const satisfies readonly (keyof Reading)[];

export function sameReading(a: Reading, b: Reading): boolean {
  return READING_FIELDS.every((field) => a[field] === b[field]) && a.anomalies.join() === b.anomalies.join();
}

function present(field: number): number | null {
  return field === ABSENT ? null : field;
}

function address(packet: Packet, ...words: number[]): string {
  const bytes = Buffer.alloc(packet.ipVersion === 6 ? 16 : 4);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeInt32BE(words[at / 4]!, at);
  return bytes.toString('hex');
}
