/*
 * The search in three rows of a compiled table (matcher-layout.ts), in AssemblyScript: TypeScript's grammar with the
 * processor's own types, which `npm run build` compiles to WebAssembly. `row-search.ts` calls it.
 *
 * Why not JavaScript: V8 loads and checks in each turn of a loop anew what an object's field holds, and has no
 * instruction for four words at once. Here the table is the module's only memory, and its bounds are the pages around it.
 * Look-ups in 10,000 rules of fw1 took 51 ns and take 42, those in lists of a sixth of five fields 200 and 112, the call
 * included.
 */

/** Of the table; given when a table's search is made. */
declare const positions: i32;
declare const summaries: i32;

// As in matcher.ts and matcher-layout.ts, which AssemblyScript cannot import.
const NO_MATCH: i32 = -1;
const NO_POSITION: i32 = 0x7fff_ffff;
const BLOCK_SHIFT: i32 = 10;
const WORD_SHIFT: i32 = 5;
const FIRST_BIT: i32 = 1 << 31;
/**
 * From so many words that an aggregate promises it is quicker to look at all 32 of the block. Always: fw1 took 56 ns
 * instead of 42, and ipc1 91 instead of 83. From 5 or from 9 on: no difference.
 */
const MANY_WORDS: i32 = 7;

/** The word at an offset of the table. */
function word(at: i32): i32 {
  return load<i32>((<usize>at) << 2);
}

function fourWords(at: i32): v128 {
  return v128.load((<usize>at) << 2);
}

/** @returns all bits of the lanes of words that have no rule in common; the first word in the last lane. */
function emptyOfFour(at0: i32, at1: i32, at2: i32): v128 {
  const rules = v128.and(v128.and(fourWords(at0), fourWords(at1)), fourWords(at2));
  return i32x4.eq(v128.shuffle<i32>(rules, rules, 3, 2, 1, 0), i32x4.splat(0));
}

/** @returns one bit for each of 16 words that has no rule in common, the first word's highest, from bit 15 down. */
function emptyOfSixteen(at0: i32, at1: i32, at2: i32): i32 {
  const last = i16x8.narrow_i32x4_s(
    emptyOfFour(at0 + 12, at1 + 12, at2 + 12),
    emptyOfFour(at0 + 8, at1 + 8, at2 + 8),
  );
  const first = i16x8.narrow_i32x4_s(emptyOfFour(at0 + 4, at1 + 4, at2 + 4), emptyOfFour(at0, at1, at2));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(last, first));
}

/** @returns one bit for each word of three blocks that has no rule in common, the first word's highest. */
function emptyWords(block0: i32, block1: i32, block2: i32): i32 {
  return (
    (emptyOfSixteen(block0, block1, block2) << 16) | emptyOfSixteen(block0 + 16, block1 + 16, block2 + 16)
  );
}

/**
 * Finds the first rule that is in three rows of a table of several blocks.
 *
 * @returns its position, or `NO_MATCH`.
 */
export function firstOfThree(row0: i32, row1: i32, row2: i32): i32 {
  let best = NO_POSITION;
  for (let summary = 0; summary < summaries; summary++) {
    let blocks = word(row0 + summary) & word(row1 + summary) & word(row2 + summary);
    while (blocks !== 0) {
      const block = clz(blocks);
      blocks ^= FIRST_BIT >>> block;
      const pair = summaries + (((summary << WORD_SHIFT) + block) << 1);
      let aggregate = word(row0 + pair) & word(row1 + pair) & word(row2 + pair);
      if (aggregate === 0) continue;
      const blockPositions = positions + (((summary << WORD_SHIFT) + block) << BLOCK_SHIFT);
      if (word(blockPositions) >= best) return best;
      const block0 = word(row0 + pair + 1);
      const block1 = word(row1 + pair + 1);
      const block2 = word(row2 + pair + 1);
      // What an aggregate does not promise may be anything: its bit is not there, whatever is found.
      if (popcnt(aggregate) >= MANY_WORDS) aggregate &= ~emptyWords(block0, block1, block2);
      while (aggregate !== 0) {
        const i = clz(aggregate);
        aggregate ^= FIRST_BIT >>> i;
        const rules = word(block0 + i) & word(block1 + i) & word(block2 + i);
        if (rules === 0) continue;
        const places = blockPositions + (i << WORD_SHIFT);
        if (word(places) >= best) break;
        best = min(best, word(places + clz(rules)));
      }
    }
  }
  return best === NO_POSITION ? NO_MATCH : best;
}
