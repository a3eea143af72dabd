import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors.js';
import { LINK_ETHERNET } from '../protocol/link-type.js';
import { parseHexFrame, parseLinkType } from '../rules/explain/hex-frame.js';
import { type CapturedFrame, type JudgedFrame, judgeFrame } from '../rules/explain/judged-frame.js';
import { type QuestionTexts, readQuestion } from '../rules/explain/packet-question.js';
import { parseInterface } from '../rules/interface-field.js';
import type { MatchField } from '../rules/match-fields.js';
import { Mistake } from '../rules/mistake.js';
import { STANDARD_INPUT } from '../source/capture/capture-input.js';
import { nthPacket } from '../source/capture/nth-packet.js';

/** The flags that describe a packet, by the field of the rule file that each stands for. */
const FIELD_FLAGS: ReadonlyMap<MatchField, string> = new Map([
  ['ip_version', 'ip-version'],
  ['protocol', 'protocol'],
  ['src', 'src'],
  ['dst', 'dst'],
  ['src_port', 'src-port'],
  ['dst_port', 'dst-port'],
  ['tcp_flags', 'tcp-flags'],
  ['icmp_type', 'icmp-type'],
  ['dscp', 'dscp'],
  ['fragment', 'fragment'],
  ['vlan', 'vlan'],
  ['in_interface', 'in-interface'],
]);
/** The label under which `upe replay` counts what comes from a file. */
const CAPTURE_INTERFACE = 'pcap';
/** What stands for an address or a protocol that is not known. */
const ANY = 'any';
const NUMBER_MAX = 2 ** 53;

/** What is asked about, in one of three forms. */
export type Question =
  | { readonly kind: 'fields'; readonly texts: QuestionTexts; readonly origins: Origins }
  | {
      readonly kind: 'hex';
      readonly hex: string;
      readonly linkType: number;
      readonly inInterface: string | null;
    }
  | { readonly kind: 'file'; readonly file: string; readonly number: number; readonly inInterface: string };

/** Where the user gave the text of a field: `--src`, or `SRC`. */
export type Origins = ReadonlyMap<MatchField, string>;

/**
 * Finds out in which form a packet is asked about.
 *
 * @param operands none, or PROTOCOL SRC DST.
 * @param texts of the command's flags, by flag.
 * @throws ConfigError with every problem.
 */
export function questionOf(operands: readonly string[], texts: ReadonlyMap<string, string>): Question {
  const problems: string[] = [];
  const described = describedFields(operands, texts, problems);
  const form = texts.has('hex') ? 'hex' : texts.has('file') ? 'file' : 'fields';
  if (texts.has('hex') && texts.has('file'))
    problems.push('--hex and --file give two packets; leave one of them out.');
  if (form !== 'file' && texts.has('number'))
    problems.push('--number goes with --file; give the capture file as well.');
  if (form !== 'hex' && texts.has('link-type')) problems.push('--link-type goes with --hex; leave it out.');
  for (const [field, origin] of form === 'fields' ? [] : described.origins) {
    if (field !== 'in_interface')
      problems.push(`${origin} does not go with --${form}: the packet says it itself; leave it out.`);
  }
  if (form === 'fields' && described.origins.size === 0 && problems.length === 0) {
    problems.push(
      operands.length === 0
        ? 'explain needs a packet: PROTOCOL SRC DST, flags like --dst and --dst-port, --hex, or --file.'
        : 'nothing is known of the packet: say what one of PROTOCOL, SRC and DST is, or give a flag like --dst-port.',
    );
  }
  const inInterface = form === 'fields' ? null : interfaceOf(texts, problems);
  const linkType = form === 'hex' ? linkTypeOf(texts, problems) : LINK_ETHERNET;
  const number = form === 'file' ? numberOf(texts, problems) : 1;
  if (problems.length > 0) throw new ConfigError(problems);
  if (form === 'fields') return { kind: form, ...described };
  if (form === 'hex') return { kind: form, hex: texts.get('hex')!, linkType, inInterface };
  return { kind: form, file: texts.get('file')!, number, inInterface: inInterface ?? CAPTURE_INTERFACE };
}

/** The interface that a question names, which the table may not. */
export function interfaceNamed(question: Question): string | null {
  return question.kind === 'fields' ? (question.texts.in_interface ?? null) : question.inInterface;
}

