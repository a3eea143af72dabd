import { areDisjointLists } from './condition.js';
import type { FlatRule } from './flat-rules.js';
import type { ForeignRule } from './foreign-rules.js';

/** Whether packets of a rule that cannot be said may end there. */
export function mayEnd({ branches }: ForeignRule): boolean {
  return branches.some(({ verdict }) => verdict.kind !== 'continue');
}

/**
 * The rules that count packets and let them go on, which no rule of UPE does, and cannot be said. Those can
 * that no other rule's packets meet later: what is left for their packets is the policy.
 */
export function uncountable(flat: readonly FlatRule[]): Set<ForeignRule> {
  const failed = new Set<ForeignRule>();
  for (let i = flat.length - 1; i >= 0; i--) {
    const { rule, kind } = flat[i];
    if (kind === 'counts' && rule !== null && meetsLater(flat, i, failed)) failed.add(rule);
  }
  return failed;
}

function meetsLater(flat: readonly FlatRule[], position: number, failed: ReadonlySet<ForeignRule>): boolean {
  const { when, end, rule } = flat[position];
  for (let i = position + 1; i < flat.length && i < end; i++) {
    const other = flat[i];
    if (other.rule === null || other.rule === rule || failed.has(other.rule)) continue;
    if (other.kind === 'unsaid' && !mayEnd(other.rule)) continue;
    if (!areDisjointLists(when, other.when)) return true;
  }
  return false;
}

/**
 * Who may count the packets of a rule that is left out, because they do not end there any more.
 *
 * @param said the rules that are in the file.
 */
export function heirsOf(
  left: ForeignRule,
  flat: readonly FlatRule[],
  said: ReadonlySet<ForeignRule>,
): ReadonlySet<ForeignRule> {
  const heirs = new Set<ForeignRule>();
  if (!mayEnd(left)) return heirs;
  for (const [position, { rule, when, end }] of flat.entries()) {
    if (rule !== left || when.length === 0) continue;
    for (let i = position + 1; i < flat.length && i < end; i++) {
      const other = flat[i];
      if (other.rule === null || heirs.has(other.rule) || !said.has(other.rule)) continue;
      if (!areDisjointLists(when, other.when)) heirs.add(other.rule);
    }
  }
  return heirs;
}
