import { hasMappedAddresses } from '../addresses.js';
import { ANYTHING, allOf, type Condition, joined, VALUE_FIELDS } from '../condition.js';
import { asList, conjunction, holds, type Meaning, unsaid } from '../meaning.js';
import { PASSED_IN_IPV6 } from '../packet-words.js';
import { protocolMeaning } from '../protocol-meaning.js';
import { type Interval, type Values, valuesOf } from '../values.js';
import { comparedValues, flags, fragment, interfaces, version } from './comparisons.js';
import { elementsOf, intervalOf, plain } from './elements.js';
import { type Json, listOf, objectOf } from './json.js';
import type { NftSet } from './ruleset.js';
import { type NumberSelector, type Selector, selectorOf } from './selectors.js';
import { expressionText } from './text.js';

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
      return protocolMeaning(compared, fields.version ?? this.context.version, PASSED_IN_IPV6);
    }
    const when = asList({ ...fields, [field]: compared });
    return { ...holds(when), anyTransport: selector.anyTransport === true };
  }

  /** The same object for the same named set: so it keeps its name. */
  private valuesFor(selector: NumberSelector, values: readonly Json[], set: NftSet | null): Values | null {
    // Source and destination read an element alike.
    const kind = selector.field.replace(/^(src|dst)/, 'either');
    const key = set === null ? '' : `${kind} ${selector.all.high} ${set.name}`;
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
