import { type RingMapping, ringMemory } from './packet-socket.js';
import { ReceivedFrame, TP_STATUS_USER } from './received-frame.js';

/**
 * The reader's side of a receive ring that the kernel fills. What `next` has shown stays valid until the
 * first `next` after `release`.
 */
export interface ReceiveRing {
  /** All of the ring's memory. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array;
  /** What the last `next` has shown. */
  readonly frame: ReceivedFrame;
  /** Shows the next frame that the kernel has handed over. Returns false when there is none. */
  next(): boolean;
  /** Gives back to the kernel what has been shown and is no longer needed: everything so far. */
  release(): void;
  /**
   * Notes where the reader is, `POSITION_WORDS` words, for `resume`: before `release`, and when all frames that were
   * shown have been dealt with.
   */
  notePosition(words: Int32Array, at: number): void;
  /** Goes on where a reader that died had noted its position, and gives back what it had not. */
  resume(words: Int32Array, at: number): void;
}

/** Words in which a ring notes a position. */
export const POSITION_WORDS = 3;

export function openRing(mapping: RingMapping): ReceiveRing {
  return mapping.shape.form === 'blocks' ? new BlockRing(mapping) : new SlotRing(mapping);
}

/** struct tpacket_block_desc with tpacket_hdr_v1 (linux/if_packet.h), byte offsets. */
const BLOCK_STATUS = 8;
const BLOCK_FRAMES = 12;
const BLOCK_FIRST_FRAME = 16;
const BLOCK_USED_BYTES = 20;
/** The low half of a number that goes up from block to block, given when the kernel begins to fill it. */
const BLOCK_NUMBER = 24;
/** struct tpacket3_hdr, at a multiple of 8, in words. The frame's offset and the tag's type are the low halves of theirs. */
const V3_NEXT_WORD = 0;
const V3_SNAPLEN_WORD = 3;
const V3_LEN_WORD = 4;
const V3_STATUS_WORD = 5;
const V3_MAC_WORD = 6;
const V3_VLAN_TCI_WORD = 8;
const V3_VLAN_TPID_WORD = 9;

/** What is fetched ahead of its use: a burst of average frames, and no more than the nearest cache holds. */
const FETCH_FRAMES = 32;
const FETCH_BYTES_MAX = 16_384;
const CACHE_LINE_WORDS = 16;

/** The memory of a ring, as both forms read it. */
class MappedRing {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly frame: ReceivedFrame;
  readonly words: Int32Array;

  constructor(mapping: RingMapping) {
    const memory = ringMemory(mapping);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.words = new Int32Array(memory);
    this.frame = new ReceivedFrame(this.view);
  }
}

/** TPACKET_V3: whole blocks of frames, back to back. */
class BlockRing extends MappedRing implements ReceiveRing {
  private readonly blockBytes: number;
  private readonly blockCount: number;
  /** The block that is being read, or the next to be. */
  private block = 0;
  /** Frames of it that have not been shown; 0 outside a block. */
  private framesLeft = 0;
  private frameAt = 0;
  /** Where its frames end, and how much of it `fetchAhead` brings in for one burst: both bytes. */
  private blockEnd = 0;
  private burstBytes = 0;
  /** Keeps what `fetchAhead` has read from being optimised away. */
  fetched = 0;
  /** The block before is read to its end and waits for `release`; -1 when none does. */
  private finishedBlock = -1;
  /** The block entered last, its number, and how many of its frames have been shown. */
  private enteredBlock = 0;
  private enteredNumber = 0;
  private shown = 0;

  constructor(mapping: RingMapping) {
    super(mapping);
    this.blockBytes = mapping.shape.blockBytes;
    this.blockCount = mapping.shape.blockCount;
  }

