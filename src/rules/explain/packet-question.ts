import {
  ABSENT,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../protocol/packet.js';
import { addressWords, parsePrefix } from '../address-field.js';
import {
  DSCPS,
  ICMP_TYPES,
  type IntegerLimits,
  PORTS,
  parseInteger,
  parseIpVersion,
  parseProtocol,
  protocolName,
  VLANS,
} from '../integer-field.js';
import { parseInterface } from '../interface-field.js';
import type { MatchField } from '../match-fields.js';
import { Mistake } from '../mistake.js';
import { parseSetTcpFlags } from '../tcp-flags-field.js';
import type { YamlScalar } from '../yaml-tree.js';
import { type KnownPacket, UNKNOWN } from './known-packet.js';

/** What a person knows of a packet: texts under the names of the rule file's fields. */
export type QuestionTexts = { readonly [Field in MatchField]?: string };

/** A text that cannot be used. */
export interface QuestionProblem {
  readonly field: MatchField;
  /** Stands behind the field's name and a colon. */
  readonly message: string;
}

/** What only some protocols have. */
const PORT_PROTOCOLS = [PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP];
const ICMP_PROTOCOLS = [PROTOCOL_ICMP, PROTOCOL_ICMPV6];
const NEEDS: readonly (readonly [MatchField, readonly number[]])[] = [
  ['src_port', PORT_PROTOCOLS],
  ['dst_port', PORT_PROTOCOLS],
  ['tcp_flags', [PROTOCOL_TCP]],
  ['icmp_type', ICMP_PROTOCOLS],
];
/** What one writes for a packet without a VLAN tag, and for a TCP segment without flags. */
const NONE = 'none';

/**
 * Reads a question in the words of the rule file, and completes it with what follows: an address tells the
 * version, a port the protocols that have ports. What is not given and does not follow stays unknown.
 *
 * @param interfaces the labels that the table's interface numbers stand for.
 * @returns the packet, or every problem with the texts, at least one.
 */
export function readQuestion(
  texts: QuestionTexts,
  interfaces: readonly string[],
): KnownPacket | readonly QuestionProblem[] {
  const reader = new QuestionReader(texts);
  const src = reader.read('src', address);
  const dst = reader.read('dst', address);
  const protocol = reader.read('protocol', (scalar) => parseProtocol(scalarOf(scalar.text.toLowerCase())));
  const version = reader.read('ip_version', parseIpVersion);
  const ports = { src: reader.integer('src_port', PORTS), dst: reader.integer('dst_port', PORTS) };
  const flags = reader.read('tcp_flags', flagByte);
  const icmpType = reader.integer('icmp_type', ICMP_TYPES);
  const dscp = reader.integer('dscp', DSCPS);
  const isFragment = reader.read('fragment', truth);
  const vlan = reader.read('vlan', (scalar) => (scalar.text === NONE ? ABSENT : parseInteger(scalar, VLANS)));
  const inInterface = reader.read('in_interface', parseInterface);
  const protocols = reader.protocols(protocol);
  const ipVersion = reader.version({ ip_version: version, src: src?.version, dst: dst?.version });
  if (reader.problems.length > 0) return reader.problems;
  const can = (needs: readonly number[]) => protocols?.some((own) => needs.includes(own)) ?? true;
  const missing = (needs: readonly number[]) => (can(needs) ? UNKNOWN : ABSENT);
  return {
    ipVersion: ipVersion ?? UNKNOWN,
    protocols,
    src: src?.words ?? null,
    dst: dst?.words ?? null,
    srcPort: ports.src ?? missing(PORT_PROTOCOLS),
    dstPort: ports.dst ?? missing(PORT_PROTOCOLS),
    tcpFlags: flags ?? missing([PROTOCOL_TCP]),
    icmpType: icmpType ?? missing(ICMP_PROTOCOLS),
    dscp: dscp ?? UNKNOWN,
    isFragment: isFragment ?? UNKNOWN,
    vlan: vlan ?? UNKNOWN,
    interfaceIndex: inInterface === undefined ? UNKNOWN : interfaces.indexOf(inInterface),
  };
}

/** Reads one text after the other and collects what is wrong with them. */
class QuestionReader {
  readonly problems: QuestionProblem[] = [];

  constructor(private readonly texts: QuestionTexts) {}

  /** The value of a field; `undefined` where it is not given, or cannot be used. */
  read<T>(field: MatchField, parse: (scalar: YamlScalar) => T | Mistake): T | undefined {
    const text = this.texts[field];
    if (text === undefined) return undefined;
    const value = text === '' ? new Mistake('no value; give one, or leave it out') : parse(scalarOf(text));
    if (!(value instanceof Mistake)) return value;
    this.refuse(field, value.message);
    return undefined;
  }

  integer(field: MatchField, limits: IntegerLimits): number | undefined {
    return this.read(field, (scalar) => parseInteger(scalar, limits));
  }

  /** The protocols that the packet can have; `null` for any. */
  protocols(given: number | undefined): readonly number[] | null {
    let possible: readonly number[] | null = given === undefined ? null : [given];
    for (const [field, needs] of NEEDS) {
      if (this.texts[field] === undefined) continue;
      const both: readonly number[] = possible?.filter((own) => needs.includes(own)) ?? needs;
      if (both.length === 0) {
        const names = needs.map(protocolName).join(', ');
        const other = given === undefined ? 'the other fields' : protocolName(given);
        this.refuse(field, `does not go with ${other}; only ${names} can have it`);
        return null;
      }
      possible = both;
    }
    return possible;
  }

  /** The one IP version of all that say one; `undefined` where none does. */
  version(given: { readonly [Field in MatchField]?: 4 | 6 | undefined }): 4 | 6 | undefined {
    let first: readonly [string, 4 | 6] | null = null;
    for (const [field, version] of Object.entries(given)) {
      if (version === undefined) continue;
      first ??= [field, version];
      if (version !== first[1]) {
        const because =
          first[0] === 'ip_version' ? `ip_version is ${first[1]}` : `the source is IPv${first[1]}`;
        const shown = this.texts[field as MatchField];
        this.refuse(
          field as MatchField,
          `${shown} is IPv${version}, but ${because}; a packet has one version`,
        );
      }
    }
    return first?.[1];
  }

  private refuse(field: MatchField, message: string): void {
    this.problems.push({ field, message });
  }
}

/** A text as the readers of the rule file's fields take it. */
function scalarOf(text: string): YamlScalar {
  return { kind: 'scalar', text, value: text, plain: true, offset: 0, scalarCount: 1, depth: 0 };
}

function address(scalar: YamlScalar): { version: 4 | 6; words: readonly number[] } | Mistake {
  const { text } = scalar;
  // What stands for IPv4, has a zone or is a word for any gets the rule file's advice, which holds here too.
  if (addressWords(text) !== null || /%|^(any|all|\*)$/i.test(text)) return parsePrefix(scalar);
  const shown = text.slice(0, 80);
  const isNetwork = addressWords(text.split('/')[0]) !== null;
  return new Mistake(
    isNetwork
      ? `${shown} is a network; a packet has an address`
      : `${shown} is not an IPv4 or IPv6 address, like 10.0.0.1 or 2001:db8::1`,
  );
}

/** The flags that are set; all others are clear. */
function flagByte(scalar: YamlScalar): number | Mistake {
  if (scalar.text.toLowerCase() === NONE) return 0;
  if (!scalar.text.includes('!')) return parseSetTcpFlags(scalar);
  return new Mistake(
    `${scalar.text.slice(0, 80)}: name the flags that are set, or ${NONE}; the others are clear`,
  );
}

function truth({ text }: YamlScalar): 0 | 1 | Mistake {
  if (text === 'true') return 1;
  if (text === 'false') return 0;
  return new Mistake(`${text.slice(0, 80)} must be true or false`);
}
