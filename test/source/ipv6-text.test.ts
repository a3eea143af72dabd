import t from 'tap';
import { writeIpv6Text } from '../../src/source/ipv6-text.js';

/** The 16 bytes as hexadecimal digits, between two that stay; from memory that had something else in it. */
function hex(text: string): string {
  const bytes = new Uint8Array(18).fill(0xee);
  writeIpv6Text(text, bytes, 1);
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^ee(.*)ee$/, '$1');
}

const cases: [text: string, expected: string][] = [
  ['::', '0'.repeat(32)],
  ['::1', `${'0'.repeat(31)}1`],
  ['1::', `0001${'0'.repeat(28)}`],
  ['fe80::1ff:fe23:4567:890a', 'fe80000000000000' + '01fffe234567890a'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['2001:db8:abcd:ef01:2345:6789:ab:c', '20010db8abcdef012345678900ab000c'],
  ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
  ['1::8', `0001${'0'.repeat(24)}0008`],
  ['::ffff:192.0.2.255', `${'0'.repeat(20)}ffffc00002ff`],
  ['::10.1.2.3', `${'0'.repeat(24)}0a010203`],
  ['64:ff9b::198.51.100.7', `0064ff9b${'0'.repeat(16)}c6336407`],
];

t.test('every form that the kernel writes becomes the address', async (t) => {
  for (const [text, expected] of cases) t.equal(hex(text), expected, text);
});

t.test('random addresses, in the canonical text of RFC 5952', async (t) => {
  const seed = Date.now() % 100_000;
  t.comment(`seed ${seed}`);
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  let differing = 0;
  for (let i = 0; i < 2000; i++) {
    const groups = Array.from({ length: 8 }, () => (next(2) === 0 ? 0 : next(65_536)));
    // The URL parser writes hosts that way.
    const text = new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(
      1,
      -1,
    );
    const expected = groups.map((group) => group.toString(16).padStart(4, '0')).join('');
    if (hex(text) === expected) continue;
    differing++;
    t.comment(text);
  }
  t.equal(differing, 0);
});
