import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuleFileError } from '../../src/errors.js';
import { parseRuleFile } from '../../src/rules/rule-file.js';
import { SAMPLE_RULES } from '../fixtures/sample-capture.js';
import type { Random } from '../protocol/random.js';

/** The bundled rule files, seen from the compiled module `dist/test/rules/rule-file-fuzz.js`. */
const BUNDLED = fileURLToPath(new URL('../../../deploy/rules/', import.meta.url));

/** Every field once, lists and sets within sets, and both styles of YAML. */
const ALL_FIELDS = `default_action: drop
sets:
  a: &a [10.0.0.0/8, fd00::/8]
  b: &b [*a, 192.0.2.1]
  ports: &ports [80, 8000-8080]
rules:
  - { name: a.b-c_1, match: { src: [*b], dst: *a }, action: { forward: eth1 } }
  - name: "quoted"
    description: >-
      folded
      text
    priority: -5
    match:
      ip_version: 4
      protocol: [tcp, 17, sctp]
      src_port: *ports
      dst_port: [*ports, 443]
      dscp: [46, 0-7]
      fragment: false
      vlan: 100
      in_interface: [eth0, eth1]
    action: forward
  - { name: flags, match: { tcp_flags: "syn,!ack" }, action: drop }
  - { name: ping, match: { protocol: icmpv6, icmp_type: [128, 129] }, action: count }
`;

/** Texts at which YAML or a field turns. */
const TELLING_TEXTS = [
  ...[
    '\n',
    '\t',
    ' ',
    '  ',
    '- ',
    ': ',
    '? ',
    '#',
    ' #',
    '"',
    "'",
    '`',
    '@',
    '%YAML 1.1\n',
    '---\n',
    '...\n',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    '|',
    '>',
    '>-\n',
    '&a ',
    '*a',
    '*a*',
    '&',
    '*',
    '!',
    '!!binary ',
    '!!set ',
    '<<: ',
  ],
  ...[
    '\0',
    '\u0007',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\u{1f600}',
    'é',
    '\r',
    '\r\n',
    '~',
    'null',
    'NaN',
  ],
  ...['true', 'yes', '0x10', '0o17', '1e3', '-0', '.5', '1_0', '22:22', '4294967296', '9'.repeat(400)],
  ...['10.0.0.0/33', '::', '::/0', '::ffff:1.2.3.4', '1.2.3.4/', '0-65535', '65536', '-1', '9-1', 'syn,!syn'],
  ...['__proto__: 1\n', 'constructor: 1\n', 'rules:\n', 'name: a\n', 'action: drop\n', 'match: {}\n'],
  ...[
    'a'.repeat(300),
    '[[[[[[[[',
    '{{{{{{{{',
    '- - - - - ',
    '&x [*x]',
    '"\\e\\n": ',
    '2001:db8::/32',
    'forward: ',
  ],
];
const MUTATIONS_MAX = 5;

/** The rule files that are damaged. */
export function sampleRuleFiles(): Uint8Array[] {
  const bundled = readdirSync(BUNDLED).filter((name) => name.endsWith('.yaml'));
  const encoder = new TextEncoder();
  return [
    ...bundled.map((name) => withoutComments(readFileSync(join(BUNDLED, name), 'utf8'))),
    SAMPLE_RULES,
    ALL_FIELDS,
  ].map((text) => encoder.encode(text));
}

/** Damage in a comment would be no damage. */
function withoutComments(text: string): string {
  return text.replaceAll(/^ *#.*\n/gm, '');
}

/** A sample with a few things wrong: bits, telling texts, pieces and lines that go, come twice or change places. */
export function damageRuleFile(random: Random, samples: readonly Uint8Array[]): Uint8Array {
  let bytes = random.pick(samples);
  for (let left = random.below(MUTATIONS_MAX) + 1; left > 0; left--) bytes = damage(random, bytes, samples);
  return bytes;
}

function damage(random: Random, bytes: Uint8Array, samples: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length + 1);
  const before = bytes.subarray(0, at);
  switch (random.below(8)) {
    case 0: {
      const flipped = bytes.slice();
      if (at < bytes.length) flipped[at] ^= 1 << random.below(8);
      return flipped;
    }
    case 1:
    case 2:
    case 3:
      return joined(before, Buffer.from(random.pick(TELLING_TEXTS)), bytes.subarray(at));
    case 4:
      return joined(before, bytes.subarray(at + random.below(24)));
    case 5: {
      const donor = random.pick(samples);
      const from = random.below(donor.length);
      return joined(before, donor.subarray(from, from + random.below(200)), bytes.subarray(at));
    }
    case 6: {
      const lines = Buffer.from(bytes).toString('latin1').split('\n');
      const [line] = lines.splice(random.below(lines.length), 1);
      lines.splice(random.below(lines.length + 1), random.below(2), line!);
      return Buffer.from(lines.join('\n'), 'latin1');
    }
    default:
      return random.below(4) === 0 ? before.slice() : joined(before, Buffer.from(random.pick(TELLING_TEXTS)));
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export interface RuleFileFuzz {
  readonly files: number;
  /** Those in which nothing is wrong. */
  readonly valid: number;
  readonly problems: number;
  readonly slowestMs: number;
}

/**
 * Damages rule files and reads each.
 *
 * @param files how many, from 1.
 * @throws Error with the file, in base64, when one is refused otherwise than by a RuleFileError whose problems
 *   have a place in the file and one line each.
 */
export function fuzzRuleFiles(random: Random, files: number): RuleFileFuzz {
  const samples = sampleRuleFiles();
  let valid = 0;
  let problems = 0;
  let slowestMs = 0;
  for (let i = 0; i < files; i++) {
    const bytes = damageRuleFile(random, samples);
    const startMs = performance.now();
    try {
      const found = problemCount(bytes);
      if (found === 0) valid++;
      problems += found;
    } catch (error) {
      const shown = Buffer.from(bytes).toString('base64');
      throw new Error(`file ${i}, in base64 ${shown}: ${(error as Error).message}`, { cause: error });
    }
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
  }
  return { files, valid, problems, slowestMs };
}

function problemCount(bytes: Uint8Array): number {
  try {
    parseRuleFile(bytes, 'f.yaml');
    return 0;
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    // CR, LF and both together end a line in YAML; counting each by itself allows for one line more.
    const lineCount = Buffer.from(bytes)
      .toString('latin1')
      .split(/[\r\n]/).length;
    for (const { line, column, message } of error.problems) {
      const isPlaced = Number.isInteger(line) && line >= 1 && line <= lineCount && column >= 1;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not reach a terminal.
      if (!isPlaced || message === '' || /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/.test(message)) {
        throw new Error(`problem at ${line}:${column} of ${lineCount} lines: ${JSON.stringify(message)}`);
      }
    }
    if (error.problems.length === 0) throw new Error('refused without a problem');
    return error.problems.length;
  }
}
