import { ANYTHING, allOf } from '../condition.js';
import type { Branch, ForeignRule, Verdict } from '../foreign-rules.js';
import { conjunction, type Meaning } from '../meaning.js';
import { elementsOf, isCatchAll } from './elements.js';
import { entryOf, type Json, listOf, objectOf, textIn } from './json.js';
import type { MeaningReader } from './matches.js';
import type { NftChain, NftRule, NftSet } from './ruleset.js';
import { expressionText, ruleText } from './text.js';

/** Statements that change nothing of what rules match or what becomes of a packet. */
const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map([
  ['log', 'it logs as well'],
  ['notrack', 'it takes packets out of connection tracking as well'],
  ['ct helper', 'it names a helper of connection tracking as well'],
  ['ct timeout', 'it sets a time-out of connection tracking as well'],
  ['ct expectation', 'it expects connections as well'],
  ['secmark', 'it marks packets as well'],
  ['last', 'it keeps the time of its last match as well'],
  ['dup', 'it sends a copy as well; a rule of UPE that does is action: { forward: eth1 }'],
  ['map', 'it writes into a map as well'],
]);

/** Statements that let a packet through or not by something that is not in it, or take it elsewhere. */
const NOT_SAID: ReadonlyMap<string, { readonly reason: string; readonly mayEnd: boolean }> = new Map([
  ['limit', { reason: 'UPE limits no rates', mayEnd: false }],
  ['quota', { reason: 'UPE has no quotas', mayEnd: false }],
  ['ct count', { reason: 'UPE keeps no connections', mayEnd: false }],
  ['meter', { reason: 'UPE limits no rates', mayEnd: false }],
  [
    'flow',
    { reason: 'the packets of connections that it hands to a flow table do not come again', mayEnd: false },
  ],
  ['queue', { reason: 'another program decides', mayEnd: true }],
  [
    'fwd',
    {
      reason: 'it sends the packet elsewhere: write action: { forward: eth1 } if that is wanted',
      mayEnd: true,
    },
  ],
  ['tproxy', { reason: 'it gives the packet to a local program', mayEnd: true }],
  ['synproxy', { reason: 'it answers in place of another host', mayEnd: true }],
  [
    'xt',
    {
      reason: 'nft does not print what iptables has written here; "upe import iptables" reads iptables-save',
      mayEnd: true,
    },
  ],
  ...['snat', 'dnat', 'masquerade', 'redirect'].map(
    (kind) => [kind, { reason: 'it translates addresses', mayEnd: true }] as const,
  ),
]);

/** Reads a rule, whatever is in it: what is unknown makes it one that cannot be said. */
export function foreignRule(
  rule: NftRule,
  chain: NftChain,
  place: string,
  context: RuleContext,
): ForeignRule {
  const reading = new RuleReading(context);
  for (const expression of rule.expressions) reading.add(expression);
  return {
    place: `${place} handle ${rule.handle}`,
    text: ruleText(rule.expressions),
    comment: rule.comment,
    placeName: `${chain.name}-${rule.handle}`,
    ...reading.result(),
  };
}

export interface RuleContext {
  readonly reader: MeaningReader;
  readonly maps: ReadonlyMap<string, NftSet>;
}

type Result = Pick<ForeignRule, 'branches' | 'except' | 'unsaid' | 'counts' | 'isIdle' | 'notes'>;

class RuleReading {
  private readonly meanings: Meaning[] = [];
  private branches: readonly Branch[] | null = null;
  private verdict: Verdict = { kind: 'continue' };
  private reasons: string[] = [];
  private readonly notes: string[] = [];
  /** A change of the packet, which later rules would see. */
  private change: string | null = null;
  private counts = false;
  /** It decides something for later packets. */
  private isRemembered = false;
  private hasMatchAfterCounter = false;

  constructor(private readonly context: RuleContext) {}

  add(expression: Json): void {
    const [kind, content] = entryOf(expression) ?? ['?', null];
    if (kind === 'match') this.addMatch(content);
    else if (kind === 'vmap') this.addVerdictMap(content);
    else if (kind === 'counter') this.counts = true;
    else if (kind === 'mangle') this.addChange(content);
    else if (kind === 'set') this.addSetUpdate(content);
    else if (WITHOUT_EFFECT.has(kind)) this.notes.push(WITHOUT_EFFECT.get(kind)!);
    else if (kind === 'reject') {
      this.verdict = { kind: 'drop' };
      this.notes.push('it drops, and does not answer as reject does');
    } else {
      const verdict = verdictOf(expression);
      if (verdict !== null) this.verdict = verdict;
      else this.addUnknown(kind);
    }
  }

