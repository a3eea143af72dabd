import { parseInterface } from '../../interface-field.js';
import { Mistake } from '../../rule-problems.js';
import { hasMappedAddresses } from '../addresses.js';
import {
  ANYTHING,
  allOf,
  type Condition,
  conditionOf,
  joined,
  otherFlags,
  VALUE_FIELDS,
  WITH_PORTS,
} from '../condition.js';
import { protocolCondition } from '../protocol-condition.js';
import { complement, type Interval, intersection, sameValues, type Values, valuesOf } from '../values.js';
import { elementsOf, intervalOf, plain } from './elements.js';
import { type Json, listOf, objectOf } from './json.js';
import type { NftSet } from './ruleset.js';
import { flagBits, type NumberSelector, type Selector, selectorOf } from './selectors.js';
import { expressionText } from './text.js';

/** What a match means. */
export interface Meaning {
  /** Where it holds; where `unsaid` is given, it holds nowhere else. */
  readonly when: readonly Condition[];
  /** Where it does not hold, whatever `when` says. */
  readonly except: readonly Condition[];
  /** Why it cannot be said, or null. */
  readonly unsaid: string | null;
  /** It looks for ports in every protocol; UPE has them in three, so another match must confine it to those. */
  readonly anyTransport: boolean;
}

/** What matches of a chain depend on. */
export interface ChainContext {
  readonly sets: ReadonlyMap<string, NftSet>;
  /** The one IP version that the chain sees, or null. */
  readonly version: 4 | 6 | null;
  /** Whether it sees VLAN tags. */
  readonly hasTags: boolean;
  /** Named sets by their values, for the file. */
  readonly setNames: Map<unknown, string>;
}

/** Reads the matches of the rules of one table, and remembers what its named sets are. */
export class MeaningReader {
  private readonly namedValues = new Map<string, Values | null>();

  constructor(private readonly context: ChainContext) {}

  /** A comparison of a left side with a value, a set, or the name of one. */
  read(left: Json, op: string, right: Json): Meaning {
    const elements = elementsOf(right, this.context.sets);
    const parts = listOf(objectOf(left)?.concat);
    if (parts !== null) return this.concatenation(parts, op, elements, left);
    const selector = selectorOf(left, this.context.hasTags);
    if (typeof elements === 'string') return unsaid(elements, baseOf(selector));
    return this.comparison(selector, op, elements, left);
  }

  private comparison(
    selector: Selector,
    op: string,
    { values, set }: { values: readonly Json[]; set: NftSet | null },
    left: Json,
  ): Meaning {
    const unreadable = () =>
      unsaid(
        `UPE does not know ${expressionText({ set: values })} of ${expressionText(left)}`,
        baseOf(selector),
      );
    switch (selector.kind) {
      case 'unknown':
        return unsaid(selector.reason, baseOf(selector));
      case 'number':
        return this.number(selector, op, values, set) ?? unreadable();
      case 'flags':
        return flags(selector.mask, op, values) ?? unreadable();
      case 'version':
        return version(op, values);
      case 'interface':
        return interfaces(op, values) ?? unreadable();
      case 'fragment':
        return fragment(op, values) ?? unreadable();
    }
  }

  private number(
    selector: NumberSelector,
    op: string,
    values: readonly Json[],
    set: NftSet | null,
  ): Meaning | null {
    const given = this.valuesFor(selector, values, set);
    const compared = given === null ? null : comparedValues(op, given, selector.all);
    if (compared === null) return null;
    const { field, fields } = selector;
    if (fields.version === 6 && hasMappedAddresses(compared)) {
      return unsaid(
        'IPv4-mapped addresses stand for IPv4 packets, in which UPE finds none',
        baseOf(selector),
      );
    }
    if (field === 'protocol') {
      const said = protocolCondition(compared, fields.version ?? this.context.version);
      return 'unsaid' in said ? unsaid(said.unsaid, [ANYTHING]) : holds(said.when);
    }
    const when = asList({ ...fields, [field]: compared });
    return { ...holds(when), anyTransport: selector.anyTransport === true };
  }

