import { CaptureFileError } from '../../errors.js';
import type { CaptureInput } from './capture-input.js';

/** `RecordReader.timestampMs` of a record that carries no time (pcapng's Simple Packet Block). */
export const NO_TIMESTAMP_MS = -1;

/** The batch keeps lengths as int32; a record that claims more than 2 GiB on the wire claims this. */
const WIRE_BYTES_MAX = 0x7fff_ffff;

/**
 * Reads packet after packet out of a `CaptureInput`, in place: the fields describe the current packet,
 * and `next` overwrites them. Nothing is allocated per packet.
 */
export abstract class RecordReader {
  /** Where the frame begins in `input.bytes`. */
  frameOffset = 0;
  /** Bytes of the frame in the file. */
  capturedBytes = 0;
  /** Bytes of the frame on the wire; smaller than `capturedBytes` in odd captures. */
  wireBytes = 0;
  /** Link type of the frame, one that `isSupportedLinkType` accepts. */
  linkType = 0;
  /** Milliseconds since 1970, with a fraction, or `NO_TIMESTAMP_MS`. */
  timestampMs = 0;
  /** After a `next` that returned false: bytes that must follow `input.begin` before it can go on. */
  bytesNeeded = 0;

  /** What a record is called in messages. */
  abstract readonly recordName: string;

  constructor(protected readonly input: CaptureInput) {}

  /**
   * Moves on to the next packet.
   *
   * @returns true when the fields describe it and `input.begin` is behind it, false when the input
   *   does not hold `bytesNeeded` bytes; call again after `fill`.
   * @throws CaptureFileError at a record that lies about itself.
   */
  abstract next(): boolean;

  /** An error about the structure at `input.begin`. */
  protected damage(reason: string): CaptureFileError {
    return new CaptureFileError(this.input.label, this.input.fileOffset, reason);
  }

  protected setLengths(capturedBytes: number, originalBytes: number): void {
    this.capturedBytes = capturedBytes;
    this.wireBytes = Math.min(originalBytes, WIRE_BYTES_MAX);
  }
}
