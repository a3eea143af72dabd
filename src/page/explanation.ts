/*
 * What `GET /api/v1/explain` answers, as far as the page shows it, in the words in which `upe explain` says it.
 */

/** What happens to the packet where a field comes out one way; the last one is what remains. */
export interface PossibleVerdict {
  readonly rule: string | null;
  readonly action: string;
  readonly out_interface: string | null;
  readonly if_field: string | null;
}

export interface RuleVerdict {
  readonly rule: string;
  readonly position: number;
  readonly result: string;
  readonly field: string | null;
  readonly has: string | null;
  readonly wants: string | null;
}

export interface Explanation {
  readonly verdict: {
    readonly kind: string;
    readonly action: string | null;
    readonly out_interface?: string | null;
    readonly rule?: string;
    readonly position?: number;
    readonly reason?: string;
    readonly possible?: readonly PossibleVerdict[];
    readonly possible_omitted?: number;
  };
  readonly notes: readonly string[];
  readonly rules: readonly RuleVerdict[];
}

/** Of more rules that may match, so many are named. */
export const POSSIBLE_MAX = 10;

/** What the rules do with the packet, in a sentence. */
export function verdictText({ verdict }: Explanation): string {
  const { action, kind, out_interface = null, reason } = verdict;
  const done = action === null ? 'no action' : actionText({ action, out_interface });
  switch (kind) {
    case 'rule':
      return `${done}, by rule ${verdict.rule} at position ${verdict.position}.`;
    case 'unmatched':
      return `${done}, by default_action: no rule matches.`;
    case 'cannot_tell':
      return action === null
        ? 'It depends on what the question does not say:'
        : `${done}, but by which rule depends on what the question does not say:`;
    default:
      return `${done}: ${kind}${reason === undefined ? '' : ` (${reason})`}, no rule judges it.`;
  }
}

/** What each field that the question does not say would decide, a line each; empty where nothing is open. */
export function possibleTexts({ verdict }: Explanation): string[] {
  const { possible = [], possible_omitted = 0 } = verdict;
  const lines = possible.slice(0, POSSIBLE_MAX).map((own) => `${conditionText(own)} ${outcomeText(own)}`);
  const more = possible.length - lines.length + possible_omitted;
  return more === 0 ? lines : [...lines, `and ${more} more`];
}

/** The fields that would have to be said, by their names in the rule file. */
export function openFields({ verdict }: Explanation): Set<string> {
  const fields = (verdict.possible ?? []).map(({ if_field }) => if_field);
  return new Set(fields.filter((field) => field !== null));
}

/** What one rule makes of the packet, after the words "This rule". */
export function resultText({ result, field, has, wants }: RuleVerdict): string {
  if (result === 'match') return 'matches';
  if (result === 'cannot_tell')
    return `may match: it wants ${field} ${wants ?? ''}, which the question does not say`;
  return `does not match: ${field} is ${has ?? 'not there'}, and it wants ${wants ?? 'another'}`;
}

/** What the field of a possible verdict has to be known for. */
export function conditionText({ if_field }: PossibleVerdict): string {
  return if_field === null ? 'otherwise' : `by ${if_field}`;
}

/** What happens to the packet then, and by what. */
export function outcomeText(possible: PossibleVerdict): string {
  return `${actionText(possible)}, by ${possible.rule === null ? 'default_action' : `rule ${possible.rule}`}`;
}

export function actionText({
  action,
  out_interface,
}: Pick<PossibleVerdict, 'action' | 'out_interface'>): string {
  return out_interface === null ? action : `${action} to ${out_interface}`;
}
