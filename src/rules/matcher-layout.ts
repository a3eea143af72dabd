import { CACHE_LINE_WORDS } from '../memory/layout.js';

/*
 * A compiled rule table as workers read it: int32 words in a SharedArrayBuffer, written once by whoever
 * compiles it and never again. All offsets in it are words from its beginning. Empty lines around it, as
 * around a rule table.
 *
 *   | (empty line) | header | sections in any order ... | (empty line) |
 *
 * Every rule has a place: a bit. Places are not positions: rules that look alike are neighbours, so that
 * a packet's rules lie in few words. The highest bit of a word is its first place; the places of one word
 * are in the order of the rules' positions, so that the first bit that is set is the best one of the word.
 *
 *   row       one a class of a field's values: for every 1,024 places two words: the aggregate, one bit for
 *             each of the block's words that is not 0, and the block's offset
 *   block     32 words of rule bits; equal ones are there once
 *   positions the position of the rule at every place
 *   firsts    for each word of places the position of its first rule
 *   map4      shift, then the entries of the address's upper bits (address >>> 16 >>> shift): the offset of a
 *             row, or the complement of the offset of a bucket
 *   bucket    how many, the lowest 16 bits (or more, by the shift) at which each interval starts, the rows
 *   map6      how many, four words of each interval's start (with the sign bit turned over), the rows
 *   steps     the fields but addresses: which field, offset of its pages, offset of the table that joins it
 *             to the steps before it (0: it begins a chain), whether it ends a chain
 *   pages     offsets of 257 pages of 256 codes; a value's code is at the value plus 1
 */
const HEADER = CACHE_LINE_WORDS;
/** Pairs of words in a row. */
export const HEADER_BLOCK_COUNT = HEADER;
export const HEADER_POSITIONS = HEADER_BLOCK_COUNT + 1;
export const HEADER_FIRSTS = HEADER_POSITIONS + 1;
export const HEADER_SRC4 = HEADER_FIRSTS + 1;
export const HEADER_DST4 = HEADER_SRC4 + 1;
export const HEADER_SRC6 = HEADER_DST4 + 1;
export const HEADER_DST6 = HEADER_SRC6 + 1;
export const HEADER_STEPS = HEADER_DST6 + 1;
export const HEADER_STEP_COUNT = HEADER_STEPS + 1;
/** Chains: rows that come from the steps. */
export const HEADER_CHAIN_COUNT = HEADER_STEP_COUNT + 1;
export const HEADER_END = HEADER_CHAIN_COUNT + 1;

/** Rules of a word, words of a block. */
export const WORD_RULES = 32;
export const BLOCK_WORDS = 32;
export const BLOCK_SHIFT = 10;
export const BLOCK_RULES = 1 << BLOCK_SHIFT;

export const STEP_FIELD = 0;
export const STEP_PAGES = 1;
export const STEP_TABLE = 2;
export const STEP_ENDS = 3;
export const STEP_WORDS = 4;

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