  /** The same object for the same named set: so it keeps its name. */
  private valuesFor(selector: NumberSelector, values: readonly Json[], set: NftSet | null): Values | null {
    const key = set === null ? '' : `${selector.all.high} ${selector.field} ${set.name}`;
    const known = set === null ? undefined : this.namedValues.get(key);
    if (known !== undefined) return known;
    const intervals = values.map((value) => intervalOf(value, selector));
    const found = intervals.includes(null) ? null : valuesOf(intervals as Interval[]);
    if (set !== null) {
      this.namedValues.set(key, found);
      if (found !== null) this.context.setNames.set(found, set.name);
    }
    return found;
  }

  private concatenation(
    parts: readonly Json[],
    op: string,
    elements: ReturnType<typeof elementsOf>,
    left: Json,
  ): Meaning {
    const selectors = parts.map((part) => selectorOf(part, this.context.hasTags));
    const base = selectors.reduce<readonly Condition[]>(
      (all, selector) => allOf(all, baseOf(selector)),
      [ANYTHING],
    );
    if (typeof elements === 'string') return unsaid(elements, base);
    if (op !== '==' && op !== '!=')
      return unsaid(`UPE does not know "${op}" of ${expressionText(left)}`, base);
    const found: Condition[] = [];
    let anyTransport = false;
    for (const element of elements.values) {
      const values = listOf(objectOf(plain(element))?.concat);
      if (values?.length !== parts.length)
        return unsaid(`UPE does not know ${expressionText(element)}`, base);
      const meanings = parts.map((part, i) =>
        this.comparison(selectors[i], '==', { values: [values[i]], set: null }, part),
      );
      const { when, unsaid: reason, anyTransport: isAny } = conjunction(meanings);
      if (reason !== null) return unsaid(reason, base);
      anyTransport ||= isAny;
      for (const condition of when) found.push(condition);
    }
    const when = VALUE_FIELDS.reduce<Condition[]>((conditions, field) => joined(conditions, field), found);
    if (op === '==') return { ...holds(when), anyTransport };
    const isAny = selectors.some((selector) => selector.kind === 'number' && selector.anyTransport === true);
    return { when: base, except: when, unsaid: null, anyTransport: isAny };
  }
}

/** All of these matches at once. */
export function conjunction(meanings: readonly Meaning[]): Meaning {
  let when: readonly Condition[] = [ANYTHING];
  let confined: readonly Condition[] = [ANYTHING];
  for (const meaning of meanings) {
    when = allOf(when, meaning.when);
    if (!meaning.anyTransport) confined = allOf(confined, meaning.when);
  }
  const isAny = meanings.some(({ anyTransport }) => anyTransport);
  return {
    when,
    except: meanings.flatMap(({ except }) => except),
    unsaid: meanings.find((meaning) => meaning.unsaid !== null)?.unsaid ?? null,
    anyTransport: isAny && !confined.every(hasPorts),
  };
}

function hasPorts({ protocol }: Condition): boolean {
  return protocol !== null && sameValues(intersection(protocol, WITH_PORTS), protocol);
}

function comparedValues(op: string, given: Values, all: Interval): Values | null {
  if (op === '==' || op === 'in') return given;
  if (op === '!=') return complement(given, all);
  if (given.length !== 1 || given[0].low !== given[0].high) return null;
  const { low } = given[0];
  if (op === '<' || op === '<=')
    return complement([{ low: op === '<' ? low : low + 1n, high: all.high }], all);
  if (op === '>' || op === '>=') return complement([{ low: 0n, high: op === '>' ? low : low - 1n }], all);
  return null;
}

