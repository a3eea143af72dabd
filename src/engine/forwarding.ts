import type { RuleSet } from '../rules/rule.js';
import { interfacesOf, type SourceSpec } from '../source/source-spec.js';
import { sourceProblems } from './source-limits.js';

/**
 * What becomes of a forward verdict: nothing can be sent, so it is refused (`none`); it leaves by the
 * interface that it names (`named`), of which there may be none (`unbound`); or by the other port as well
 * (`bridge`).
 */
export type Forwarding = 'none' | 'named' | 'unbound' | 'bridge';

/** Where a frame can be sent with this source. */
export function forwardingOf(source: SourceSpec): Forwarding {
  if (source.kind === 'raw-socket') return source.interfaces.length > 0 ? 'named' : 'unbound';
  if (source.kind !== 'afpacket') return 'none';
  return source.isBridge ? 'bridge' : 'named';
}

/** Why a rule set cannot be used with this source: one sentence each; none when it can. */
export function ruleProblems(ruleSet: RuleSet, source: SourceSpec): string[] {
  return [
    ...forwardProblems(ruleSet, forwardingOf(source), interfacesOf(source)),
    ...sourceProblems(ruleSet, source.kind),
  ];
}

/**
 * Why a rule set cannot be used where frames are sent in that way.
 *
 * @param interfaces names that a rule may forward to.
 * @returns one sentence each, with file and line; none when it can be used.
 */
export function forwardProblems(
  ruleSet: RuleSet,
  forwarding: Forwarding,
  interfaces: readonly string[],
): string[] {
  const { file, rules, defaultAction, defaultActionGiven } = ruleSet;
  const problems: string[] = [];
  for (const { action, name, line, outInterface } of rules) {
    if (action !== 'forward') continue;
    const reason = ruleProblem(outInterface, forwarding, interfaces);
    if (reason !== null) problems.push(`${file}:${line}: rule ${name} ${reason}`);
  }
  if (defaultAction === 'forward' && forwarding === 'none') {
    problems.push(
      `${file}: default_action is forward, and this source has no transmitter; use count or drop`,
    );
  }
  if (defaultAction === 'forward' && (forwarding === 'named' || forwarding === 'unbound')) {
    problems.push(
      `${file}: default_action is forward, and without UPE_BRIDGE there is no other port; use count`,
    );
  }
  if (forwarding === 'bridge' && !defaultActionGiven) {
    problems.push(
      `${file}: a bridge needs a default_action: forward or count lets pass what no rule matches, drop does not`,
    );
  }
  return problems;
}

function ruleProblem(
  outInterface: string | null,
  forwarding: Forwarding,
  interfaces: readonly string[],
): string | null {
  if (forwarding === 'none') {
    return (
      'has the action forward, and this source has no transmitter; ' +
      'use count, or try the rules with `upe replay`'
    );
  }
  if (forwarding === 'unbound') {
    return 'has the action forward, and UPE_INTERFACE names no interface to send by; set it, or use count';
  }
  if (outInterface === null) {
    return forwarding === 'bridge'
      ? null
      : 'has the action forward, and without UPE_BRIDGE there is no other port; ' +
          'name an interface ({ forward: eth1 }), or use count';
  }
  // What leaves by the loopback arrives by it, as a packet like any other.
  if (outInterface === 'lo')
    return 'forwards to lo, where each copy would arrive again and be copied for ever';
  if (interfaces.includes(outInterface)) return null;
  return (
    `forwards to ${outInterface}, which is not among the interfaces in use (${interfaces.join(', ')}); ` +
    'add it to UPE_INTERFACE'
  );
}
