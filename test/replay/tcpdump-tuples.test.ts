import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { readFrame } from '../protocol/reading.js';
import { type PlayedPacket, playFiles } from '../source/capture/play-capture.js';
import { addressHex, readPrintedPackets, type TupleText } from './tcpdump-output.js';

/*
 * Every TCP and UDP packet of the shared captures must have the addresses and ports that tcpdump prints,
 * and no other packet may have ports. Where the two differ on purpose, the table says which packets and
 * why; an entry whose packets do not differ (any more) is an error.
 */

const CAPTURES = resolve(process.cwd(), '../shared/captures');
const PROTOCOL_NAMES = new Map([
  [6, 'tcp'],
  [17, 'udp'],
]);

/** The packets, as numbers from 1 and ranges, in which a capture differs, and the reason. */
interface Difference {
  readonly packets: string;
  readonly reason: string;
}

const ON_PURPOSE: Readonly<Record<string, Difference>> = {
  'libpcap__AH-IPcomp-IPv6.pcap': {
    packets: '1-2, 8, 11-15',
    reason: 'AH ends the header walk in both IP versions; tcpdump goes on into the tunnel behind it',
  },
  'libpcap__ipv6_ext_headers.pcap': {
    packets: '1',
    reason: 'malformed, ipv6_extensions: the UDP header comes behind 100 extension headers, the limit is 16',
  },
  'tcpdump__bigtcp-ipv4.pcap': {
    packets: '1',
    reason: 'total length 0 (segmentation offload) means the frame; tcpdump 4.99.3 prints "bad-len 0"',
  },
  'tcpdump__bigtcp-ipv6.pcap': {
    packets: '1',
    reason: 'payload length 0 (segmentation offload) means the frame; tcpdump 4.99.3 finds no TCP header',
  },
  'tcpdump__mpls-traceroute.pcap': {
    packets: '1, 3, 5, 7, 9, 11, 13, 15, 17',
    reason: 'link type 9 (PPP) is refused; tcpdump reads it, and looks behind the MPLS labels',
  },
  'zeek__pppoe-over-qinq.pcap': {
    packets: '1-86',
    reason: 'PPPoE is unclassified; tcpdump goes on into the session',
  },
  'zeek__tunnels_4in6.pcap': {
    packets: '1',
    reason: 'tunnels are matched by their outer header; tcpdump prints the TCP packet inside',
  },
  'zeek__tunnels_6in6in6.pcap': {
    packets: '1',
    reason: 'tunnels are matched by their outer header; tcpdump prints the UDP packet inside',
  },
};

/** `1-3, 7` as 1, 2, 3, 7. */
function numbersOf(packets: string): number[] {
  return packets.split(', ').flatMap((range) => {
    const [first, last] = range.split('-').map(Number);
    return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => first! + i);
  });
}

function parsedTuple({ bytes, wireBytes, linkType }: PlayedPacket): TupleText | null {
  const { protocol, src, srcPort, dst, dstPort } = readFrame(bytes, { wireBytes, linkType });
  const name = protocol === null ? undefined : PROTOCOL_NAMES.get(protocol);
  if (name === undefined || srcPort === null) return null;
  return `${name} ${src}.${srcPort} > ${dst}.${dstPort}`;
}

function whyNot(): string | false {
  if (!existsSync(CAPTURES)) return `there are no captures at ${CAPTURES}`;
  if (spawnSync('tcpdump', ['--version']).error !== undefined) return 'tcpdump is not installed';
  return false;
}

