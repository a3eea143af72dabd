import { ImportError } from '../../../errors.js';
import { allAddresses, hasMappedAddresses, networkOf, parseAddress } from '../addresses.js';
import { ANYTHING, type Condition, conditionOf, otherFlags } from '../condition.js';
import { arrival, asList, holds, type Meaning, unsaid } from '../meaning.js';
import { PASSED_BY_IP6TABLES, PROTOCOL_NUMBERS, TCP_FLAG_BITS } from '../packet-words.js';
import { protocolMeaning } from '../protocol-meaning.js';
import { complement, type Interval, numbers, type Values, valuesOf } from '../values.js';
import type { RuleOption } from './rule-words.js';

const PORTS: Interval = { low: 0n, high: 65_535n };
const BYTE: Interval = { low: 0n, high: 255n };
const NO_FIELD = 'UPE has no field for';

/**
 * What an option of a rule means, or null when the option belongs to a match that is not known here.
 *
 * @param version the one that the table is of.
 * @throws ImportError when its value is none that iptables-save prints.
 */
export function optionMeaning(option: RuleOption, version: 4 | 6): Meaning | null {
  const { name, module } = option;
  switch (module === '' || !name.startsWith('--') ? name : `${module} ${name}`) {
    case '-s':
    case '-d':
      return address(name === '-s' ? 'src' : 'dst', option, version);
    case '-p':
      return protocol(option, version);
    case '-i':
      return interfaceName(option);
    case '-o':
      return option.values[0] === '+'
        ? holds([ANYTHING])
        : unsaid('UPE judges a packet before it leaves', [ANYTHING]);
    case '-f':
      return unsaid('UPE does not tell first from later fragments', asList({ version }));
    case 'tcp --sport':
    case 'udp --sport':
    case 'sctp --sport':
    case 'multiport --sports':
      return ports('srcPort', option);
    case 'tcp --dport':
    case 'udp --dport':
    case 'sctp --dport':
    case 'multiport --dports':
      return ports('dstPort', option);
    case 'multiport --ports':
      return eitherPort(option);
    case 'tcp --tcp-flags':
      return flags(option);
    case 'tcp --syn':
      return flags({ ...option, values: ['FIN,SYN,RST,ACK', 'SYN'] });
    case 'iprange --src-range':
    case 'iprange --dst-range':
      return addressRange(name === '--src-range' ? 'src' : 'dst', option, version);
    case 'icmp --icmp-type':
    case 'icmp6 --icmpv6-type':
      return icmpType(option, version);
    case 'dscp --dscp': {
      const dscp = numbers(numberIn(option, option.values[0], 63));
      return holds(asList({ dscp: option.isNegated ? complement(dscp, { low: 0n, high: 63n }) : dscp }));
    }
    case 'comment --comment':
      return holds([ANYTHING]);
    default:
      return null;
  }
}

function address(field: 'src' | 'dst', option: RuleOption, version: 4 | 6): Meaning {
  const [text, mask] = (option.values[0] ?? '').split('/');
  const value = addressIn(option, text, version);
  const bits = mask === undefined ? Number(version === 4 ? 32 : 128) : maskBits(mask, version);
  if (bits === null) return unsaid('its mask is none of leading ones', asList({ version }));
  return addresses(field, [networkOf(version, value, bits)], option, version);
}

function addressRange(field: 'src' | 'dst', option: RuleOption, version: 4 | 6): Meaning {
  const [first, last = first] = (option.values[0] ?? '').split('-');
  const [low, high] = [addressIn(option, first, version), addressIn(option, last, version)];
  if (low > high) throw bad(option);
  return addresses(field, [{ low, high }], option, version);
}

function addresses(field: 'src' | 'dst', given: Values, { isNegated }: RuleOption, version: 4 | 6): Meaning {
  const values = isNegated ? complement(given, allAddresses(version)) : given;
  if (version === 6 && hasMappedAddresses(values)) {
    return unsaid(
      'IPv4-mapped addresses stand for IPv4 packets, in which UPE finds none',
      asList({ version }),
    );
  }
  return holds(asList({ version, [field]: values }));
}

function addressIn(option: RuleOption, text: string, version: 4 | 6): bigint {
  const found = parseAddress(text);
  if (found?.version === version) return found.value;
  if (found !== null && version === 4) {
    throw new ImportError(`${option.name} ${text} is IPv6; give --ipv6 for what ip6tables-save prints`);
  }
  throw bad(option);
}

