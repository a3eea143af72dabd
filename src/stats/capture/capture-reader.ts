import {
  CaptureRingLayout,
  RECORD_DESCRIPTOR,
  RECORD_GENERATION,
  RECORD_HEADER_WORDS,
  RECORD_NUMBER,
  RECORD_SLOT,
  RECORD_WORDS,
} from '../../memory/capture-layout.js';
import { WORD_BYTES } from '../../memory/layout.js';
import {
  DESCRIPTOR_FORM,
  DESCRIPTOR_INTERFACE,
  DESCRIPTOR_RX_US,
  DESCRIPTOR_WIRE_BYTES,
  FORM_CAPTURED_MASK,
  FORM_LINK_TYPE_MASK,
  FORM_LINK_TYPE_SHIFT,
} from '../../memory/pool-layout.js';

/** A packet as a worker has captured it. One object is used for all of them. */
export class CapturedPacket {
  /** Of the capture. */
  number = 0;
  /** Of its rule. */
  slot = 0;
  /** Of the rules that it was judged by. */
  generation = 0;
  /** Its length on the wire. */
  wireBytes = 0;
  linkType = 0;
  interfaceIndex = 0;
  /** When rx has read it, of the monotonic clock, microseconds modulo 2^32. */
  rxUs = 0;
  /** The beginning of `frame` that is of it: what UPE has, up to the bytes that are wanted. */
  frameBytes = 0;
  frame = new Uint8Array(0);
}

/** The stats thread's side of one worker's capture ring. */
export class CaptureReader {
  private readonly words: Int32Array;
  private readonly layout: CaptureRingLayout;
  private read: number;
  /** A record in one piece: in the ring it may go round the end. */
  private record = new Int32Array(1024);
  private readonly packet = new CapturedPacket();

  /** Skips what a predecessor has left: whoever wanted it is gone. */
  constructor(ring: SharedArrayBuffer, ringWords: number) {
    this.words = new Int32Array(ring);
    this.layout = new CaptureRingLayout(ringWords);
    this.read = Atomics.load(this.words, this.layout.writeCursorWord);
    Atomics.store(this.words, this.layout.readCursorWord, this.read);
  }

  /** Packets of an order that have found no room, an int32 that wraps. */
  missed(order: number): number {
    return Atomics.load(this.words, this.layout.missedWord + order);
  }

  /**
   * Reads all that is there at this moment.
   *
   * @param receive given each packet, which is its own only until it returns.
   */
  drain(receive: (packet: CapturedPacket) => void): void {
    const { words, layout, packet } = this;
    // The load comes before the words are read: what the cursor announces is there.
    const end = Atomics.load(words, layout.writeCursorWord);
    while (this.read !== end) {
      const recordWords = words[layout.firstWord + ((this.read + RECORD_WORDS) & layout.mask)];
      this.take(recordWords);
      this.describe(recordWords);
      this.read = (this.read + recordWords) | 0;
      // Copied out first, cursor second: the worker may write there from here on.
      Atomics.store(words, layout.readCursorWord, this.read);
      receive(packet);
    }
  }

  private take(recordWords: number): void {
    const { words, layout } = this;
    if (this.record.length < recordWords) this.record = new Int32Array(2 * recordWords);
    const first = this.read & layout.mask;
    const beforeEnd = Math.min(recordWords, layout.ringWords - first);
    const { firstWord } = layout;
    this.record.set(words.subarray(firstWord + first, firstWord + first + beforeEnd));
    this.record.set(words.subarray(firstWord, firstWord + recordWords - beforeEnd), beforeEnd);
  }

  private describe(recordWords: number): void {
    const { record, packet } = this;
    const form = record[RECORD_DESCRIPTOR + DESCRIPTOR_FORM];
    const copiedBytes = (recordWords - RECORD_HEADER_WORDS) * WORD_BYTES;
    packet.number = record[RECORD_NUMBER];
    packet.slot = record[RECORD_SLOT];
    packet.generation = record[RECORD_GENERATION];
    packet.wireBytes = record[RECORD_DESCRIPTOR + DESCRIPTOR_WIRE_BYTES];
    packet.linkType = (form >>> FORM_LINK_TYPE_SHIFT) & FORM_LINK_TYPE_MASK;
    packet.interfaceIndex = record[RECORD_DESCRIPTOR + DESCRIPTOR_INTERFACE];
    packet.rxUs = record[RECORD_DESCRIPTOR + DESCRIPTOR_RX_US];
    packet.frameBytes = Math.min(form & FORM_CAPTURED_MASK, copiedBytes);
    if (packet.frame.buffer !== record.buffer) {
      packet.frame = new Uint8Array(record.buffer, RECORD_HEADER_WORDS * WORD_BYTES);
    }
  }
}
