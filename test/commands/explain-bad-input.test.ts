import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SAMPLE_CAPTURE, SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { LoadedUpe } from '../support/loaded-upe.js';

const folder = temporaryFolder(t);
const sample = write('sample.pcap', SAMPLE_CAPTURE);
const rules = write('rules.yaml', SAMPLE_RULES);

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const ONE = 'explain needs a packet: PROTOCOL SRC DST, flags like --dst and --dst-port, --hex, or --file.';

/** Questions that cannot be answered: the exit code, and the one line. */
const REFUSED: readonly [args: readonly string[], exitCode: 1 | 2, says: string | RegExp][] = [
  [[], 2, `upe: ${ONE}\n`],
  [['tcp'], 2, /^upe: explain takes the three words PROTOCOL SRC DST, or none, but 1 word follows; /],
  [
    ['any', 'any', 'ANY'],
    2,
    /^upe: nothing is known of the packet: say what one of PROTOCOL, SRC and DST is, /,
  ],
  [['tcp', '10.0.0.1:x', 'any'], 2, /^upe: the port of SRC: x is not a whole number/],
  [['tcp', '10.0.0.256', 'any'], 2, /^upe: SRC: 10\.0\.0\.256 is not an IPv4 or IPv6 address/],
  [['tcp', '[::1', 'any'], 2, /^upe: SRC: \[::1 is not an IPv4 or IPv6 address/],
  [
    ['tcp', 'host.example', '::1'],
    2,
    'upe: SRC: host.example is not an IPv4 or IPv6 address, like 10.0.0.1 or 2001:db8::1.\n',
  ],
  [
    ['tcp', '10.0.0.1', '::1'],
    2,
    'upe: DST: ::1 is IPv6, but the source is IPv4; a packet has one version.\n',
  ],
  [
    ['tcp', 'any', 'any', '--tcp-flags', 'SYN,acx'],
    2,
    'upe: --tcp-flags: unknown flag acx; did you mean ack? (flags are fin, syn, rst, psh, ack, urg, ece, cwr).\n',
  ],
  [['--dst', '10.0.0.0/8'], 2, 'upe: --dst: 10.0.0.0/8 is a network; a packet has an address.\n'],
  [['tcp', 'any', '::1', '--dst', '::1'], 2, 'upe: DST and --dst say the same; leave one of them out.\n'],
  [['--hex', '0g'], 2, /^upe: --hex: "g" is no digit; .*\n$/],
  [['--hex', '00', '--dst', '::1'], 2, /^upe: --dst does not go with --hex: /],
  [['--hex', '00', '--file', 'x'], 2, /^upe: --hex and --file give two packets/],
  [['--hex', '00', '--link-type', '147'], 2, /^upe: --link-type: "147" is no link type that carries IP/],
  [['--dst', '::1', '--link-type', 'ip'], 2, 'upe: --link-type goes with --hex; leave it out.\n'],
  [['--dst', '::1', '--number', '1'], 2, /^upe: --number goes with --file/],
  [['--file', sample, '--number', '0'], 2, /^upe: --number is "0", but packets are counted from 1/],
  [['--file', sample, '--number', '14'], 2, `upe: there is no packet 14 in ${sample}: it has 13 packets.\n`],
  [
    ['--file', join(folder, 'missing')],
    1,
    `upe: ${join(folder, 'missing')}: does not exist; check the path\n`,
  ],
  [['--file', folder], 1, /^upe: .*: is a directory/],
  [['--file', rules], 1, /^upe: .*rules\.yaml: byte 0: not a capture file/],
  [['--file', write('cut.pcap', SAMPLE_CAPTURE.subarray(0, 100)), '--number', '2'], 1, /byte 94: .* is cut/],
  [['--file', write('link.pcap', withLinkType(147))], 1, /: link type 147 is not supported/],
  [['--hex', '00', '--in-interface', 'a/b'], 2, /^upe: --in-interface: a\/b is no interface name/],
];

function withLinkType(linkType: number): Uint8Array {
  const file = SAMPLE_CAPTURE.slice();
  file[20] = linkType;
  return file;
}

t.test('what cannot be answered is one line and an exit code', async (t) => {
  const upe = new LoadedUpe(t);
  for (const [i, [args, expected, says]] of REFUSED.entries()) {
    const { exitCode, stdout, stderr } = await upe.runNth(i, ['explain', '--rules', rules, ...args]);
    const name = args.join(' ');
    t.equal(exitCode, expected, name);
    t.equal(stdout, '', name);
    if (typeof says === 'string') t.equal(stderr, says);
    else t.match(stderr, says, name);
    t.equal(stderr.split('\n').length, 2, `one line: ${stderr}`);
  }
});
