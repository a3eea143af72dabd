import fc from 'fast-check';
import t from 'tap';
import { ABSENT } from '../../../src/protocol/packet.js';
import type { KnownPacket } from '../../../src/rules/explain/known-packet.js';
import { type QuestionTexts, readQuestion } from '../../../src/rules/explain/packet-question.js';
import { MATCH_FIELDS } from '../../../src/rules/match-fields.js';
import { NOTHING_KNOWN as NOTHING } from './nothing-known.js';

const NO_PORTS = { srcPort: ABSENT, dstPort: ABSENT };

/** A question, and what is known of the packet then. */
const QUESTIONS: readonly [QuestionTexts, Partial<KnownPacket>][] = [
  [{}, {}],
  [{ src: '10.0.0.1' }, { ipVersion: 4, src: [0x0a000001] }],
  [{ dst: '::1' }, { ipVersion: 6, dst: [0, 0, 0, 1] }],
  [{ ip_version: '6' }, { ipVersion: 6 }],
  [{ protocol: 'tcp' }, { protocols: [6], icmpType: ABSENT }],
  [{ protocol: 'udp' }, { protocols: [17], tcpFlags: ABSENT, icmpType: ABSENT }],
  [{ protocol: 'icmp' }, { protocols: [1], tcpFlags: ABSENT, ...NO_PORTS }],
  [{ protocol: '253' }, { protocols: [253], tcpFlags: ABSENT, icmpType: ABSENT, ...NO_PORTS }],
  [{ dst_port: '53' }, { protocols: [6, 17, 132], dstPort: 53, icmpType: ABSENT }],
  [
    { protocol: 'udp', src_port: '0' },
    { protocols: [17], srcPort: 0, tcpFlags: ABSENT, icmpType: ABSENT },
  ],
  [{ tcp_flags: 'syn,ack' }, { protocols: [6], tcpFlags: 0x12, icmpType: ABSENT }],
  [
    { tcp_flags: 'SYN, Ack', protocol: 'TCP' },
    { protocols: [6], tcpFlags: 0x12, icmpType: ABSENT },
  ],
  [{ tcp_flags: 'None' }, { protocols: [6], tcpFlags: 0, icmpType: ABSENT }],
  [
    { tcp_flags: 'none', dst_port: '1' },
    { protocols: [6], tcpFlags: 0, dstPort: 1, icmpType: ABSENT },
  ],
  [{ icmp_type: '8' }, { protocols: [1, 58], icmpType: 8, tcpFlags: ABSENT, ...NO_PORTS }],
  [{ fragment: 'true' }, { isFragment: 1 }],
  [
    { fragment: 'false', dscp: '46' },
    { isFragment: 0, dscp: 46 },
  ],
  [{ vlan: 'none' }, { vlan: ABSENT }],
  [{ vlan: '0' }, { vlan: 0 }],
  [{ in_interface: 'eth1' }, { interfaceIndex: 1 }],
  [{ in_interface: 'eth9' }, { interfaceIndex: ABSENT }],
];

t.test('what is said is known with what follows from it, and nothing else is', (t) => {
  for (const [texts, known] of QUESTIONS) {
    t.strictSame(readQuestion(texts, ['eth0', 'eth1']), { ...NOTHING, ...known }, JSON.stringify(texts));
  }
  t.end();
});

const REFUSED: readonly [QuestionTexts, string, RegExp][] = [
  [{ src: '10.0.0' }, 'src', /is not an IPv4 or IPv6 address/],
  [{ src: 'host.example' }, 'src', /is not an IPv4 or IPv6 address, like 10\.0\.0\.1 or 2001:db8::1$/],
  [{ src: 'host.example/8' }, 'src', /is not an IPv4 or IPv6 address, like 10\.0\.0\.1 or/],
  [{ src: '10.0.0.1/8' }, 'src', /^10\.0\.0\.1\/8 is a network; a packet has an address$/],
  [
    { src: '::ffff:10.0.0.1' },
    'src',
    /stands for IPv4 packets, which are matched as IPv4; write 10\.0\.0\.1$/,
  ],
  [{ src: 'any' }, 'src', /leave the field out for any/],
  [{ src: 'fe80::1%eth0' }, 'src', /has a zone/],
  [{ dst: '10.0.0.1/32' }, 'dst', /is a network; a packet has an address/],
  [{ dst: '' }, 'dst', /no value/],
  [{ src: '10.0.0.1', ip_version: '6' }, 'src', /is IPv4, but ip_version is 6/],
  [{ src: '::1', dst: '10.0.0.1' }, 'dst', /^10\.0\.0\.1 is IPv4, but the source is IPv6/],
  [{ protocol: 'tpc' }, 'protocol', /did you mean tcp\?/],
  [{ protocol: '256' }, 'protocol', /from 0 to 255/],
  [{ dst_port: '65536' }, 'dst_port', /ports go from 0 to 65535/],
  [{ dst_port: '80-90' }, 'dst_port', /is not a whole number/],
  [{ protocol: 'gre', dst_port: '1' }, 'dst_port', /does not go with gre; only tcp, udp, sctp can have it/],
  [{ dst_port: '1', icmp_type: '8' }, 'icmp_type', /does not go with the other fields; only icmp, icmpv6/],
  [{ tcp_flags: 'syn,!ack' }, 'tcp_flags', /name the flags that are set/],
  [{ tcp_flags: 'sny' }, 'tcp_flags', /did you mean syn\? \(flags are [a-z, ]+\)$/],
  [{ tcp_flags: 'syn,' }, 'tcp_flags', /^an empty flag in syn,/],
  [{ dscp: '64' }, 'dscp', /from 0 to 63/],
  [{ fragment: 'yes' }, 'fragment', /must be true or false/],
  [{ vlan: '4096' }, 'vlan', /from 0 to 4095/],
  [{ in_interface: 'a/b' }, 'in_interface', /is no interface name/],
];

t.test('a question that no packet can answer to is refused by its field', (t) => {
  for (const [texts, field, message] of REFUSED) {
    t.match(readQuestion(texts, []), [{ field, message }], JSON.stringify(texts));
  }
  t.end();
});

t.test('all that is wrong is told at once', (t) => {
  const problems = readQuestion({ src: 'x', dst_port: 'y', vlan: 'z' }, []) as readonly { field: string }[];
  t.strictSame(
    problems.map(({ field }) => field),
    ['src', 'dst_port', 'vlan'],
  );
  t.end();
});

t.test('whatever is asked, there is an answer or a reason', (t) => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'tcp',
      '10.0.0.1',
      '::1',
      '80',
      'none',
      'syn',
      'true',
      '4',
      '::ffff:1.2.3.4',
      '1e3',
      '-0',
      '0x1',
    ),
  );
  const questions = fc.dictionary(fc.constantFrom(...MATCH_FIELDS), text, { maxKeys: MATCH_FIELDS.length });
  let readable = 0;
  fc.assert(
    fc.property(questions, (texts) => {
      const packet = readQuestion(texts, ['eth0']);
      if ('ipVersion' in packet) readable++;
      else if (packet.length === 0 || packet.some(({ message }) => message === '')) return false;
      return true;
    }),
    { numRuns: 5000 },
  );
  t.ok(readable > 50, `${readable} of 5000 questions are ones`);
  t.end();
});