t.test('the lines that tcpdump prints are understood', async (t) => {
  const ten = (last: number) => addressHex(`10.0.0.${last}`);
  const one = addressHex('2001:db8::1');
  const two = addressHex('2001:db8:0:0:0:0:0:2');
  const [tcpTo80, udpTo80] = [`tcp ${one}.1000 > ${two}.80`, `udp ${one}.1000 > ${two}.80`];
  const lines: readonly (readonly [string, TupleText | null])[] = [
    ['IP 10.0.0.1.1000 > 10.0.0.2.80: tcp 0', `tcp ${ten(1)}.1000 > ${ten(2)}.80`],
    ['IP 10.0.0.1.0 > 10.0.0.2.65535: UDP, length 5', `udp ${ten(1)}.0 > ${ten(2)}.65535`],
    ['IP 10.0.0.1.1 > 10.0.0.2.2: UDP, bad length 17704 > 12308', `udp ${ten(1)}.1 > ${ten(2)}.2`],
    ['IP 10.0.0.1.1 > 10.0.0.2.2:  [|tcp]', `tcp ${ten(1)}.1 > ${ten(2)}.2`],
    ['IP truncated-ip - 6 bytes missing! 10.0.0.1.1 > 10.0.0.2.2: tcp 6', `tcp ${ten(1)}.1 > ${ten(2)}.2`],
    ['IP6 2001:db8::1.1000 > 2001:db8::2.80: tcp 0', tcpTo80],
    ['IP6 2001:db8::1 > 2001:db8::2: DSTOPT 1000 > 80: tcp 15', tcpTo80],
    ['IP6 2001:db8::1 > 2001:db8::2: HBH frag (0|35) 1000 > 80: UDP, length 15', udpTo80],
    [
      'IP6 2001:db8::1 > 2001:db8::2: AH(spi=0x1,seq=0x1,icv=0x2): IP 10.0.0.1.1 > 10.0.0.2.2: tcp 0',
      `tcp ${ten(1)}.1 > ${ten(2)}.2`,
    ],
    ['PPPoE  [ses 0xf07] IP 10.0.0.1.1 > 10.0.0.2.2: tcp 0', `tcp ${ten(1)}.1 > ${ten(2)}.2`],
    ['IP 10.0.0.1 > 10.0.0.2: udp', null],
    ['IP 10.0.0.1 > 10.0.0.2: ip-proto-6', null],
    ['IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.1 udp port 1792 unreachable, length 448', null],
    ['IP6 2001:db8::1 > 2001:db8::2: frag (8|35)', null],
    ['ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 42', null],
  ];
  const output = lines.map(
    ([line], i) => `${String(i + 1).padStart(5)}  ${line}\n\t0x0000  continued\n   99  so\n`,
  );
  t.strictSame(
    readPrintedPackets(output.join('')),
    lines.map(([, tuple], i) => ({ number: i + 1, tuple })),
  );
});

const skip = whyNot();

t.test('every TCP and UDP packet has the 5-tuple that tcpdump prints', { skip }, async (t) => {
  const files = readdirSync(CAPTURES).filter((file) => /\.pcap(ng)?$/.test(file));
  let comparedCount = 0;
  for (const file of files) {
    const path = join(CAPTURES, file);
    const args = ['-q', '-nn', '-t', '--number', '-r', path];
    const printed = readPrintedPackets(spawnSync('tcpdump', args, { encoding: 'utf8' }).stdout);
    const { packets, reports } = playFiles([path]);
    const isRefused = reports[0]?.error !== null;
    if (!isRefused) t.equal(packets.length, printed.length, `${file}: as many packets as tcpdump printed`);
    const differing = printed.filter(({ number, tuple }) => {
      const packet = packets[number - 1];
      return tuple !== (packet === undefined ? null : parsedTuple(packet));
    });
    comparedCount += printed.filter(({ tuple }) => tuple !== null).length - differing.length;
    const expected = ON_PURPOSE[file] === undefined ? [] : numbersOf(ON_PURPOSE[file].packets);
    t.strictSame(
      differing.map(({ number }) => number),
      expected,
      `${file}: ${expected.length} packets differ on purpose`,
    );
  }
  t.ok(comparedCount >= 500, `${comparedCount} 5-tuples are the same`);
  t.strictSame(
    Object.keys(ON_PURPOSE).filter((file) => !files.includes(file)),
    [],
    'each entry has its capture',
  );
});