/** @param mask the flags that are compared; the others do not matter. */
function flags(mask: number, op: string, values: readonly Json[]): Meaning | null {
  const bits = values.map((value) => flagBits(plain(value)));
  if (bits.includes(null)) return null;
  const numbers = bits as number[];
  const equal = numbers
    .filter((value) => (value & ~mask) === 0)
    .map((value) => ({ set: value, clear: mask & ~value }));
  const asConditions = (matches: readonly { set: number; clear: number }[]) =>
    matches.flatMap((tcpFlags) => asList({ tcpFlags }));
  if (op === '==') return holds(asConditions(equal));
  if (op === '!=') {
    const present = asList({ tcpFlags: { set: 0, clear: 0 } });
    return holds(equal.reduce((rest, flag) => allOf(rest, asConditions(otherFlags(flag))), present));
  }
  if (numbers.length !== 1 || mask !== 0xff) return null;
  const none = { set: 0, clear: numbers[0] };
  if (op === 'in') return holds(asConditions(otherFlags(none)));
  return op === '!' ? holds(asConditions([none])) : null;
}

const VERSION_WORDS: ReadonlyMap<Json, 4 | 6> = new Map<Json, 4 | 6>([
  ['ip', 4],
  ['ipv4', 4],
  [2, 4],
  [0x0800, 4],
  ['ip6', 6],
  ['ipv6', 6],
  [10, 6],
  [0x86dd, 6],
]);
const TAG_WORDS: ReadonlySet<Json> = new Set(['vlan', '8021q', '8021ad']);

function version(op: string, values: readonly Json[]): Meaning {
  const named = values.map(plain);
  if (named.some((word) => TAG_WORDS.has(word)))
    return unsaid('UPE does not tell how many VLAN tags a frame has', [ANYTHING]);
  if (op !== '==' && op !== '!=') return unsaid(`UPE does not know "${op}" of a protocol`, [ANYTHING]);
  const given = named.flatMap((word) => VERSION_WORDS.get(word) ?? []);
  const versions = ([4, 6] as const).filter((each) => given.includes(each) === (op === '=='));
  if (versions.length === 0 && op === '==')
    return unsaid('frames without an IP packet reach no rule of UPE', []);
  return holds(versions.length === 2 ? [ANYTHING] : versions.flatMap((each) => asList({ version: each })));
}

function interfaces(op: string, values: readonly Json[]): Meaning | null {
  const names: string[] = [];
  for (const value of values.map(plain)) {
    if (typeof value !== 'string') return null;
    if (value.endsWith('*')) return unsaid('a rule of UPE names interfaces in full', [ANYTHING]);
    const scalar = { text: value, plain: true } as Parameters<typeof parseInterface>[0];
    if (parseInterface(scalar) instanceof Mistake) return null;
    names.push(value);
  }
  const when = asList({ inInterface: [...new Set(names)] });
  if (op === '==') return holds(when);
  return op === '!=' ? { ...holds([ANYTHING]), except: when } : null;
}

function fragment(op: string, values: readonly Json[]): Meaning | null {
  if (values.length !== 1 || values[0] !== 0 || !['==', '!=', '>'].includes(op)) return null;
  return holds(asList({ version: 4, fragment: op !== '==' }));
}

/** What holds for every packet that has what the left side looks at. */
function baseOf(selector: Selector): readonly Condition[] {
  switch (selector.kind) {
    case 'unknown':
      return asList(selector.fields);
    case 'number': {
      const { field, fields, all } = selector;
      const isOptional = field !== 'src' && field !== 'dst' && field !== 'protocol' && field !== 'dscp';
      const isConfined = selector.anyTransport !== true;
      return asList(isOptional && isConfined ? { ...fields, [field]: [all] } : fields);
    }
    case 'flags':
      return asList({ tcpFlags: { set: 0, clear: 0 } });
    case 'fragment':
      return asList({ version: 4 });
    default:
      return [ANYTHING];
  }
}

function asList(fields: Partial<Condition>): readonly Condition[] {
  if (Object.keys(fields).length === 0) return [ANYTHING];
  const condition = conditionOf(fields);
  return condition === null ? [] : [condition];
}

function holds(when: readonly Condition[]): Meaning {
  return { when, except: [], unsaid: null, anyTransport: false };
}

function unsaid(reason: string, when: readonly Condition[]): Meaning {
  return { when, except: [], unsaid: reason, anyTransport: false };
}
