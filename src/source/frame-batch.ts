/**
 * What a source hands to the rx loop: up to a burst of frames, by reference.
 *
 * One batch is made at the start and refilled for ever. The frames stay where the source has them (a
 * file's read buffer, a template, the kernel's ring) and are valid until the next call to the source;
 * the rx loop copies each of them once, into the packet pool. Written by the source, read by the rx
 * loop, both on the rx thread.
 */
export const BURST_FRAMES = 32;

const NO_WORDS = new Int32Array(0);

export class FrameBatch {
  /**
   * The rx loop's monotonic clock when it asks for frames, milliseconds. A cell, because a double that is
   * passed to a function which V8 does not inline is allocated.
   */
  readonly nowMs = new Float64Array(1);
  /** Frames in this batch, 0 to `BURST_FRAMES`. */
  frameCount = 0;
  /** The memory that every frame of this batch lies in; the source changes it with `attach`. */
  bytes: Uint8Array;
  /** The same memory, for unaligned word reads. */
  view: DataView;
  /** The same memory by words, where the source has it so: empty otherwise. */
  words: Int32Array = NO_WORDS;
  /** Where each frame begins in `bytes`. */
  readonly byteOffset = new Int32Array(BURST_FRAMES);
  /** Bytes present of each frame, from 0. */
  readonly capturedBytes = new Int32Array(BURST_FRAMES);
  /** Bytes of each frame on the wire: what the counters count. */
  readonly wireBytes = new Int32Array(BURST_FRAMES);
  /** Link type of each frame, one of `protocol/link-type.ts`. */
  readonly linkType = new Int32Array(BURST_FRAMES);
  /** Index of the interface that each frame came in by, into `Source.interfaces`. */
  readonly interfaceIndex = new Int32Array(BURST_FRAMES);
  /** 1 where the sender left the transport checksum to the network card, otherwise 0. */
  readonly isChecksumMissing = new Uint8Array(BURST_FRAMES);

  constructor() {
    this.bytes = new Uint8Array(0);
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Names the memory of the frames to come.
   *
   * @param view the same memory, from a source that keeps one; without it one is made, so a source must
   *   not take turns between buffers then.
   * @param words the same memory once more, whole words only, if many of its frames begin at one.
   */
  attach(bytes: Uint8Array, view?: DataView, words: Int32Array = NO_WORDS): void {
    if (this.bytes === bytes) return;
    this.bytes = bytes;
    this.words = words;
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Appends one frame. The caller has checked that the batch is not full.
   *
   * @param byteOffset where the frame begins in `bytes`.
   * @param capturedBytes bytes present there.
   * @param wireBytes the frame's length on the wire; may be smaller than `capturedBytes` in odd captures.
   * @param linkType one of `protocol/link-type.ts`.
   * @param interfaceIndex index into `Source.interfaces`.
   * @param isChecksumMissing true when the sender left the transport checksum to the network card.
   */
  add(
    byteOffset: number,
    capturedBytes: number,
    wireBytes: number,
    linkType: number,
    interfaceIndex: number,
    isChecksumMissing = false,
  ): void {
    const i = this.frameCount;
    this.byteOffset[i] = byteOffset;
    this.capturedBytes[i] = capturedBytes;
    this.wireBytes[i] = wireBytes;
    this.linkType[i] = linkType;
    this.interfaceIndex[i] = interfaceIndex;
    this.isChecksumMissing[i] = isChecksumMissing ? 1 : 0;
    this.frameCount = i + 1;
  }
}
