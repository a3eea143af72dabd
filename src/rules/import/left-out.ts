import { areDisjointLists } from './condition.js';
import { type FlatRule, flatten } from './flat-rules.js';
import type { ForeignRule, ForeignTable } from './foreign-rules.js';

/** What chains become. */
export interface Flattened {
  readonly flat: readonly FlatRule[];
  /** Rules that count packets and let them go on, and cannot be said. */
  readonly uncountable: ReadonlySet<ForeignRule>;
}

/**
 * Flattens the chains of a table, without the rules that count packets and let them go on, where no rule of UPE
 * does that. Those stay whose packets meet no other rule later, and not the same one again: the policy is left for them.
 *
 * @throws ImportError as `flatten` does.
 */
export function flattenCountable(table: ForeignTable): Flattened {
  const uncountable = new Set<ForeignRule>();
  for (;;) {
    const flat = flatten(table, uncountable);
    const failed = failedCounts(flat);
    if (failed.size === 0) return { flat, uncountable };
    // Each time without some more rules, so that it ends; the first time finds all, but for odd chains.
    for (const rule of failed) uncountable.add(rule);
  }
}

/** Whether packets of a rule that cannot be said may end there. */
export function mayEnd({ branches }: ForeignRule): boolean {
  return branches.some(({ verdict }) => verdict.kind !== 'continue');
}

function failedCounts(flat: readonly FlatRule[]): Set<ForeignRule> {
  const failed = new Set<ForeignRule>();
  for (let i = flat.length - 1; i >= 0; i--) {
    const { rule, kind } = flat[i];
    if (kind === 'counts' && rule !== null && meetsLater(flat, i, failed)) failed.add(rule);
  }
  return failed;
}

function meetsLater(flat: readonly FlatRule[], position: number, failed: ReadonlySet<ForeignRule>): boolean {
  const { when, end, visit } = flat[position];
  for (let i = position + 1; i < flat.length && i < end; i++) {
    const other = flat[i];
    if (other.rule === null || other.visit === visit || failed.has(other.rule)) continue;
    if (other.kind === 'unsaid' && !mayEnd(other.rule)) continue;
    if (!areDisjointLists(when, other.when)) return true;
  }
  return false;
}

/**
 * For each rule that is left out, those after it that its packets can meet, in their order.
 *
 * @param said the rules that are in the file.
 * @param countMax after so many of them, no more are looked for.
 */
export function heirs(
  flat: readonly FlatRule[],
  said: ReadonlySet<ForeignRule>,
  countMax: number,
): ReadonlyMap<ForeignRule, ReadonlySet<ForeignRule>> {
  const found = new Map<ForeignRule, Set<ForeignRule>>();
  for (const [position, { rule, kind, when, end }] of flat.entries()) {
    if (rule === null || kind !== 'unsaid') continue;
    const own = found.get(rule) ?? new Set();
    found.set(rule, own);
    if (when.length === 0) continue;
    for (let i = position + 1; i < flat.length && i < end && own.size < countMax; i++) {
      const other = flat[i];
      if (other.rule === null || own.has(other.rule) || !said.has(other.rule)) continue;
      if (!areDisjointLists(when, other.when)) own.add(other.rule);
    }
  }
  return found;
}