  next(): boolean {
    if (this.framesLeft === 0 && !this.enterBlock()) return false;
    const { words, frameAt: at } = this;
    const word = at >> 2;
    this.frame.set(
      at + (words[word + V3_MAC_WORD] & 0xffff),
      words[word + V3_SNAPLEN_WORD],
      words[word + V3_LEN_WORD],
      words[word + V3_STATUS_WORD],
      words[word + V3_VLAN_TCI_WORD],
      words[word + V3_VLAN_TPID_WORD] & 0xffff,
    );
    this.frameAt = at + words[word + V3_NEXT_WORD];
    this.shown += 1;
    if (--this.framesLeft === 0) this.leaveBlock();
    return true;
  }

  release(): void {
    if (this.finishedBlock >= 0) {
      this.giveBack(this.finishedBlock);
      this.finishedBlock = -1;
    }
    if (this.framesLeft > 0) this.fetchAhead();
  }

  notePosition(words: Int32Array, at: number): void {
    words[at] = this.enteredBlock;
    words[at + 1] = this.enteredNumber;
    words[at + 2] = this.shown;
  }

  resume(words: Int32Array, at: number): void {
    const [block, number] = [words[at], words[at + 1]];
    const from = block * this.blockBytes;
    this.block = block;
    const isHeld = (Atomics.load(this.words, (from + BLOCK_STATUS) >> 2) & TP_STATUS_USER) !== 0;
    if (isHeld && this.words[(from + BLOCK_NUMBER) >> 2] === number && this.enterBlock()) {
      const { framesLeft } = this;
      for (let i = 0; i < words[at + 2]; i++) this.next();
      if (framesLeft === words[at + 2]) this.release();
      return;
    }
    this.block = this.blockAfter(block, number);
    this.enteredBlock = block;
    this.enteredNumber = number;
  }

  /** The oldest block that is not read, or the one that the kernel fills if all are. */
  private blockAfter(block: number, number: number): number {
    let newest = (block + 1) % this.blockCount;
    let newestAhead = 0;
    // First which one is filled, then which are full: it may become full in between.
    for (let i = 0; i < this.blockCount; i++) {
      const ahead = this.aheadOf(i, number);
      if (ahead > newestAhead) {
        newest = i;
        newestAhead = ahead;
      }
    }
    let oldest = newest;
    let oldestAhead = newestAhead;
    for (let i = 0; i < this.blockCount; i++) {
      const isFull =
        (Atomics.load(this.words, (i * this.blockBytes + BLOCK_STATUS) >> 2) & TP_STATUS_USER) !== 0;
      const ahead = this.aheadOf(i, number);
      if (isFull && ahead > 0 && ahead < oldestAhead) {
        oldest = i;
        oldestAhead = ahead;
      }
    }
    return oldest;
  }

  private aheadOf(block: number, number: number): number {
    return (this.words[(block * this.blockBytes + BLOCK_NUMBER) >> 2] - number) | 0;
  }

  /**
   * Brings the frames of the next burst into this core's cache. Another core has written them, and where
   * the next frame begins is only known from the one before, so that the reader would wait for one line
   * after the other: a third of its time. These reads do not depend on each other, and the processor has
   * many of them under way at once.
   */
  private fetchAhead(): void {
    const { words } = this;
    const end = Math.min(this.frameAt + this.burstBytes, this.blockEnd) >> 2;
    let seen = 0;
    for (let word = this.frameAt >> 2; word < end; word += CACHE_LINE_WORDS) seen ^= words[word];
    this.fetched = seen;
  }

  private enterBlock(): boolean {
    // A block at a time: its predecessor may still be in the caller's hands.
    if (this.finishedBlock >= 0) return false;
    for (;;) {
      const at = this.block * this.blockBytes;
      // The load of the status comes before those of the frames: the kernel wrote it last.
      if ((Atomics.load(this.words, (at + BLOCK_STATUS) >> 2) & TP_STATUS_USER) === 0) return false;
      this.enteredBlock = this.block;
      this.enteredNumber = this.words[(at + BLOCK_NUMBER) >> 2];
      this.shown = 0;
      this.framesLeft = this.view.getInt32(at + BLOCK_FRAMES, true);
      this.frameAt = at + this.view.getInt32(at + BLOCK_FIRST_FRAME, true);
      if (this.framesLeft > 0) {
        const usedBytes = this.view.getInt32(at + BLOCK_USED_BYTES, true);
        this.blockEnd = at + usedBytes;
        this.burstBytes = Math.min(FETCH_BYTES_MAX, (FETCH_FRAMES * usedBytes) / this.framesLeft) | 0;
        this.fetchAhead();
        return true;
      }
      // The kernel may hand over a block whose timeout ran out with nothing in it.
      this.giveBack(this.block);
      this.block = (this.block + 1) % this.blockCount;
    }
  }

