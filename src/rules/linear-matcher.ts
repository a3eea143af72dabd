import type { Packet } from '../protocol/packet.js';
import { CriteriaMatcher } from './criteria-matcher.js';
import * as matcher from './matcher.js';
import type { RuleTable } from './rule-table.js';
import * as ruleTable from './rule-table.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { NO_MATCH } = matcher;
const { CRITERION_DST_PORT, CRITERION_END, CRITERION_PROTOCOL } = ruleTable;

/**
 * Tries rule after rule, criterion after criterion: first match wins. Linear in the number of rules,
 * obviously right, and therefore the oracle of anything faster, and what `bench -- classify` compares with.
 */
export class LinearMatcher extends CriteriaMatcher {
  /** Word of each rule's first criterion. */
  private readonly criteria: Int32Array;

  constructor(table: RuleTable) {
    super(table.words, table.ruleCount);
    this.criteria = Int32Array.from({ length: table.ruleCount }, (_, position) => table.criteria(position));
  }

  match(packet: Packet): number {
    const { words, criteria, ruleCount } = this;
    const { protocol, dstPort } = packet;
    for (let position = 0; position < ruleCount; position++) {
      let word = criteria[position];
      // All criteria must hold: the first that does not sends us on to the next rule. The two that most
      // rules begin with are looked at in place, because a call costs more than they do.
      for (;;) {
        const kind = words[word];
        if (kind === CRITERION_END) return position;
        const first = word + 2;
        const end = first + words[word + 1];
        if (kind === CRITERION_PROTOCOL && end === first + 1) {
          if (words[first] !== protocol) break;
        } else if (kind === CRITERION_DST_PORT && end === first + 2) {
          if (dstPort < words[first] || dstPort > words[first + 1]) break;
        } else if (!this.holds(kind, first, end, packet)) {
          break;
        }
        word = end;
      }
    }
    return NO_MATCH;
  }
}