/** The length of a mask, written as a number or as an address; null when it has ones behind zeros. */
function maskBits(text: string, version: 4 | 6): number | null {
  const widest = version === 4 ? 32 : 128;
  if (/^\d{1,3}$/.test(text)) return Number(text) <= widest ? Number(text) : null;
  const mask = parseAddress(text);
  if (mask?.version !== version) return null;
  const digits = mask.value.toString(2).padStart(widest, '0');
  return /^1*0*$/.test(digits) ? digits.replaceAll('0', '').length : null;
}

function protocol(option: RuleOption, version: 4 | 6): Meaning {
  const [text] = option.values;
  if (text === 'all' || text === '0') return holds([ANYTHING]);
  const number = PROTOCOL_NUMBERS.get(text) ?? (/^\d{1,3}$/.test(text ?? '') ? Number(text) : 256);
  if (number > 255) return unsaid(`UPE does not know protocol ${text}; give its number`, asList({ version }));
  const values = numbers(number);
  return protocolMeaning(option.isNegated ? complement(values, BYTE) : values, version, PASSED_BY_IP6TABLES);
}

function interfaceName({ values, isNegated }: RuleOption): Meaning {
  const [name = ''] = values;
  if (name === '+') return holds(isNegated ? [] : [ANYTHING]);
  if (name.endsWith('+')) return unsaid('a rule of UPE names interfaces in full', [ANYTHING]);
  return arrival([name], isNegated) ?? unsaid(`UPE does not know interface ${name}`, [ANYTHING]);
}

function ports(field: 'srcPort' | 'dstPort', option: RuleOption): Meaning {
  const given = portsIn(option);
  const values = option.isNegated ? complement(given, PORTS) : given;
  return { ...holds(asList({ [field]: values })), anyTransport: true };
}

function eitherPort(option: RuleOption): Meaning {
  const given = portsIn(option);
  const others = complement(given, PORTS);
  const when = option.isNegated
    ? asList({ srcPort: others, dstPort: others })
    : [...asList({ srcPort: given }), ...asList({ srcPort: others, dstPort: given })];
  return { ...holds(when), anyTransport: true };
}

function portsIn(option: RuleOption): Values {
  const ranges = (option.values[0] ?? '').split(',').map((text): Interval => {
    const [first, last = first] = text.split(':');
    const low = numberIn(option, first === '' ? '0' : first, 65_535);
    const high = numberIn(option, last === '' ? '65535' : last, 65_535);
    if (low > high) throw bad(option);
    return { low: BigInt(low), high: BigInt(high) };
  });
  return valuesOf(ranges);
}

function flags(option: RuleOption): Meaning {
  const [mask, set] = [flagsIn(option, option.values[0]), flagsIn(option, option.values[1])];
  if ((set & ~mask) !== 0) return holds(option.isNegated ? asList({ tcpFlags: { set: 0, clear: 0 } }) : []);
  const match = { set, clear: mask & ~set };
  const matches = option.isNegated ? otherFlags(match) : [match];
  return holds(matches.flatMap((tcpFlags) => asList({ tcpFlags })));
}

function flagsIn(option: RuleOption, text: string | undefined): number {
  if (text === 'NONE') return 0;
  if (text === 'ALL') return 0x3f;
  let bits = 0;
  for (const name of (text ?? '').split(',')) {
    const bit = TCP_FLAG_BITS.get(name.toLowerCase());
    if (bit === undefined) throw bad(option);
    bits |= bit;
  }
  return bits;
}

function icmpType(option: RuleOption, version: 4 | 6): Meaning {
  const [text, code] = (option.values[0] ?? '').split('/');
  const fields: Partial<Condition> = { version, protocol: numbers(version === 4 ? 1 : 58) };
  if (code !== undefined) return unsaid(`${NO_FIELD} the code of an ICMP message`, asList(fields));
  // iptables keeps "any" as type 255.
  const isAny = version === 4 && (text === 'any' || text === '255');
  const types: Values = isAny ? [BYTE] : numbers(numberIn(option, text, 255));
  const icmpType = option.isNegated ? complement(types, BYTE) : types;
  const condition = conditionOf({ ...fields, icmpType });
  return holds(condition === null ? [] : [condition]);
}

function numberIn(option: RuleOption, text: string | undefined, high: number): number {
  if (!/^(0x[0-9a-f]{1,4}|\d{1,5})$/i.test(text ?? '') || Number(text) > high) throw bad(option);
  return Number(text);
}

function bad({ name, values }: RuleOption): ImportError {
  return new ImportError(
    `${name} ${JSON.stringify(values.join(' ').slice(0, 60))} is none that iptables-save prints`,
  );
}
