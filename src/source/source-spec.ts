import type { Pace } from './pacer.js';

/** Sizes of the kernel's receive rings, one an interface. */
export interface ReceiveRingSizes {
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly blockTimeoutMs: number;
}

/** Live interfaces through AF_PACKET. */
export interface AfPacketSpec {
  readonly kind: 'afpacket';
  /** What is read: with a bridge its two ports. */
  readonly interfaces: readonly string[];
  /** What is only sent to. */
  readonly outInterfaces: readonly string[];
  /** Between the two interfaces that are read, and not beside them. */
  readonly isBridge: boolean;
  readonly isPromiscuous: boolean;
  readonly ring: ReceiveRingSizes;
  /** How long frames stay in the kernel's ring while a worker's is full, milliseconds. */
  readonly patienceMs: number;
}

/** What the host receives, at the IP layer. */
export interface RawSocketSpec {
  readonly kind: 'raw-socket';
  /** What is read, and may be sent to; none: everything is read. */
  readonly interfaces: readonly string[];
}

/** What its frames are said to have come in by where it reads from all interfaces. */
export const ALL_INTERFACES = 'raw-socket';

/** Which source to open, in a form that can be passed to a thread. */
export type SourceSpec =
  | { readonly kind: 'demo'; readonly packetsPerSecond: number; readonly seed: number }
  | {
      readonly kind: 'pcap';
      readonly files: readonly string[];
      readonly pace: Pace;
      readonly loop: boolean;
    }
  | AfPacketSpec
  | RawSocketSpec;

/** Whether UPE stands between two interfaces, and does not only watch. */
export function isBridge(spec: SourceSpec): boolean {
  return spec.kind === 'afpacket' && spec.isBridge;
}

/** The engine's list of interfaces: those that a source reads, known before it is opened, then the others. */
export function interfacesOf(spec: SourceSpec): readonly string[] {
  switch (spec.kind) {
    case 'afpacket':
      return [...spec.interfaces, ...spec.outInterfaces];
    case 'raw-socket':
      return spec.interfaces.length > 0 ? spec.interfaces : [ALL_INTERFACES];
    default:
      return [spec.kind];
  }
}

/** How many of the list are read. */
export function readInterfaceCount(spec: SourceSpec): number {
  return spec.kind === 'afpacket' ? spec.interfaces.length : interfacesOf(spec).length;
}
