import { doubled } from './doubled.js';
import type { RowStore } from './row-store.js';

/** Products that are tried at most, counted in blocks: 20 ms of compiling. */
const PRODUCT_BLOCKS_MAX = 400_000;
/** Blocks that one product may add at most: 2 MB. */
const NEW_BLOCKS_MAX = 16_384;

/** What two lists of classes come to: those of both, numbered anew. */
export interface RowProduct {
  /** The row of each new class, all of them different. */
  readonly rows: readonly number[];
  /** The new class for (class of the left * classes of the right + class of the right). */
  readonly table: Int32Array;
}

/**
 * Intersects each row of one list with each of another one.
 *
 * @returns `null` where that would take too much.
 */
export function multiplyRows(
  left: readonly number[],
  right: readonly number[],
  rows: RowStore,
): RowProduct | null {
  const width = right.length;
  if (left.length * width * rows.blocksARow > PRODUCT_BLOCKS_MAX && width > 1) return null;
  const blocksMax = rows.store.count + NEW_BLOCKS_MAX;
  const table = new Int32Array(left.length * width);
  if (width < left.length) {
    for (let i = 0; i < width; i++) {
      if (!rows.intersectEach(right[i], left, table, i, width, blocksMax)) return null;
    }
  } else {
    for (let i = 0; i < left.length; i++) {
      if (!rows.intersectEach(left[i], right, table, i * width, 1, blocksMax)) return null;
    }
  }
  const numbers = new RowNumbers();
  for (let cell = 0; cell < table.length; cell++) table[cell] = numbers.of(table[cell]);
  return { rows: numbers.rows, table };
}

/** Numbers rows from 0 on, in the order in which they are asked for. */
export class RowNumbers {
  readonly rows: number[] = [];
  /** By the row, its number and 1; 0 where it has none. */
  private numbers = new Int32Array(256);

  of(row: number): number {
    while (row >= this.numbers.length) this.numbers = doubled(this.numbers);
    const known = this.numbers[row];
    if (known !== 0) return known - 1;
    this.rows.push(row);
    this.numbers[row] = this.rows.length;
    return this.rows.length - 1;
  }
}
