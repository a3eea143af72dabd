import { ImportError } from '../../../errors.js';
import { ANYTHING } from '../condition.js';
import type { ForeignRule, Verdict } from '../foreign-rules.js';
import { conjunction, type Meaning, unsaid } from '../meaning.js';
import { optionMeaning } from './option-meaning.js';
import { type RuleWords, ruleWords } from './rule-words.js';
import type { SavedChain, SavedRule, SavedTable } from './save-file.js';

/** Targets after which the packet goes on, as it came. */
const GOING_ON: ReadonlySet<string> = new Set(
  'LOG NFLOG ULOG TRACE AUDIT NOTRACK CT MARK CONNMARK SECMARK CONNSECMARK CLASSIFY TCPMSS TCPOPTSTRIP CHECKSUM SET TEE RATEEST IDLETIMER LED HMARK TTL HL'.split(
    ' ',
  ),
);
/** Targets after which the packet goes on changed, in what rules can ask for. */
const CHANGING: ReadonlySet<string> = new Set(['DSCP', 'TOS', 'ECN']);

/** Why options of a match cannot be said, by the match. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ...['state', 'conntrack', 'connlimit', 'connbytes', 'connmark', 'connlabel', 'cluster', 'helper'].map(
    (module) => [module, 'UPE keeps no connections'] as const,
  ),
  ...['limit', 'hashlimit', 'recent', 'quota', 'rateest'].map(
    (module) => [module, 'UPE limits no rates'] as const,
  ),
  ['set', 'iptables-save does not print what the set holds'],
  ['statistic', 'UPE draws no lots'],
  ['addrtype', 'UPE has no routes'],
  ['rpfilter', 'UPE has no routes'],
  ['socket', 'UPE has no sockets'],
  ['owner', 'UPE has no sockets'],
  ['physdev', 'UPE has no bridge ports of the kernel'],
]);

/** Matches that only carry options which are read here. */
const KNOWN_MODULES: ReadonlySet<string> = new Set(
  'tcp udp sctp multiport iprange icmp icmp6 dscp comment'.split(' '),
);

/**
 * Reads a rule: what is unknown makes it one that cannot be said.
 *
 * @param number its place in the chain, from 1.
 * @throws ImportError when a value is none that iptables-save prints.
 */
export function foreignRule(
  rule: SavedRule,
  number: number,
  chain: SavedChain,
  table: SavedTable,
  version: 4 | 6,
): ForeignRule {
  const words = ruleWords(rule.words);
  const { when, except, unsaid: reason, anyTransport } = conjunction(meaningsOf(words, rule, version));
  const outcome = outcomeOf(words, table);
  const reasons = [reason, outcome.unsaid, anyTransport ? 'UPE finds ports in tcp, udp and sctp only' : null];
  const given = reasons.filter((each) => each !== null);
  return {
    place: `${table.name}/${chain.name} rule ${number}`,
    text: rule.text,
    comment: words.options.find(({ name }) => name === '--comment')?.values[0] ?? null,
    placeName: `${chain.name}-${number}`,
    branches: [{ when, verdict: outcome.verdict }],
    except,
    unsaid: given.length === 0 ? null : [...new Set(given)].join('; '),
    counts: outcome.counts,
    isIdle: outcome.isIdle,
    notes: outcome.notes,
  };
}

function meaningsOf(words: RuleWords, { line }: SavedRule, version: 4 | 6): Meaning[] {
  const meanings: Meaning[] = [];
  for (const module of words.modules.filter((each) => !KNOWN_MODULES.has(each))) {
    meanings.push(unsaid(REASONS.get(module) ?? `UPE has no field for -m ${module}`, [ANYTHING]));
  }
  for (const option of words.options) {
    if (option.module !== '' && !KNOWN_MODULES.has(option.module) && option.name.startsWith('--')) continue;
    try {
      meanings.push(
        optionMeaning(option, version) ?? unsaid(`UPE has no field for ${option.name}`, [ANYTHING]),
      );
    } catch (error) {
      if (error instanceof ImportError) throw new ImportError(`line ${line}: ${error.message}`);
      throw error;
    }
  }
  return meanings;
}

interface Outcome {
  readonly verdict: Verdict;
  readonly unsaid: string | null;
  /** Every rule of iptables counts; one that only logs is not kept for that. */
  readonly counts: boolean;
  readonly isIdle: boolean;
  readonly notes: readonly string[];
}

function outcomeOf({ target, isGoto }: RuleWords, { chains }: SavedTable): Outcome {
  const outcome = (verdict: Verdict, rest: Partial<Outcome> = {}): Outcome => ({
    verdict,
    unsaid: null,
    counts: true,
    isIdle: false,
    notes: [],
    ...rest,
  });
  if (target === null) return outcome({ kind: 'continue' });
  if (chains.has(target)) return outcome({ kind: isGoto ? 'goto' : 'jump', chain: target });
  switch (target) {
    case 'ACCEPT':
      return outcome({ kind: 'accept' });
    case 'DROP':
      return outcome({ kind: 'drop' });
    case 'RETURN':
      return outcome({ kind: 'return' });
    case 'REJECT':
      return outcome({ kind: 'drop' }, { notes: ['it drops, and does not answer as REJECT does'] });
  }
  if (GOING_ON.has(target)) return outcome({ kind: 'continue' }, { counts: false, isIdle: true });
  if (CHANGING.has(target)) {
    const reason = `${target} changes the packet, and the rules after it see what it has changed`;
    return outcome({ kind: 'continue' }, { unsaid: reason });
  }
  return outcome({ kind: 'drop' }, { unsaid: `UPE has nothing like target ${target}` });
}
