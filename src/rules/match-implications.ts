import { parsePrefix } from './address-field.js';
import { eachScalar, quoted } from './field-values.js';
import { parseProtocol, protocolName } from './integer-field.js';
import type { MatchField } from './match-fields.js';
import { Mistake } from './mistake.js';
import type { Prefix } from './rule.js';
import type { ProblemLog } from './rule-problems.js';
import type { YamlMap } from './yaml-tree.js';

/** What the fields that only some protocols have need; in the order of the file format. */
const PROTOCOL_NEEDS: readonly (readonly [MatchField, readonly number[]])[] = [
  ['src_port', [6, 17, 132]],
  ['dst_port', [6, 17, 132]],
  ['tcp_flags', [6]],
  ['icmp_type', [1, 58]],
];

/**
 * The protocols that a rule can match. Every protocol that is given must be able to have the fields
 * that are given; where none is given, those that can are implied.
 *
 * @param given the protocols in the file; null for none.
 * @returns ascending, without repetition; null for any.
 */
export function impliedProtocols(
  match: YamlMap,
  given: readonly number[] | null,
  problems: ProblemLog,
): readonly number[] | null {
  const isBroken = given === null && match.entries.has('protocol');
  let allowed: readonly number[] | null = null;
  let because: MatchField | null = null;
  for (const [field, needs] of PROTOCOL_NEEDS) {
    const node = match.entries.get(field)?.node;
    if (node === undefined) continue;
    if (given !== null) {
      const without = given.find((protocol) => !needs.includes(protocol));
      if (without !== undefined) reportProtocol(match, field, needs, problems);
    }
    const both: readonly number[] = allowed?.filter((protocol) => needs.includes(protocol)) ?? needs;
    if (both.length === 0 && given === null && !isBroken) {
      problems.add(
        node.offset,
        `${field}: no protocol has both ${field} and ${because}, so the rule matches nothing; make two rules`,
      );
      return null;
    }
    allowed = both;
    because = field;
  }
  if (given === null) return allowed;
  return [...new Set(given)].sort((a, b) => a - b);
}

/** Points at every protocol in the rule's list that cannot have the field. */
function reportProtocol(
  match: YamlMap,
  field: MatchField,
  needs: readonly number[],
  problems: ProblemLog,
): void {
  const able = needs.map(protocolName).join(', ');
  eachScalar(match.entries.get('protocol')!.node, (scalar, offset) => {
    const protocol = parseProtocol(scalar);
    if (protocol instanceof Mistake || needs.includes(protocol)) return;
    const fate = `${quoted(scalar)} has no ${field}, so it can never match with one`;
    problems.add(offset, `protocol: ${fate}; ${field} goes with ${able}`);
  });
}

interface FamilyFields {
  readonly ipVersion: 4 | 6 | null;
  readonly src: readonly Prefix[] | null;
  readonly dst: readonly Prefix[] | null;
}

/**
 * The IP version that a rule can match. Reports every address that another field excludes.
 *
 * @returns null when both are possible, or when a problem was reported.
 */
export function impliedFamily(match: YamlMap, fields: FamilyFields, problems: ProblemLog): 4 | 6 | null {
  const { ipVersion, src, dst } = fields;
  const ofSrc = onlyVersion(src);
  const ofDst = onlyVersion(dst);
  const family = ipVersion ?? ofSrc ?? ofDst;
  if (family === null) return null;
  const because =
    ipVersion !== null
      ? `ip_version is ${family}`
      : `${ofSrc !== null ? 'src' : 'dst'} has only IPv${family} addresses`;
  if (src?.some(({ version }) => version !== family)) reportFamily(match, 'src', family, because, problems);
  if (dst?.some(({ version }) => version !== family)) reportFamily(match, 'dst', family, because, problems);
  return family;
}

/** The one IP version of all the addresses, or null. */
function onlyVersion(prefixes: readonly Prefix[] | null): 4 | 6 | null {
  if (prefixes === null) return null;
  const { version } = prefixes[0];
  return prefixes.every((prefix) => prefix.version === version) ? version : null;
}

/** Points at every address of the other version that the rule mentions in the field. */
function reportFamily(
  match: YamlMap,
  field: 'src' | 'dst',
  family: 4 | 6,
  because: string,
  problems: ProblemLog,
): void {
  eachScalar(match.entries.get(field)!.node, (scalar, offset) => {
    const prefix = parsePrefix(scalar);
    if (prefix instanceof Mistake || prefix.version === family) return;
    const fate = `${quoted(scalar)} is IPv${prefix.version} and can never match, because ${because}`;
    problems.add(offset, `${field}: ${fate}; remove one of them`);
  });
}
