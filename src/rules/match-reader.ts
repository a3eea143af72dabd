import { parsePrefix } from './address-field.js';
import { NO_VALUE, quoted, ValueReader } from './field-values.js';
import {
  DSCPS,
  enumerateRanges,
  ICMP_TYPES,
  type IntegerLimits,
  mergeRanges,
  PORTS,
  parseIpVersion,
  parseProtocol,
  parseRange,
  VLANS,
} from './integer-field.js';
import { parseInterface } from './interface-field.js';
import type { MatchField } from './match-fields.js';
import { impliedFamily, impliedProtocols } from './match-implications.js';
import { Mistake } from './mistake.js';
import type { PortRange, Prefix, RuleMatch, TcpFlagsMatch } from './rule.js';
import type { ProblemLog } from './rule-problems.js';
import { joinTcpFlags, parseTcpFlags } from './tcp-flags-field.js';
import { resolved, type YamlMap, type YamlNode, type YamlScalar } from './yaml-tree.js';

/**
 * Reads the `match` of rules: each field by itself, then what the fields say about one another.
 *
 * One reader serves a whole file, because it remembers what aliases stand for.
 */
export class MatchReader {
  private readonly prefixes: ValueReader<Prefix>;
  private readonly protocols: ValueReader<number>;
  private readonly tcpFlags: ValueReader<TcpFlagsMatch>;
  private readonly interfaces: ValueReader<string>;
  private readonly ports: ValueReader<PortRange>;
  private readonly icmpTypes: ValueReader<PortRange>;
  private readonly dscps: ValueReader<PortRange>;
  private readonly vlans: ValueReader<PortRange>;

  constructor(private readonly problems: ProblemLog) {
    const ranges = (limits: IntegerLimits) =>
      new ValueReader((scalar) => parseRange(scalar, limits), problems);
    this.prefixes = new ValueReader(parsePrefix, problems);
    this.protocols = new ValueReader(parseProtocol, problems);
    this.tcpFlags = new ValueReader(parseTcpFlags, problems);
    this.interfaces = new ValueReader(parseInterface, problems);
    this.ports = ranges(PORTS);
    this.icmpTypes = ranges(ICMP_TYPES);
    this.dscps = ranges(DSCPS);
    this.vlans = ranges(VLANS);
  }

  /**
   * @param match the mapping; unknown keys in it have been reported already.
   * @returns the fields with everything implied. Where a problem was reported, that field is null.
   */
  read(match: YamlMap): RuleMatch {
    const ipVersion = this.scalar(match, 'ip_version', parseIpVersion);
    const protocols = this.list(match, 'protocol', this.protocols);
    const src = this.list(match, 'src', this.prefixes);
    const dst = this.list(match, 'dst', this.prefixes);
    const srcPorts = this.list(match, 'src_port', this.ports);
    const dstPorts = this.list(match, 'dst_port', this.ports);
    const icmpTypes = this.list(match, 'icmp_type', this.icmpTypes);
    const dscps = this.list(match, 'dscp', this.dscps);
    const vlans = this.list(match, 'vlan', this.vlans);
    const inInterfaces = this.list(match, 'in_interface', this.interfaces);
    return {
      ipVersion: impliedFamily(match, { ipVersion, src, dst }, this.problems),
      protocols: impliedProtocols(match, protocols, this.problems),
      src,
      dst,
      srcPorts: srcPorts && mergeRanges(srcPorts),
      dstPorts: dstPorts && mergeRanges(dstPorts),
      tcpFlags: this.flags(match),
      icmpTypes: icmpTypes && enumerateRanges(icmpTypes),
      dscps: dscps && enumerateRanges(dscps),
      fragment: this.scalar(match, 'fragment', parseBoolean),
      vlans: vlans && enumerateRanges(vlans),
      inInterfaces: inInterfaces && [...new Set(inInterfaces)],
    };
  }

  private list<T>(match: YamlMap, field: MatchField, reader: ValueReader<T>): readonly T[] | null {
    const node = match.entries.get(field)?.node;
    return node === undefined ? null : reader.values(node, field);
  }

  private scalar<T>(match: YamlMap, field: MatchField, parse: Parse<T>): T | null {
    const node = match.entries.get(field)?.node;
    return node === undefined ? null : readScalar(node, field, parse, this.problems);
  }

  private flags(match: YamlMap): TcpFlagsMatch | null {
    const parts = this.list(match, 'tcp_flags', this.tcpFlags);
    if (parts === null) return null;
    const flags = joinTcpFlags(parts);
    if (!(flags instanceof Mistake)) return flags;
    this.problems.add(match.entries.get('tcp_flags')!.node.offset, `tcp_flags: ${flags.message}`);
    return null;
  }
}

type Parse<T> = (scalar: YamlScalar) => T | Mistake;

/** Reads a field that takes exactly one value. Returns null when a problem was reported. */
export function readScalar<T>(
  node: YamlNode,
  field: string,
  parse: Parse<T>,
  problems: ProblemLog,
): T | null {
  const scalar = resolved(node);
  let value: T | Mistake;
  if (scalar.kind !== 'scalar') value = new Mistake(`a ${scalar.kind}; it takes exactly one value`);
  else value = scalar.text === '' ? NO_VALUE : parse(scalar);
  if (!(value instanceof Mistake)) return value;
  problems.add(scalar.kind === 'scalar' ? scalar.offset : node.offset, `${field}: ${value.message}`);
  return null;
}

/** YAML 1.2 knows no yes and no; a quoted "true" is a text. */
function parseBoolean(scalar: YamlScalar): boolean | Mistake {
  if (scalar.plain && typeof scalar.value === 'boolean') return scalar.value;
  return new Mistake(`${quoted(scalar)} is no truth value in YAML 1.2; write true or false, without quotes`);
}
