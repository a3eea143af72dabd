/**
 * The words for everything that can happen to a packet, and the cells they are counted in.
 *
 * The words are label values of the metrics and keys of `upe replay --json`: contracts. Their order
 * here fixes the cell numbers, so new ones go to the end of their list.
 */

/** The frame lies about itself. */
export const MALFORMED_REASONS = [
  'ethernet_short',
  'ipv4_version',
  'ipv4_header_length',
  'ipv4_total_length',
  'ipv4_truncated',
  'ipv6_version',
  'ipv6_payload_length',
  'ipv6_extensions',
  'ipv6_fragment',
] as const;
export type MalformedReason = (typeof MALFORMED_REASONS)[number];

/** There is no whole IP header to judge. */
export const UNCLASSIFIED_KINDS = [
  'arp',
  'lldp',
  'mpls',
  'pppoe',
  'llc',
  'vlan_depth',
  'snapped',
  'other',
] as const;
export type UnclassifiedKind = (typeof UNCLASSIFIED_KINDS)[number];

/** Worth knowing, counted elsewhere as well; they may overlap, so they are never summed. */
export const ANOMALY_KINDS = [
  'fragment',
  'l4_snapped',
  'l4_truncated',
  'tcp_offset',
  'udp_length',
  'oversize',
] as const;
export type AnomalyKind = (typeof ANOMALY_KINDS)[number];

/** Dropped by the rx loop, before a worker saw it. */
export const DROP_REASONS = ['pool_exhausted', 'ring_full'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** A forward verdict that did not leave. */
export const TRANSMIT_FAILURES = [
  'no_transmitter',
  'queue_full',
  'oversize',
  'interface_down',
  'error',
] as const;
export type TransmitFailure = (typeof TRANSMIT_FAILURES)[number];

/*
 * Every packet that a worker processes ends in exactly one outcome slot, so the sum of all slots'
 * packets is what the worker has processed:
 *
 *   | malformed reasons | unclassified kinds | unmatched by action | rule slots ... |
 *
 * The parser's status is the slot itself, so counting a packet that reached no rule needs no look-up.
 */
export const FIRST_MALFORMED_SLOT = 0;
export const FIRST_UNCLASSIFIED_SLOT = FIRST_MALFORMED_SLOT + MALFORMED_REASONS.length;
export const FIRST_UNMATCHED_SLOT = FIRST_UNCLASSIFIED_SLOT + UNCLASSIFIED_KINDS.length;
/** The actions of `rules/rule.ts`: count, drop, forward. */
export const ACTION_COUNT = 3;
export const FIRST_RULE_SLOT = FIRST_UNMATCHED_SLOT + ACTION_COUNT;

export function malformedSlot(reason: MalformedReason): number {
  return FIRST_MALFORMED_SLOT + MALFORMED_REASONS.indexOf(reason);
}

export function unclassifiedSlot(kind: UnclassifiedKind): number {
  return FIRST_UNCLASSIFIED_SLOT + UNCLASSIFIED_KINDS.indexOf(kind);
}

/** The bit of an anomaly in a packet's `anomalies`. */
export function anomalyBit(kind: AnomalyKind): number {
  return 1 << ANOMALY_KINDS.indexOf(kind);
}

/** Float64 cells of one outcome slot: a power of two, so that a slot never straddles a cache line. */
export const SLOT_CELLS = 4;
export const SLOT_PACKETS = 0;
export const SLOT_BYTES = 1;
/** Unix time of the last packet in the slot, milliseconds; 0 for never. Merged by maximum, not by sum. */
export const SLOT_LAST_MS = 2;

/** Upper bounds of the latency histogram, seconds: from a burst in cache to a full ring. */
export const LATENCY_BOUNDS_SECONDS: readonly number[] = [
  0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
  0.05, 0.1, 0.25, 1,
];

/*
 * Level cells: written when the thread publishes; the newest publication counts.
 * Total cells: grow as things happen; the reader adds both banks (see counter-banks.ts).
 */

/** Levels of a worker. */
export const WORKER_LEVELS = {
  /** Its ring's read cursor, int32: equals the sum of its outcome slots and of what was lost, modulo 2^32. */
  readCursor: 0,
  /** Buffers ever taken from and returned to the pool's list and return rings (int32 each), and in the cache now. */
  poolTaken: 1,
  poolReturned: 2,
  poolCached: 3,
  heapBytes: 4,
  /** Frames whose verdict was to leave, int32: each of them is sent, failed by reason, or waits to be sent. */
  transmitOrders: 5,
  count: 6,
} as const;

/** Totals of a worker, outside its outcome slots. */
export const WORKER_TOTALS = {
  bursts: 0,
  busyMs: 1,
  /** Of the frames that are to be sent, those that are handed over to rx, which sends them (raw-socket). */
  transmitQueued: 2,
  /** Packets that were popped from the ring and have no outcome, because the worker died of them. */
  lost: 3,
  firstAnomaly: 4,
  firstLatencyBucket: 4 + ANOMALY_KINDS.length,
  /** Sum of all latencies, microseconds; the bucket above the last bound comes right before it. */
  latencySumUs: 4 + ANOMALY_KINDS.length + LATENCY_BOUNDS_SECONDS.length + 1,
  /** What was sent and what failed follows, `TX_INTERFACE_CELLS` an interface. */
  firstTransmit: 4 + ANOMALY_KINDS.length + LATENCY_BOUNDS_SECONDS.length + 2,
} as const;

/** Cells of one interface among those who transmit: workers, and rx where it sends for them. */
export const TX_INTERFACE_PACKETS = 0;
export const TX_INTERFACE_BYTES = 1;
/** Failures follow, in the order of `TRANSMIT_FAILURES`. */
export const TX_INTERFACE_FIRST_FAILURE = 2;
export const TX_INTERFACE_CELLS = TX_INTERFACE_FIRST_FAILURE + TRANSMIT_FAILURES.length;

/** Levels of the rx thread; the write cursors of the rings follow, one a worker. */
export const RX_LEVELS = {
  /** Buffers in its hand: taken, filled, and not yet in a ring. */
  held: 0,
  poolTaken: 1,
  poolReturned: 2,
  poolCached: 3,
  heapBytes: 4,
  /** Bytes that the source has read from files. */
  sourceBytesRead: 5,
  /** Packets that it has taken from the workers to send (raw-socket), int32: all of them sent or failed. */
  transmitCursor: 6,
  firstWriteCursor: 7,
} as const;

/** Totals of the rx thread: these two, then some an interface, then one a worker, then what it sends. */
export const RX_TOTALS = {
  bursts: 0,
  busyMs: 1,
  firstInterface: 2,
} as const;

/** Cells of one interface among the rx totals; the drop reasons follow. */
export const RX_INTERFACE_PACKETS = 0;
export const RX_INTERFACE_BYTES = 1;
/** Frames that the kernel dropped before rx could read them: outside the accounting identity. */
export const RX_INTERFACE_KERNEL_DROPPED = 2;
export const RX_INTERFACE_FIRST_DROP = 3;
export const RX_INTERFACE_CELLS = RX_INTERFACE_FIRST_DROP + DROP_REASONS.length;

/** The total cell in which the packets enqueued to a worker are counted. */
export function enqueuedCell(interfaceCount: number, worker: number): number {
  return RX_TOTALS.firstInterface + interfaceCount * RX_INTERFACE_CELLS + worker;
}

/** The first of the total cells in which rx counts what it sends for the workers. */
export function rxTransmitCell(interfaceCount: number, workerCount: number): number {
  return enqueuedCell(interfaceCount, workerCount);
}
