import { type PoolLayout, THREAD_QUEUE_BASE, THREAD_QUEUED } from './pool-layout.js';

/**
 * What a worker's transmitter still has to send of the burst in hand. One thread's, and its successor's when
 * it has died: an entry counts from the store of `count` on.
 */
export class SendQueue {
  /** What the entries mean is up to the transmitter. */
  readonly entries: Int32Array;
  private readonly countWord: number;
  private readonly baseWord: number;

  constructor(
    private readonly words: Int32Array,
    layout: PoolLayout,
    threadIndex: number,
  ) {
    const block = layout.threadWord(threadIndex);
    this.countWord = block + THREAD_QUEUED;
    this.baseWord = block + THREAD_QUEUE_BASE;
    const first = block + layout.queueOffset;
    this.entries = words.subarray(first, first + layout.shape.handBuffers);
  }

  get count(): number {
    return this.words[this.countWord];
  }

  /** Cursor of the ring that the first entry goes to, where the transmitter has one: int32, wraps. */
  get base(): number {
    return this.words[this.baseWord];
  }

  /** Only while the queue is empty. */
  setBase(cursor: number): void {
    this.words[this.baseWord] = cursor;
  }

  add(entry: number): void {
    const { words, countWord } = this;
    const count = words[countWord];
    this.entries[count] = entry;
    words[countWord] = count + 1;
  }

  /** Forgets what is behind the first `count` entries. */
  truncate(count: number): void {
    this.words[this.countWord] = count;
  }
}