  result(): Result {
    const { when, except, unsaid, anyTransport } = conjunction(this.meanings);
    if (unsaid !== null) this.reasons.push(unsaid);
    if (anyTransport)
      this.reasons.push('UPE finds ports in tcp, udp and sctp: say which with "meta l4proto"');
    const branches = this.branches ?? [{ when: [ANYTHING], verdict: this.verdict }];
    const decidesAnything = branches.some(({ verdict }) => verdict.kind !== 'continue');
    const decides = branches.every(({ verdict }) => verdict.kind === 'accept' || verdict.kind === 'drop');
    if (this.change !== null && decides) this.notes.push(this.change);
    else if (this.change !== null)
      this.reasons.push(`${this.change}, and the rules after it see what it has changed`);
    if (this.hasMatchAfterCounter && this.counts) {
      this.notes.push(
        'its counter in nftables stands before its last match, and counts what that does not match as well',
      );
    }
    return {
      branches: branches.map((branch) => ({ ...branch, when: allOf(when, branch.when) })),
      except,
      unsaid: this.reasons.length === 0 ? null : [...new Set(this.reasons)].join('; '),
      counts: this.counts,
      isIdle: !this.counts && !decidesAnything && this.change === null && !this.isRemembered,
      notes: this.notes,
    };
  }

  private addMatch(content: Json): void {
    const match = objectOf(content);
    this.hasMatchAfterCounter ||= this.counts;
    this.meanings.push(this.context.reader.read(match?.left, textIn(content, 'op') ?? '==', match?.right));
  }

  private addVerdictMap(content: Json): void {
    const map = objectOf(content);
    this.hasMatchAfterCounter ||= this.counts;
    const elements = elementsOf(map?.data, this.context.maps);
    // Whatever becomes of its packets: for what comes after, they may end here.
    this.branches = [{ when: [ANYTHING], verdict: { kind: 'drop' } }];
    if (typeof elements === 'string') {
      this.reasons.push(elements);
      return;
    }
    const branches: Branch[] = [];
    for (const { keys, verdict } of byVerdict(elements.values)) {
      if (verdict === null) {
        this.reasons.push('its map gives what is no verdict');
        return;
      }
      const meaning = this.context.reader.read(map?.key, '==', { set: keys });
      const { unsaid, anyTransport } = conjunction([...this.meanings, meaning]);
      if (unsaid !== null || anyTransport) {
        this.meanings.push({ ...meaning, when: meaning.unsaid === null ? [ANYTHING] : meaning.when });
        return;
      }
      branches.push({ when: meaning.when, verdict });
    }
    this.branches = branches;
  }

  private addChange(content: Json): void {
    const key = entryOf(objectOf(content)?.key) ?? ['?', null];
    const what = `it sets ${expressionText(objectOf(content)?.key)} as well`;
    // Marks and the like are nothing that a rule of UPE can ask for.
    if (key[0] === 'payload') this.change = what;
    else this.notes.push(what);
  }

  private addSetUpdate(content: Json): void {
    const statements = listOf(objectOf(content)?.stmt) ?? [];
    const kinds = statements.map((statement) => entryOf(statement)?.[0] ?? '?');
    if (kinds.every((kind) => kind === 'counter')) this.notes.push('it writes into a set as well');
    else this.reasons.push('UPE limits no rates');
  }

  private addUnknown(kind: string): void {
    const known = NOT_SAID.get(kind);
    this.isRemembered ||= kind === 'flow';
    this.reasons.push(known?.reason ?? `UPE does not know what "${kind.slice(0, 40)}" does`);
    if (known?.mayEnd ?? true) this.verdict = { kind: 'drop' };
  }
}

/** A verdict, or null for another statement. */
function verdictOf(statement: Json): Verdict | null {
  const [kind, content] = entryOf(statement) ?? ['?', null];
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
      return { kind };
    case 'jump':
    case 'goto': {
      const chain = textIn(content, 'target');
      return chain === null ? null : { kind, chain };
    }
    default:
      return null;
  }
}

/** The keys of a verdict map by what becomes of them. Keys exclude one another; that for all others is last. */
function byVerdict(elements: readonly Json[]): { keys: Json[]; verdict: Verdict | null }[] {
  const groups = new Map<string, { keys: Json[]; verdict: Verdict | null }>();
  for (const element of elements) {
    const [key, statement] = listOf(element) ?? [];
    const group = isCatchAll(key) ? 'others' : `of ${JSON.stringify(statement)}`;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, { keys: [key], verdict: verdictOf(statement) });
    else known.keys.push(key);
  }
  const others = groups.get('others');
  groups.delete('others');
  return others === undefined ? [...groups.values()] : [...groups.values(), others];
}
