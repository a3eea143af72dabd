import { POSITION_WORDS, type ReceiveRing } from '../kernel/receive-ring.js';

/*
 * How far the kernel's rings are read, for the successor of an rx thread that died. Written by rx, burst by burst.
 *
 *   | valid | interface | given | position of ring 0 | ring 1 | ... | given | positions ... |
 *
 * There are two records, and `valid` says which one holds; the other is written first. Beside them `interface` says
 * where the frames after the record come from: it is written before the first of them is dealt with.
 */
const VALID = 0;
const INTERFACE = 1;
const RECORDS_WORD = 2;

/** @param ringCount interfaces that are read. */
export function createPositions(ringCount: number): SharedArrayBuffer {
  const words = RECORDS_WORD + 2 * (1 + ringCount * POSITION_WORDS);
  // Zeros are the beginning: slot 0, and no block, since the kernel numbers them from 1.
  return new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT);
}

export class Positions {
  private readonly words: Int32Array;
  private readonly recordWords: number;

  constructor(
    buffer: SharedArrayBuffer,
    private readonly rings: readonly ReceiveRing[],
  ) {
    this.words = new Int32Array(buffer);
    this.recordWords = 1 + rings.length * POSITION_WORDS;
  }

  /** @param given frames that the rings have shown, all of them dealt with, modulo 2^32. */
  note(given: number): void {
    const { words, rings } = this;
    const other = words[VALID] ^ 1;
    const record = this.recordOf(other);
    words[record] = given;
    for (let i = 0; i < rings.length; i++) rings[i].notePosition(words, record + 1 + i * POSITION_WORDS);
    // The record first, then that it holds: and only then may frames be given back to the kernel.
    Atomics.store(words, VALID, other);
  }

  /** The frames that come now are of this interface. */
  setInterface(interfaceIndex: number): void {
    this.words[INTERFACE] = interfaceIndex;
  }

  /** Brings the rings to where `dealt` frames have been dealt with. */
  resume(dealt: number): void {
    const { words, rings } = this;
    const record = this.recordOf(words[VALID]);
    for (let i = 0; i < rings.length; i++) rings[i].resume(words, record + 1 + i * POSITION_WORDS);
    const ring = rings[words[INTERFACE]];
    for (let i = (dealt - words[record]) | 0; i > 0; i--) ring.next();
    this.note(dealt);
  }

  private recordOf(which: number): number {
    return RECORDS_WORD + which * this.recordWords;
  }
}
