import * as layout from '../memory/layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { INDEX_MASK } = layout;

/** Words a turn. */
const UNROLLED = 8;

/**
 * Copies words from one array to another.
 *
 * Eight a turn, because V8 unrolls no loops of this kind, and asks at each turn for the loop's end and whether it is
 * to be interrupted. `TypedArray.set` would be a call, and slow into shared memory (nodejs/node#62032).
 *
 * @param from where the words are, from `at` on.
 * @param to where they go, from `toAt` on.
 * @param count how many, from 0.
 */
export function copyWords(from: Int32Array, at: number, to: Int32Array, toAt: number, count: number): void {
  let i = 0;
  for (; i + UNROLLED <= count; i += UNROLLED) {
    const source = (at + i) & INDEX_MASK;
    const target = (toAt + i) & INDEX_MASK;
    to[target] = from[source];
    to[target + 1] = from[source + 1];
    to[target + 2] = from[source + 2];
    to[target + 3] = from[source + 3];
    to[target + 4] = from[source + 4];
    to[target + 5] = from[source + 5];
    to[target + 6] = from[source + 6];
    to[target + 7] = from[source + 7];
  }
  for (; i < count; i++) to[toAt + i] = from[at + i];
}
