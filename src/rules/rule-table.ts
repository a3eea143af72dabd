import { CACHE_LINE_WORDS } from '../memory/layout.js';
import type { CompiledMemory } from './compiled-memory.js';

/*
 * A rule table as workers read it and build-rule-table.ts writes it: int32 words in a SharedArrayBuffer,
 * written once by whoever builds it and never again. A reload builds another one.
 * The empty lines keep malloc's other blocks away: a neighbour that some thread writes would take the
 * line of a small table from every worker, again and again.
 *
 *   | (empty line) | rule count, default action | rule 0 | rule 1 | ... | criteria of rule 0 | of rule 1 | ... | (empty line) |
 *
 *   rule       slot, action, out interface, word of its first criterion
 *   criterion  kind, how many values, the values; all criteria of a rule must hold; CRITERION_END ends it
 */
export const HEADER_RULE_COUNT = CACHE_LINE_WORDS;
const HEADER_DEFAULT_ACTION = HEADER_RULE_COUNT + 1;
export const HEADER_WORDS = HEADER_DEFAULT_ACTION + 1;

/** Words of a rule, from the first one of its row. */
const RULE_SLOT = 0;
const RULE_ACTION = 1;
const RULE_OUT_INTERFACE = 2;
const RULE_CRITERIA = 3;
export const RULE_WORDS = 4;

export const CRITERION_END = 0;
/** Values: the version. */
export const CRITERION_IP_VERSION = 1;
/** Values: any of the numbers. */
export const CRITERION_PROTOCOL = 2;
/** Values: pairs of address and mask. */
export const CRITERION_SRC_IPV4 = 3;
export const CRITERION_DST_IPV4 = 4;
/** Values: four address words and four mask words each. */
export const CRITERION_SRC_IPV6 = 5;
export const CRITERION_DST_IPV6 = 6;
/** Values: pairs of lowest and highest port. */
export const CRITERION_SRC_PORT = 7;
export const CRITERION_DST_PORT = 8;
/** Values: the flags that must be set, the flags that must be clear. */
export const CRITERION_TCP_FLAGS = 9;
/** Values: any of the numbers. */
export const CRITERION_ICMP_TYPE = 10;
export const CRITERION_DSCP = 11;
/** Values: 1 or 0. */
export const CRITERION_FRAGMENT = 12;
/** Values: any of the numbers. */
export const CRITERION_VLAN = 13;
export const CRITERION_IN_INTERFACE = 14;
/** Values: first the word count of the IPv4 list, then that list, then the IPv6 list. */
export const CRITERION_SRC_MIXED = 15;
export const CRITERION_DST_MIXED = 16;
/** Kinds there are, with the end: numbers from here on are free. */
export const CRITERION_COUNT = 17;

/** A table as it is handed to workers. */
export interface RuleTableMemory {
  /** Counts up with every table that goes into use. */
  readonly generation: number;
  readonly buffer: SharedArrayBuffer;
  /** The same rules compiled, of matcher-layout.ts; `null` where trying one after the other is as fast. */
  readonly compiled: CompiledMemory | null;
}

/** A worker's view of one generation of the rules. */
export class RuleTable {
  readonly generation: number;
  readonly words: Int32Array;
  readonly ruleCount: number;
  /** Position in `ACTIONS` of what happens to a packet that no rule matches. */
  readonly defaultAction: number;

  constructor(memory: RuleTableMemory) {
    this.generation = memory.generation;
    this.words = new Int32Array(memory.buffer);
    this.ruleCount = this.words[HEADER_RULE_COUNT];
    this.defaultAction = this.words[HEADER_DEFAULT_ACTION];
  }

  /** First word of a rule's row. `position`: 0 to `ruleCount` - 1. */
  private row(position: number): number {
    return HEADER_WORDS + position * RULE_WORDS;
  }

  /** The outcome slot that a rule's packets are counted in. `position`: 0 to `ruleCount` - 1. */
  slot(position: number): number {
    return this.words[this.row(position) + RULE_SLOT];
  }

  /** Position in `ACTIONS`. */
  action(position: number): number {
    return this.words[this.row(position) + RULE_ACTION];
  }

  /** Index of the interface that a forward rule names, or -1. */
  outInterface(position: number): number {
    return this.words[this.row(position) + RULE_OUT_INTERFACE];
  }

  /** Word of a rule's first criterion. */
  criteria(position: number): number {
    return this.words[this.row(position) + RULE_CRITERIA];
  }
}
