/** Arithmetic shared by the layout files. Offsets are made by adding up, never written as numbers. */

/**
 * Words that different threads write are kept this far apart: two 64-byte lines, because the adjacent
 * line prefetcher of x86 pulls lines in pairs (Intel optimisation manual, "spatial prefetcher").
 */
export const CACHE_LINE_BYTES = 128;
export const PAGE_BYTES = 4096;
/** Bytes of an Int32Array element: the unit of everything that threads tell each other. */
export const WORD_BYTES = 4;
/**
 * Changes no index of a word or a cell: there are none from 2^30 on. V8 learns from it that a sum of the index and an
 * offset does not overflow, which it checks at each sum otherwise; a packet took 30 ns in a worker before, and 22 after.
 */
export const INDEX_MASK = 0x3fff_ffff;
export const CACHE_LINE_WORDS = CACHE_LINE_BYTES / WORD_BYTES;

/** Rounds `size` up to a multiple of `unit`, both in the same unit. */
export function alignUp(size: number, unit: number): number {
  return Math.ceil(size / unit) * unit;
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}