/**
 * Gets hold of the packet and has it parsed.
 *
 * @param interfaces the labels that the table's interface numbers stand for.
 * @param keptBytes bytes of a packet buffer.
 * @throws ConfigError, CaptureFileError or EnvironmentError when there is no such packet.
 */
export async function askedFrame(
  question: Question,
  interfaces: readonly string[],
  keptBytes: number,
): Promise<JudgedFrame> {
  if (question.kind === 'fields') {
    const packet = readQuestion(question.texts, interfaces);
    if ('ipVersion' in packet) return { kind: 'packet', packet, anomalies: [] };
    throw new ConfigError(
      packet.map(({ field, message }) => `${question.origins.get(field) ?? field}: ${message}.`),
    );
  }
  const { inInterface } = question;
  const frame =
    question.kind === 'hex' ? hexFrame(question) : await nthPacket(question.file, question.number);
  return judgeFrame(frame, keptBytes, inInterface === null ? null : interfaces.indexOf(inInterface));
}

function hexFrame({ hex, linkType }: Question & { kind: 'hex' }): CapturedFrame {
  const bytes = parseHexFrame(hex === STANDARD_INPUT ? readFileSync(0, 'latin1') : hex);
  if (bytes instanceof Mistake) throw new ConfigError([`--hex: ${bytes.message}.`]);
  return { bytes, wireBytes: bytes.length, linkType };
}

function describedFields(
  operands: readonly string[],
  texts: ReadonlyMap<string, string>,
  problems: string[],
): { texts: QuestionTexts; origins: Origins } {
  const found: { [Field in MatchField]?: string } = {};
  const origins = new Map<MatchField, string>();
  const put = (field: MatchField, text: string | undefined, origin: string) => {
    if (text === undefined) return;
    const first = origins.get(field);
    if (first !== undefined) problems.push(`${first} and ${origin} say the same; leave one of them out.`);
    found[field] = text;
    origins.set(field, origin);
  };
  if (operands.length === 3) {
    const [protocol, src, dst] = operands;
    put('protocol', isAny(protocol) ? undefined : protocol, 'PROTOCOL');
    for (const [name, text] of [
      ['src', src],
      ['dst', dst],
    ] as const) {
      const { address, port } = endpointOf(text);
      put(name, address, name.toUpperCase());
      put(`${name}_port`, port, `the port of ${name.toUpperCase()}`);
    }
  } else if (operands.length > 0) {
    const given = operands.length === 1 ? '1 word follows' : `${operands.length} words follow`;
    problems.push(
      `explain takes the three words PROTOCOL SRC DST, or none, but ${given}; write any for what is not known.`,
    );
  }
  for (const [field, flag] of FIELD_FLAGS) put(field, texts.get(flag), `--${flag}`);
  return { texts: found, origins };
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`, or either without a port. */
function endpointOf(text: string): { address: string | undefined; port: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const split = bracketed ?? /^([^:]*)(?::([^:]*))?$/.exec(text);
  const address = split === null ? text : split[1];
  return { address: isAny(address) ? undefined : address, port: split?.[2] };
}

function isAny(text: string): boolean {
  return text.toLowerCase() === ANY;
}

function interfaceOf(texts: ReadonlyMap<string, string>, problems: string[]): string | null {
  const text = texts.get('in-interface');
  if (text === undefined) return null;
  const name = parseInterface({
    kind: 'scalar',
    text,
    value: text,
    plain: true,
    offset: 0,
    scalarCount: 1,
    depth: 0,
  });
  if (!(name instanceof Mistake)) return name;
  problems.push(`--in-interface: ${name.message}.`);
  return null;
}

function linkTypeOf(texts: ReadonlyMap<string, string>, problems: string[]): number {
  const linkType = parseLinkType(texts.get('link-type') ?? 'ethernet');
  if (!(linkType instanceof Mistake)) return linkType;
  problems.push(`--link-type: ${linkType.message}.`);
  return LINK_ETHERNET;
}

function numberOf(texts: ReadonlyMap<string, string>, problems: string[]): number {
  const text = texts.get('number') ?? '1';
  const number = /^[1-9][0-9]*$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= NUMBER_MAX) return number;
  problems.push(
    `--number is ${JSON.stringify(text.slice(0, 80))}, but packets are counted from 1; give a whole number.`,
  );
  return 1;
}
