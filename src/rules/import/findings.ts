import type { FlatRule } from './flat-rules.js';
import type { ForeignChain, ForeignRule, ForeignTable } from './foreign-rules.js';
import { heirs, mayEnd } from './left-out.js';

/** Names that a sentence lists before it speaks of others. */
const NAMED_MAX = 3;

/** Something that a person should know of a rule. */
export interface Finding {
  /** `left out`: the file does not have the rule, and counts or drops other packets for it. */
  readonly kind: 'left out' | 'note';
  readonly rule: ForeignRule;
  readonly reason: string;
}

/** What has become of the rules. */
export interface Outcome {
  readonly flat: readonly FlatRule[];
  /** Those that are in the file, with their names. */
  readonly names: ReadonlyMap<ForeignRule, string>;
  /** Those that count and let go on, and cannot be said. */
  readonly uncountable: ReadonlySet<ForeignRule>;
}

/** Everything that cannot be said or is said with a difference, in the order of the rules. */
export function findingsOf(table: ForeignTable, outcome: Outcome): Finding[] {
  const { flat, names, uncountable } = outcome;
  const present = new Set(flat.map(({ rule }) => rule));
  const heirsOf = heirs(flat, new Set(names.keys()), NAMED_MAX + 1);
  return reachedChains(table).flatMap(({ rules }) =>
    rules.flatMap((rule): Finding[] => {
      if (rule.isIdle) {
        return [{ kind: 'note', rule, reason: 'it neither decides nor counts, so there is no rule for it' }];
      }
      const later = [...(heirsOf.get(rule) ?? [])].map((heir) => names.get(heir)!);
      const leftOut = reasonToLeaveOut(rule, uncountable, later);
      if (leftOut !== null) return [{ kind: 'left out', rule, reason: leftOut }];
      const notes = [...rule.notes];
      if (!present.has(rule) && !isCall(rule)) notes.unshift('it can match nothing where it stands');
      if (rule.counts && isCallInPart(rule)) {
        notes.push('packets that it sends to other chains are counted where they end, not here');
      }
      return notes.map((reason) => ({ kind: 'note', rule, reason }));
    }),
  );
}

/** What holds for the import as a whole, beside the table's own remarks. */
export function remarkOnCalls(table: ForeignTable): string | null {
  const calls = reachedChains(table).flatMap((chain) =>
    chain.rules.filter((rule) => rule.counts && rule.unsaid === null && isCall(rule) && chain !== table.base),
  );
  const fromBase = table.base.rules.filter(
    (rule) => rule.counts && rule.unsaid === null && rule.branches.some(({ verdict }) => 'chain' in verdict),
  );
  if (calls.length + fromBase.length === 0) return null;
  return 'Rules that jump or return have no count of their own here: their packets are counted where they end.';
}

function reasonToLeaveOut(
  rule: ForeignRule,
  uncountable: ReadonlySet<ForeignRule>,
  later: readonly string[],
): string | null {
  if (rule.unsaid === null && !uncountable.has(rule)) return null;
  const others = listed(later);
  if (rule.unsaid === null) {
    return `it counts packets and lets them go on, and ${others ?? 'a rule that is left out'} can match them later; a packet counts for one rule of UPE`;
  }
  if (!mayEnd(rule)) return `${rule.unsaid}; it lets its packets go on`;
  const where = `${others ?? 'only the default action'} can match them`;
  return `${rule.unsaid}; its packets go on to the rules after it here: ${where}`;
}

/** null for none. */
function listed(names: readonly string[]): string | null {
  if (names.length === 0) return null;
  if (names.length > NAMED_MAX) return `${names.slice(0, NAMED_MAX).join(', ')} and others`;
  if (names.length === 1) return names[0];
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

function isCall({ branches }: ForeignRule): boolean {
  return branches.every(({ verdict }) => 'chain' in verdict || verdict.kind === 'return');
}

function isCallInPart(rule: ForeignRule): boolean {
  return (
    !isCall(rule) && rule.branches.some(({ verdict }) => 'chain' in verdict || verdict.kind === 'return')
  );
}

/** The base chain and those that a rule of the file leads to, each once. */
function reachedChains({ base, chains }: ForeignTable): ForeignChain[] {
  const reached = new Set([base]);
  for (const { rules } of reached) {
    for (const rule of rules) {
      if (rule.unsaid !== null) continue;
      for (const { verdict } of rule.branches) {
        const chain = 'chain' in verdict ? chains.get(verdict.chain) : undefined;
        if (chain !== undefined) reached.add(chain);
      }
    }
  }
  return [...reached];
}
