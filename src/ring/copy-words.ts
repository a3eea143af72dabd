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
    to[toAt + i] = from[at + i];
    to[toAt + i + 1] = from[at + i + 1];
    to[toAt + i + 2] = from[at + i + 2];
    to[toAt + i + 3] = from[at + i + 3];
    to[toAt + i + 4] = from[at + i + 4];
    to[toAt + i + 5] = from[at + i + 5];
    to[toAt + i + 6] = from[at + i + 6];
    to[toAt + i + 7] = from[at + i + 7];
  }
  for (; i < count; i++) to[toAt + i] = from[at + i];
}
