import { InvariantError } from '../errors.js';
import { CACHE_LINE_WORDS, WORD_BYTES } from '../memory/layout.js';

/*
 * A compiled rule table as workers read it: int32 words in shared memory, which nobody writes while a worker reads it
 * (compiled-memory.ts). All offsets in it are words from its beginning. Empty lines around it, as around a rule table;
 * the one behind is as long as a block, whose words are read all at once wherever it begins (wasm/search.ts).
 *
 *   | (empty line) | header | sections in any order ... | (empty line) |
 *
 * Every rule has a place: a bit. Places are not positions: rules that look alike are neighbours, so that
 * a packet's rules lie in few words. The highest bit of a word is its first place; the places of one word
 * are in the order of the rules' positions, so that the first bit that is set is the best one of the word.
 *
 *   row       one a class of a field's values: first the summary, one bit for each block that has any rule, then
 *             for each block (1,024 places) two words: the aggregate, one bit for each of the block's words that
 *             is not 0, and the block's offset. Where a table has only one block, the block stands there itself
 *   block     32 words of rule bits; equal ones are there once. What a summary or an aggregate does not promise
 *             has no effect, and something else may be there
 *   positions the position of the rule at every place
 *   map4      the entries of the address's upper bits. Who refers to it says how many bits these are (mapReference); an
 *             entry is the offset of a row, or less than 0, and says where a node or a bucket is (lowerEntry)
 *   pairs     where both addresses together have one row, its offset is in a table: the source's map then gives the
 *             offset of a line of it, and the destination's the place in the line
 *   node      the entries of some of the bits that no level above has looked at
 *   bucket    mask of the bits that it looks at, where in them its second to fourth class start, four rows; in
 *             one line where a table of several blocks is (a smaller one is all in the caches)
 *   map6      mask and offset of its networks, and the reference of a map4 of the address's first word, in which a row
 *             may be such a reference instead, to the map of the next word
 *   networks  short cuts of a map6: sets of two places, each with the first two words of an address and what they come
 *             to, a row or a reference; 0 where there is none. A network is in the set of its hash, or, where that is full,
 *             found by the maps alone
 *   service   the steps of protocol, destination port and source port, where no table is looked into for the first;
 *             the last one is all 0 where no rule asks for it
 *   steps     those of the other fields: which field, offset of its pages, offset of the table that joins it
 *             to the steps before it (0: it begins a chain), whether it ends a chain
 *   pages     offsets of 257 pages of 256 codes; a value's code is at the value plus 1; but of the protocols just
 *             256 codes, at the value
 */
const HEADER = CACHE_LINE_WORDS;
/** Pairs of words in a row. */
export const HEADER_BLOCK_COUNT = HEADER;
export const HEADER_POSITIONS = HEADER_BLOCK_COUNT + 1;
export const HEADER_SRC4 = HEADER_POSITIONS + 1;
export const HEADER_DST4 = HEADER_SRC4 + 1;
export const HEADER_SRC6 = HEADER_DST4 + 1;
export const HEADER_DST6 = HEADER_SRC6 + 1;
export const HEADER_SERVICE = HEADER_DST6 + 1;
export const HEADER_STEPS = HEADER_SERVICE + 1;
export const HEADER_STEP_COUNT = HEADER_STEPS + 1;
/** Chains: rows that come from the steps. */
export const HEADER_CHAIN_COUNT = HEADER_STEP_COUNT + 1;
/** Rows that come from the addresses: two, or one where they are looked up in pairs. */
export const HEADER_ADDRESS_ROWS = HEADER_CHAIN_COUNT + 1;
export const HEADER_END = HEADER_ADDRESS_ROWS + 1;

/** Rules of a word, words of a block. */
export const WORD_RULES = 32;
export const BLOCK_WORDS = 32;
export const BLOCK_SHIFT = 10;
/** Words of a row for each block. */
export const ROW_WORDS = 2;
/** Where in a row of one block its block is: behind summary and aggregate, instead of the block's offset. */
export const BLOCK_IN_ROW = 2;

