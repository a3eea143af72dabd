import t from 'tap';
import { FRAME_BYTES_MAX, parseHexFrame, parseLinkType } from '../../../src/rules/explain/hex-frame.js';
import { Mistake } from '../../../src/rules/mistake.js';

const BYTES = Uint8Array.from({ length: 20 }, (_, i) => 0xa0 + i);
const DIGITS = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3';

const DUMP = '\t0x0000:  a0a1 a2a3 a4a5 a6a7 a8a9 aaab acad aeaf\n\t0x0010:  b0b1 b2b3\n';
const SUMMARY = '16:44:12.484983 IP6 fe80::1.53 > fe80::2.53: 4660 A? a.example. (33)\n';
/** With -v: more lines, and the bytes of a part that tcpdump does not know. */
const LONG_SUMMARY =
  '16:44:12.484983 IP (tos 0x0, ttl 64, proto UDP (17), length 142)\n    20.0.0.1.12618 > 20.0.0.2.6081: Geneve\n' +
  '\t  destination link-address option (2), length 8 (1): aa:00:04:00:0a:04\n\t    0x0000:  aa00 0400 0a04\n';

/** The same twenty bytes, as people and programs write them. */
const WRITTEN: readonly [name: string, text: string][] = [
  ['digits only', DIGITS],
  ['upper case', DIGITS.toUpperCase()],
  ['with 0x in front', `0x${DIGITS}`],
  ['with spaces and a newline', `  ${DIGITS.replace(/../g, '$& ')}\n`],
  ['with colons', DIGITS.replace(/..(?=.)/g, '$&:')],
  ['as tcpdump -xx prints it', '\t0x0000:  a0a1 a2a3 a4a5 a6a7 a8a9 aaab acad aeaf\n\t0x0010:  b0b1 b2b3\n'],
  [
    'as tcpdump -XX prints it',
    '\t0x0000:  a0a1 a2a3 a4a5 a6a7 a8a9 aaab acad aeaf  ................\n\t0x0010:  b0b1 b2b3                                ..ab\n',
  ],
  [
    'as xxd prints it',
    '00000000: a0a1 a2a3 a4a5 a6a7 a8a9 aaab acad aeaf  ................\n00000010: b0b1 b2b3                                ....\n',
  ],
  ['behind the line of tcpdump -c1 -xx', `${SUMMARY}${DUMP}`],
  ['behind the lines of tcpdump -c1 -vv -xx', `${LONG_SUMMARY}${DUMP}`],
  [
    'between what tcpdump says on standard error',
    `reading from file\n\n${SUMMARY}${DUMP}\n1 packet captured\n`,
  ],
  ['with carriage returns', `${DIGITS.slice(0, 10)}\r\n${DIGITS.slice(10)}\r\n`],
];

t.test('a frame is read however it is written', (t) => {
  for (const [name, text] of WRITTEN) t.strictSame(parseHexFrame(text), BYTES, name);
  t.end();
});

t.test('what is no frame is refused with the reason', (t) => {
  for (const [text, message] of [
    ['', /^there are no digits/],
    [' \n', /^there are no digits/],
    ['0x', /^there are no digits/],
    ['abc', /^3 digits make no whole number of bytes/],
    ['0g', /^"g" is no digit/],
    ['10.0.0.1 > 10.0.0.2', /^"\." is no digit/],
    ['\u001b[2J', /^"\\u001b" is no digit/],
    [SUMMARY, /^"\." is no digit/],
    [`${SUMMARY}\t0x0000:  a0 zz\n`, /^"z" is no digit/],
    [`${DUMP}${DUMP}`, /^these are the bytes of 2 frames; give those of one \(tcpdump -c1\)$/],
    [`${SUMMARY}${DUMP}${LONG_SUMMARY}${DUMP}`, /^these are the bytes of 2 frames;/],
    ['00'.repeat(FRAME_BYTES_MAX + 1), /^262145 bytes; a frame has at most 262144$/],
    [' '.repeat(8 * FRAME_BYTES_MAX + 1), /^a frame has at most 262144 bytes$/],
  ] as const) {
    const mistake = parseHexFrame(text);
    t.ok(mistake instanceof Mistake, text.slice(0, 20));
    if (mistake instanceof Mistake) t.match(mistake.message, message);
  }
  t.end();
});

t.test('the longest frame is read', (t) => {
  const frame = parseHexFrame('ff'.repeat(FRAME_BYTES_MAX));
  t.equal(frame instanceof Mistake ? -1 : frame.length, FRAME_BYTES_MAX);
  t.end();
});

t.test('a link type has a name or a number, and carries IP', (t) => {
  t.equal(parseLinkType('ethernet'), 1);
  t.equal(parseLinkType('ip'), 101);
  t.equal(parseLinkType('113'), 113);
  for (const text of ['147', 'Ethernet', '', '-1', '1.0', '01', '100001']) {
    const mistake = parseLinkType(text);
    t.ok(mistake instanceof Mistake, text);
    if (mistake instanceof Mistake)
      t.match(mistake.message, /is no link type that carries IP; .*Ethernet \(1\)/);
  }
  t.end();
});
