import { parseInterface } from '../interface-field.js';
import { Mistake } from '../mistake.js';
import { ANYTHING, allOf, type Condition, conditionOf, WITH_PORTS } from './condition.js';
import { intersection, sameValues } from './values.js';

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

/** The condition of these fields as a list: empty where it can match nothing. */
export function asList(fields: Partial<Condition>): readonly Condition[] {
  if (Object.keys(fields).length === 0) return [ANYTHING];
  const condition = conditionOf(fields);
  return condition === null ? [] : [condition];
}

/** A match that can be said. */
export function holds(when: readonly Condition[]): Meaning {
  return { when, except: [], unsaid: null, anyTransport: false };
}

/** A match that cannot be said. @param when where it holds, and perhaps more. */
export function unsaid(reason: string, when: readonly Condition[]): Meaning {
  return { when, except: [], unsaid: reason, anyTransport: false };
}

/** Packets that came in by one of these, as a match or its negation; null when one is no interface's name. */
export function arrival(names: readonly string[], isNegated: boolean): Meaning | null {
  for (const text of names) {
    const scalar = { text, plain: true } as Parameters<typeof parseInterface>[0];
    if (parseInterface(scalar) instanceof Mistake) return null;
  }
  const when = asList({ inInterface: [...new Set(names)] });
  return isNegated ? { ...holds([ANYTHING]), except: when } : holds(when);
}