/** Words at the beginning of a row, a bit for each block. */
export function summaryWords(blockCount: number): number {
  return Math.ceil(blockCount / 32);
}
export const BLOCK_RULES = 1 << BLOCK_SHIFT;

export const STEP_FIELD = 0;
export const STEP_PAGES = 1;
export const STEP_TABLE = 2;
export const STEP_ENDS = 3;
export const STEP_WORDS = 4;

/** Bits of an offset, words: so much is COMPILE_BYTES_MAX. */
export const OFFSET_BITS = 26;
const OFFSET_END = 2 ** OFFSET_BITS;
export const OFFSET_MASK = OFFSET_END - 1;
/** Of the complement of a `lowerEntry`: bits that the shift takes. */
export const LOWER_SHIFT = 5;
export const LOWER_MASK = (1 << LOWER_SHIFT) - 1;

/**
 * How a table refers to a map4, so that nothing at the map itself has to be read first.
 *
 * @param offset of its entries, words.
 * @param bits of the address that its first level looks at, from 1 to 16.
 * @returns a number above every offset and below 2^31.
 */
export function mapReference(offset: number, bits: number): number {
  return (bits << OFFSET_BITS) | offset;
}

/** The least reference: every offset is below it, and a map looks at one bit at least. */
export const REFERENCE_MIN = OFFSET_END;

/** Stands where a node's shift would: a bucket. No shift is 31, since the first level and the node look at a bit each. */
export const BUCKET = 31;

/**
 * How an entry refers to what is below it.
 *
 * @param offset of a node's entries, or of a bucket, words.
 * @param shift bits of the address below those that the node looks at, up to 30; or `BUCKET`.
 * @returns a number below 0.
 */
export function lowerEntry(offset: number, shift: number): number {
  return ~((offset << LOWER_SHIFT) | shift);
}

/** Classes that a bucket has room for, and its words: the mask, where all but the first start, and the rows. */
export const BUCKET_CLASSES = 4;
export const BUCKET_WORDS = 2 * BUCKET_CLASSES;

/** Of a map6. */
export const MAP6_MASK = 0;
export const MAP6_NETWORKS = 1;
export const MAP6_FIRST = 2;

/** Words of a place, and of a set of them. */
export const NETWORK_WORDS = 4;
export const NETWORK_SET_WORDS = 2 * NETWORK_WORDS;

/** Of the first two words of an IPv6 address. Which set it is its lowest bits say. */
export function hashOfNetwork(word0: number, word1: number): number {
  const mixed = Math.imul(Math.imul(word0, 0x9e3779b1) ^ word1, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** Steps of the service. */
export const SERVICE_STEPS = 3;

/** The fields that steps look at. */
export const FIELD_PROTOCOL = 0;
export const FIELD_DST_PORT = 1;
export const FIELD_SRC_PORT = 2;
export const FIELD_TCP_FLAGS = 3;
export const FIELD_ICMP_TYPE = 4;
export const FIELD_DSCP = 5;
export const FIELD_FRAGMENT = 6;
export const FIELD_VLAN = 7;
export const FIELD_IN_INTERFACE = 8;
export const FIELD_COUNT = 9;

/** Values of a field and the -1 of ABSENT. */
export const PAGE_SHIFT = 8;
export const PAGE_CODES = 1 << PAGE_SHIFT;
export const PAGE_COUNT = 257;

/** A position above all: no rule is there. */
export const NO_POSITION = 0x7fff_ffff;

/** Memory that a compiled table may have at most. */
export const COMPILE_BYTES_MAX = 256 * 2 ** 20;
if (COMPILE_BYTES_MAX / WORD_BYTES > OFFSET_END || OFFSET_BITS + LOWER_SHIFT > 31) {
  throw new InvariantError('compiled table: an offset does not fit into an entry');
}
