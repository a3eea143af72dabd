/** Entries that a summary begins with room for. */
const FIRST_ENTRIES = 16;
const NONE = -1;

/**
 * The heaviest keys of a stream, in bounded memory: the space-saving algorithm (Metwally, Agrawal and El Abbadi, ICDT
 * 2005) for weighted counts. A key that finds no entry takes that of the lightest one, and inherits its count.
 *
 * Of each key that has an entry, the true sum of its amounts lies between `counts - inherited`, which was counted
 * under its own name, and `counts`; of every other key it is at most `unlistedMax`, which is at most the sum of all
 * amounts divided by the entries. Both hold whatever the stream is.
 *
 * It grows with the keys that it meets, up to its limit, and allocates nothing from then on. While it has not met
 * more keys than its limit it is exact, and keeps no order; from then on a binary heap has the lightest on top.
 */
export class SpaceSaving {
  /** Entries in use. */
  size = 0;
  /** By entry: the amounts counted for it, and those of them that an earlier key of the entry had. */
  counts = new Float64Array(FIRST_ENTRIES);
  inherited = new Float64Array(FIRST_ENTRIES);
  /** By entry, since its key has it: the sampling variance of the amounts, and the sum of the other measure. */
  variances = new Float64Array(FIRST_ENTRIES);
  others = new Float64Array(FIRST_ENTRIES);
  /** By entry: its key, `keyWords` each. */
  keys: Int32Array;
  private hashes = new Int32Array(FIRST_ENTRIES);
  /** Hash table with chains: the first entry of a bucket, the next one of an entry. */
  private buckets = new Int32Array(2 * FIRST_ENTRIES).fill(NONE);
  private next = new Int32Array(FIRST_ENTRIES);
  /** Entries by place in the heap, and places by entry; valid once the summary is full. */
  private heap = new Int32Array(0);
  private places = new Int32Array(0);

  /**
   * @param limit entries at most, from 1.
   * @param keyWords words of a key.
   */
  constructor(
    readonly limit: number,
    readonly keyWords: number,
  ) {
    this.keys = new Int32Array(FIRST_ENTRIES * keyWords);
  }

  get isFull(): boolean {
    return this.size === this.limit;
  }

  /** The most that a key without an entry can have. */
  get unlistedMax(): number {
    return this.isFull ? this.counts[this.heap[0]] : 0;
  }

  /**
   * Counts for a key.
   *
   * @param words where the key is, from `word` on.
   * @param hash of the key, whichever: equal keys have equal ones.
   * @param amount above 0.
   * @param variance of it.
   * @param other the same event by the other measure.
   */
  add(words: Int32Array, word: number, hash: number, amount: number, variance: number, other: number): void {
    let entry = this.find(words, word, hash);
    if (entry === NONE) {
      entry = this.isFull ? this.replaceLightest() : this.newEntry();
      this.variances[entry] = 0;
      this.others[entry] = 0;
      this.name(entry, words, word, hash);
    }
    this.counts[entry] += amount;
    this.variances[entry] += variance;
    this.others[entry] += other;
    if (this.heap.length > 0) this.sink(this.places[entry]);
    else if (this.isFull) this.makeHeap();
  }

  /** The entry of a key, or -1. */
  find(words: Int32Array, word: number, hash: number): number {
    const { keys, keyWords, hashes, next } = this;
    let entry = this.buckets[hash & (this.buckets.length - 1)];
    while (entry !== NONE) {
      if (hashes[entry] === hash) {
        const key = entry * keyWords;
        let same = 0;
        while (same < keyWords && keys[key + same] === words[word + same]) same++;
        if (same === keyWords) return entry;
      }
      entry = next[entry];
    }
    return NONE;
  }

  /** The hash that the key of an entry was counted with. */
  hashOf(entry: number): number {
    return this.hashes[entry];
  }

  /** Forgets all keys, and keeps its memory. */
  clear(): void {
    this.size = 0;
    this.buckets.fill(NONE);
    this.heap = new Int32Array(0);
  }

  private newEntry(): number {
    if (this.size === this.counts.length) this.grow();
    const entry = this.size++;
    this.counts[entry] = 0;
    this.inherited[entry] = 0;
    return entry;
  }

  private replaceLightest(): number {
    const entry = this.heap[0];
    this.unlink(entry);
    this.inherited[entry] = this.counts[entry];
    return entry;
  }

  private name(entry: number, words: Int32Array, word: number, hash: number): void {
    const { keys, keyWords, buckets } = this;
    for (let i = 0; i < keyWords; i++) keys[entry * keyWords + i] = words[word + i];
    this.hashes[entry] = hash;
    const bucket = hash & (buckets.length - 1);
    this.next[entry] = buckets[bucket];
    buckets[bucket] = entry;
  }

  private unlink(entry: number): void {
    const { buckets, next } = this;
    const bucket = this.hashes[entry] & (buckets.length - 1);
    if (buckets[bucket] === entry) {
      buckets[bucket] = next[entry];
      return;
    }
    let before = buckets[bucket];
    while (next[before] !== entry) before = next[before];
    next[before] = next[entry];
  }

  private grow(): void {
    const entries = Math.min(2 * this.counts.length, this.limit);
    this.counts = widened(this.counts, entries);
    this.inherited = widened(this.inherited, entries);
    this.variances = widened(this.variances, entries);
    this.others = widened(this.others, entries);
    this.keys = widened(this.keys, entries * this.keyWords);
    this.hashes = widened(this.hashes, entries);
    this.next = new Int32Array(entries);
    // A power of two, whatever the limit is.
    this.buckets = new Int32Array(2 * this.buckets.length).fill(NONE);
    for (let entry = 0; entry < this.size; entry++) {
      const bucket = this.hashes[entry] & (this.buckets.length - 1);
      this.next[entry] = this.buckets[bucket];
      this.buckets[bucket] = entry;
    }
  }

  private makeHeap(): void {
    this.heap = Int32Array.from({ length: this.size }, (_, entry) => entry);
    this.places = Int32Array.from(this.heap);
    for (let place = (this.size >> 1) - 1; place >= 0; place--) this.sink(place);
  }

  /** Brings an entry whose count has grown to its place. */
  private sink(from: number): void {
    const { heap, places, counts, size } = this;
    const entry = heap[from];
    const count = counts[entry];
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && counts[heap[child + 1]] < counts[heap[child]]) child++;
      if (counts[heap[child]] >= count) break;
      heap[place] = heap[child];
      places[heap[place]] = place;
      place = child;
    }
    heap[place] = entry;
    places[entry] = place;
  }
}

function widened<Cells extends Float64Array | Int32Array>(cells: Cells, length: number): Cells {
  const wide = new (cells.constructor as new (length: number) => Cells)(length);
  wide.set(cells);
  return wide;
}
