import * as captureLayout from '../memory/capture-layout.js';
import { CaptureRingLayout, type CaptureTapMemory } from '../memory/capture-layout.js';
import type { PacketPool } from '../memory/packet-pool.js';
import * as poolLayout from '../memory/pool-layout.js';
import * as wordCopy from '../ring/copy-words.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  CAPTURES_MAX,
  NO_SLOT,
  ORDER_NUMBER,
  ORDER_SLOT,
  ORDER_SNAP_BYTES,
  ORDERS_EPOCH,
  orderWord,
  RECORD_DESCRIPTOR,
  RECORD_GENERATION,
  RECORD_HEADER_WORDS,
  RECORD_NUMBER,
  RECORD_SLOT,
  RECORD_WORDS,
} = captureLayout;
const { DESCRIPTOR_FORM, DESCRIPTOR_WORDS, FORM_CAPTURED_MASK } = poolLayout;
const { copyWords } = wordCopy;

/**
 * The worker's side of captures (memory/capture-layout.ts): copies the packets of the rules that stats has ordered
 * into the ring to it. It never waits: a packet that finds no room is counted as missed.
 *
 * A record counts from the store of the write cursor on, which comes last. A worker that dies before it has written
 * into what was free, and its successor goes on at the same cursor.
 */
export class CaptureTap {
  private readonly orders: Int32Array;
  private readonly ring: Int32Array;
  private readonly layout: CaptureRingLayout;
  private readonly buffers: Int32Array;
  private readonly strideWords: number;
  /** What the orders were at `epoch`, by order. */
  private readonly numbers = new Int32Array(CAPTURES_MAX);
  private readonly slots = new Int32Array(CAPTURES_MAX).fill(NO_SLOT);
  private readonly snapBytes = new Int32Array(CAPTURES_MAX);
  private epoch = 0;
  private isCapturing = false;
  private write: number;
  private cachedRead: number;

  constructor(memory: CaptureTapMemory, pool: PacketPool) {
    this.orders = new Int32Array(memory.orders);
    this.ring = new Int32Array(memory.ring);
    this.layout = new CaptureRingLayout(memory.ringWords);
    this.buffers = pool.words;
    this.strideWords = pool.strideWords;
    this.write = Atomics.load(this.ring, this.layout.writeCursorWord);
    this.cachedRead = Atomics.load(this.ring, this.layout.readCursorWord);
  }

  /** Whether any rule is captured: to be asked once a burst. */
  isOn(): boolean {
    if (Atomics.load(this.orders, ORDERS_EPOCH) !== this.epoch) this.takeOrders();
    return this.isCapturing;
  }

  /**
   * Captures a packet that was judged, if its rule is one of those.
   *
   * @param bufferIndex the packet's buffer.
   * @param slot its outcome slot.
   * @param generation of the rules that it was judged by.
   */
  offer(bufferIndex: number, slot: number, generation: number): void {
    const { slots } = this;
    for (let order = 0; order < CAPTURES_MAX; order++) {
      if (slots[order] !== slot) continue;
      this.put(bufferIndex, order, generation);
      return;
    }
  }

  /** Epoch first: orders that change meanwhile have another one, which is seen at the next burst. */
  private takeOrders(): void {
    const { orders, numbers, slots, snapBytes } = this;
    this.epoch = Atomics.load(orders, ORDERS_EPOCH);
    let isCapturing = false;
    for (let order = 0; order < CAPTURES_MAX; order++) {
      const word = orderWord(order);
      slots[order] = Atomics.load(orders, word + ORDER_SLOT);
      numbers[order] = orders[word + ORDER_NUMBER];
      snapBytes[order] = orders[word + ORDER_SNAP_BYTES];
      if (slots[order] !== NO_SLOT) isCapturing = true;
    }
    this.isCapturing = isCapturing;
  }

  private put(bufferIndex: number, order: number, generation: number): void {
    const { ring, buffers, layout, write } = this;
    const buffer = bufferIndex * this.strideWords;
    const bytes = Math.min(buffers[buffer + DESCRIPTOR_FORM] & FORM_CAPTURED_MASK, this.snapBytes[order]);
    const copied = DESCRIPTOR_WORDS + ((bytes + 3) >>> 2);
    const recordWords = RECORD_HEADER_WORDS - DESCRIPTOR_WORDS + copied;
    if (!this.hasRoom(recordWords)) {
      ring[layout.missedWord + order] += 1;
      return;
    }
    const { firstWord, mask, ringWords } = layout;
    ring[firstWord + ((write + RECORD_WORDS) & mask)] = recordWords;
    ring[firstWord + ((write + RECORD_NUMBER) & mask)] = this.numbers[order];
    ring[firstWord + ((write + RECORD_SLOT) & mask)] = this.slots[order];
    ring[firstWord + ((write + RECORD_GENERATION) & mask)] = generation;
    // The descriptor lies in front of the frame, in the buffer as in the record.
    const at = (write + RECORD_DESCRIPTOR) & mask;
    const beforeEnd = Math.min(copied, ringWords - at);
    copyWords(buffers, buffer, ring, firstWord + at, beforeEnd);
    copyWords(buffers, buffer + beforeEnd, ring, firstWord, copied - beforeEnd);
    this.write = (write + recordWords) | 0;
    // The record first, cursor second: whoever sees the cursor sees the record.
    Atomics.store(ring, layout.writeCursorWord, this.write);
  }

  private hasRoom(words: number): boolean {
    const { ringWords, readCursorWord } = this.layout;
    if (ringWords - ((this.write - this.cachedRead) | 0) >= words) return true;
    this.cachedRead = Atomics.load(this.ring, readCursorWord);
    return ringWords - ((this.write - this.cachedRead) | 0) >= words;
  }
}