  private leaveBlock(): void {
    this.finishedBlock = this.block;
    this.block = (this.block + 1) % this.blockCount;
  }

  private giveBack(block: number): void {
    // After the last read of its frames: the kernel may overwrite them from here on.
    Atomics.store(this.words, (block * this.blockBytes + BLOCK_STATUS) >> 2, 0);
  }
}

/** struct tpacket2_hdr (linux/if_packet.h), byte offsets. */
const V2_STATUS = 0;
const V2_LEN = 4;
const V2_SNAPLEN = 8;
const V2_MAC = 12;
const V2_VLAN_TCI = 24;
const V2_VLAN_TPID = 26;
/** Padding, which the kernel sets to 0 with every frame: not 0 once the frame has been dealt with. */
const V2_STAMP = 28;

/** TPACKET_V2: one frame a slot, handed over as soon as it is there. */
class SlotRing extends MappedRing implements ReceiveRing {
  private readonly slotBytes: number;
  private readonly slotCount: number;
  /** The next slot to look at, and the first that has been shown and not been given back. */
  private slot = 0;
  private firstShown = 0;
  private shownCount = 0;

  constructor(mapping: RingMapping) {
    super(mapping);
    this.slotBytes = mapping.shape.slotBytes;
    this.slotCount = mapping.bytes / mapping.shape.slotBytes;
  }

  next(): boolean {
    if (this.shownCount === this.slotCount) return false;
    const at = this.slot * this.slotBytes;
    // The load of the status comes before those of the frame: the kernel wrote it last.
    const status = Atomics.load(this.words, (at + V2_STATUS) >> 2);
    if ((status & TP_STATUS_USER) === 0) return false;
    const { view } = this;
    this.frame.set(
      at + view.getUint16(at + V2_MAC, true),
      view.getInt32(at + V2_SNAPLEN, true),
      view.getInt32(at + V2_LEN, true),
      status,
      view.getUint16(at + V2_VLAN_TCI, true),
      view.getUint16(at + V2_VLAN_TPID, true),
    );
    this.slot = (this.slot + 1) % this.slotCount;
    this.shownCount++;
    return true;
  }

  release(): void {
    // The first one last: the kernel goes in order, and takes none of them while it is not free.
    for (let i = this.shownCount - 1; i >= 0; i--) {
      const slot = (this.firstShown + i) % this.slotCount;
      Atomics.store(this.words, (slot * this.slotBytes + V2_STATUS) >> 2, 0);
    }
    this.firstShown = this.slot;
    this.shownCount = 0;
  }

  notePosition(words: Int32Array, at: number): void {
    // Stamped before the position counts: a successor that finds no stamp finds a younger frame.
    if (this.shownCount > 0) this.words[(this.firstShown * this.slotBytes + V2_STAMP) >> 2] = 1;
    words[at] = this.slot;
    words[at + 1] = this.firstShown;
    words[at + 2] = this.shownCount;
  }

  resume(words: Int32Array, at: number): void {
    this.slot = words[at];
    this.firstShown = words[at + 1];
    this.shownCount = words[at + 2];
    const first = this.firstShown * this.slotBytes;
    const isHeld = (Atomics.load(this.words, (first + V2_STATUS) >> 2) & TP_STATUS_USER) !== 0;
    if (this.shownCount > 0 && isHeld && this.words[(first + V2_STAMP) >> 2] !== 0) this.release();
    this.firstShown = this.slot;
    this.shownCount = 0;
  }
}
