/** Why a capture has ended. */
export const CAPTURE_ENDS = [
  'packets',
  'bytes',
  'seconds',
  'asked',
  'access_changed',
  'rule_gone',
  'client_gone',
  'slow_reader',
  'write_failed',
  'engine_stopped',
] as const;
export type CaptureEnd = (typeof CAPTURE_ENDS)[number];

/** Why a packet of a captured rule is in no capture: its worker's ring was full, or what it was written to failed. */
export const CAPTURE_DROP_REASONS = ['ring_full', 'unwritten'] as const;
export type CaptureDropReason = (typeof CAPTURE_DROP_REASONS)[number];

const PACKETS = 0;
const BYTES = 1;
const FIRST_DROP = 2;
const FIRST_END = FIRST_DROP + CAPTURE_DROP_REASONS.length;

/**
 * What all captures since the start of the engine come to. Written by the stats thread, in memory that its successor
 * goes on with: no count goes back when it dies.
 */
export class CaptureTotals {
  private readonly cells: Float64Array;

  /** @param totals of memory/capture-layout.ts. */
  constructor(totals: SharedArrayBuffer) {
    this.cells = new Float64Array(totals);
  }

  /** Packets that are with the file or the client. */
  get packets(): number {
    return this.cells[PACKETS];
  }

  /** Bytes of pcapng that are. */
  get bytes(): number {
    return this.cells[BYTES];
  }

  dropped(reason: CaptureDropReason): number {
    return this.cells[FIRST_DROP + CAPTURE_DROP_REASONS.indexOf(reason)];
  }

  ended(end: CaptureEnd): number {
    return this.cells[FIRST_END + CAPTURE_ENDS.indexOf(end)];
  }

  countWritten(packets: number, bytes: number): void {
    this.cells[PACKETS] += packets;
    this.cells[BYTES] += bytes;
  }

  countDropped(reason: CaptureDropReason, packets: number): void {
    this.cells[FIRST_DROP + CAPTURE_DROP_REASONS.indexOf(reason)] += packets;
  }

  countEnd(end: CaptureEnd): void {
    this.cells[FIRST_END + CAPTURE_ENDS.indexOf(end)] += 1;
  }
}
