import {
  ANOMALY_KINDS,
  type AnomalyKind,
  anomalyBit,
  FIRST_UNCLASSIFIED_SLOT,
  MALFORMED_REASONS,
  type MalformedReason,
  UNCLASSIFIED_KINDS,
  type UnclassifiedKind,
} from '../../counters/catalogue.js';
import { ABSENT, PARSED, Packet } from '../../protocol/packet.js';
import { parseFrame } from '../../protocol/parser.js';
import { type KnownPacket, knownPacketOf, UNKNOWN } from './known-packet.js';

/** A frame as somebody has captured it. */
export interface CapturedFrame {
  readonly bytes: Uint8Array;
  /** Its length on the wire. */
  readonly wireBytes: number;
  /** One of protocol/link-type.ts. */
  readonly linkType: number;
}

/** What the parser says of a frame: a packet that rules can judge, or why there is none. */
export type JudgedFrame =
  | {
      readonly kind: 'packet';
      readonly packet: KnownPacket;
      readonly anomalies: readonly AnomalyKind[];
    }
  | { readonly kind: 'malformed'; readonly reason: MalformedReason }
  | { readonly kind: 'unclassified'; readonly reason: UnclassifiedKind };

/**
 * Has the engine's parser read a frame.
 *
 * @param keptBytes bytes of a packet buffer: of a longer frame, the beginning is judged, as in the engine.
 * @param interfaceIndex where it came in, `ABSENT` for an interface that the table does not know, or `null` where
 *   nobody has said.
 */
export function judgeFrame(
  { bytes, wireBytes, linkType }: CapturedFrame,
  keptBytes: number,
  interfaceIndex: number | null,
): JudgedFrame {
  const packet = new Packet();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const capturedBytes = Math.min(bytes.length, keptBytes);
  const status = parseFrame(view, 0, capturedBytes, wireBytes, linkType, packet);
  if (status !== PARSED) {
    return status < FIRST_UNCLASSIFIED_SLOT
      ? { kind: 'malformed', reason: MALFORMED_REASONS[status] }
      : { kind: 'unclassified', reason: UNCLASSIFIED_KINDS[status - FIRST_UNCLASSIFIED_SLOT] };
  }
  if (capturedBytes < bytes.length) packet.anomalies |= anomalyBit('oversize');
  packet.interfaceIndex = interfaceIndex ?? ABSENT;
  const known = knownPacketOf(packet);
  return {
    kind: 'packet',
    packet: interfaceIndex === null ? { ...known, interfaceIndex: UNKNOWN } : known,
    anomalies: ANOMALY_KINDS.filter((kind) => (packet.anomalies & anomalyBit(kind)) !== 0),
  };
}
