import { quoted } from './field-values.js';
import { parseInterface } from './interface-field.js';
import { Mistake } from './mistake.js';
import { nearest } from './nearest.js';
import { ACTIONS, type Action } from './rule.js';
import type { ProblemLog } from './rule-problems.js';
import { resolved, type YamlNode, type YamlScalar } from './yaml-tree.js';

export interface ActionChoice {
  readonly action: Action;
  /** Interface to send out of; null for the other port of the bridge, and for count and drop. */
  readonly outInterface: string | null;
}

/** Reads a rule's action. Returns null when a problem was reported. */
export function readAction(node: YamlNode, problems: ProblemLog): ActionChoice | null {
  const value = resolved(node);
  if (value.kind === 'scalar') {
    const action = parseAction(value);
    if (!(action instanceof Mistake)) return { action, outInterface: null };
    problems.add(node.offset, `action: ${action.message}, or { forward: eth1 }`);
    return null;
  }
  const forward = value.kind === 'map' ? value.entries.get('forward') : undefined;
  if (value.kind !== 'map' || forward === undefined || value.entries.size !== 1) {
    problems.add(node.offset, 'action: write count, drop, forward or { forward: eth1 }');
    return null;
  }
  const target = resolved(forward.node);
  const name =
    target.kind === 'scalar'
      ? parseInterface(target)
      : new Mistake('one interface name is needed, like eth1');
  if (!(name instanceof Mistake)) return { action: 'forward', outInterface: name };
  problems.add(forward.node.offset, `action: forward: ${name.message}`);
  return null;
}

/** Reads `default_action`, which names no interface. Returns null when a problem was reported. */
export function readDefaultAction(node: YamlNode, problems: ProblemLog): Action | null {
  const value = resolved(node);
  const action =
    value.kind === 'scalar' ? parseAction(value) : new Mistake('it must be one of count, drop, forward');
  if (!(action instanceof Mistake)) return action;
  problems.add(node.offset, `default_action: ${action.message}`);
  return null;
}

function parseAction(scalar: YamlScalar): Action | Mistake {
  for (const action of ACTIONS) if (action === scalar.text) return action;
  if (scalar.text === '') return new Mistake('no value; write count, drop, forward');
  const meant = nearest(scalar.text, ACTIONS);
  const hint = meant === null ? 'write' : `did you mean ${meant}? It can be`;
  return new Mistake(`unknown action ${quoted(scalar)}; ${hint} count, drop, forward`);
}
