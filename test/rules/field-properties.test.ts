import { BlockList, isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { formatPrefix, parsePrefix } from '../../src/rules/address-field.js';
import {
  enumerateRanges,
  mergeRanges,
  PORTS,
  parseInteger,
  parseRange,
} from '../../src/rules/integer-field.js';
import { Mistake } from '../../src/rules/mistake.js';
import type { PortRange, Prefix } from '../../src/rules/rule.js';
import type { YamlScalar } from '../../src/rules/yaml-tree.js';

const scalar = (text: string): YamlScalar => ({
  kind: 'scalar',
  text,
  value: text,
  plain: true,
  offset: 0,
  scalarCount: 1,
  depth: 0,
});

function prefix(text: string): Prefix {
  const found = parsePrefix(scalar(text));
  if (found instanceof Mistake) throw new Error(found.message);
  return found;
}

/** The words of an address, by way of BigInt, which the code under test does not use. */
function naiveWords(groups: readonly number[]): number[] {
  const whole = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  return [96n, 64n, 32n, 0n].map((shift) => Number(BigInt.asIntN(32, whole >> shift)));
}

const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
/** Zero groups are frequent, so that "::" appears in every position. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});

/** An address in one of its many forms: upper case, leading zeros, "::" for any zeros, an IPv4 ending. */
const ipv6Text = fc
  .record({
    groups,
    upper: fc.boolean(),
    padded: fc.boolean(),
    dotted: fc.boolean(),
    gapStart: fc.nat(8),
    gapLength: fc.nat(8),
  })
  .map(({ groups, upper, padded, dotted, gapStart, gapLength }) => {
    const all = [...groups];
    const start = gapStart;
    const end = Math.min(8, start + gapLength);
    const hasGap = end - start >= 1;
    all.fill(0, start, end);
    const keepsDotted = dotted && (!hasGap || end <= 6);
    const written = all.map((group) => {
      const hex = group.toString(16).padStart(padded ? 4 : 1, '0');
      return upper ? hex.toUpperCase() : hex;
    });
    if (keepsDotted) {
      written.splice(6, 2, [all[6] >> 8, all[6] & 255, all[7] >> 8, all[7] & 255].join('.'));
    }
    const text = hasGap
      ? `${written.slice(0, start).join(':')}::${written.slice(end).join(':')}`
      : written.join(':');
    return { text, groups: all };
  });

t.test('every form of an IPv6 address means its groups, and is formatted as RFC 5952 says', async (t) => {
  let checked = 0;
  fc.assert(
    fc.property(ipv6Text, ({ text, groups }) => {
      if (!isIPv6(text)) throw new Error(`the generator made ${text}`);
      const words = naiveWords(groups);
      if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) return;
      const found = prefix(text);
      t.same(found, { version: 6, words, bits: 128 }, text);
      const formatted = formatPrefix(found);
      t.same(prefix(formatted), found, formatted);
      // Node's own formatting, which is the C library's, writes an IPv4 ending for ::1.2.3.4.
      const system = new SocketAddress({ address: text, family: 'ipv6' }).address;
      if (!system.includes('.')) t.equal(formatted, system);
      checked++;
    }),
    { numRuns: 300 },
  );
  t.ok(checked > 200);
});

t.test('an IPv4 address comes back as it was', async (t) => {
  fc.assert(
    fc.property(octets, fc.integer({ min: 0, max: 32 }), (bytes, bits) => {
      const whole = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
      const size = 2 ** (32 - bits);
      const network = Math.floor(whole / size) * size;
      const text = [24, 16, 8, 0].map((shift) => (network / 2 ** shift) & 255).join('.');
      const written = `${text}/${bits}`;
      t.same(prefix(written), { version: 4, words: [network | 0], bits });
      t.equal(formatPrefix(prefix(written)), bits === 32 ? text : written);
    }),
    { numRuns: 300 },
  );
});

t.test('host bits are refused, and the network that the message names holds the address', async (t) => {
  const inputs = fc.oneof(
    fc.record({ address: octets.map((bytes) => bytes.join('.')), bits: fc.integer({ min: 0, max: 32 }) }),
    fc.record({ address: ipv6Text.map(({ text }) => text), bits: fc.integer({ min: 0, max: 96 }) }),
  );
  let refused = 0;
  fc.assert(
    fc.property(inputs, ({ address, bits }) => {
      const found = parsePrefix(scalar(`${address}/${bits}`));
      if (!(found instanceof Mistake)) return;
      const meant = / write (\S+)\/(\d+) or /.exec(found.message);
      if (meant === null) throw new Error(found.message);
      t.notOk(parsePrefix(scalar(`${meant[1]}/${meant[2]}`)) instanceof Mistake, found.message);
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      const witness = new BlockList();
      witness.addSubnet(meant[1], Number(meant[2]), family);
      t.ok(witness.check(address, family), found.message);
      refused++;
    }),
    { numRuns: 300 },
  );
  t.ok(refused > 100);
});

t.test('texts that look like addresses are refused', async (t) => {
  const cases: [text: string, message: RegExp][] = [
    ['10.0.0', /is not an IPv4 or IPv6/],
    ['010.0.0.1', /is not an IPv4 or IPv6/],
    ['10/8', /is not an IPv4 or IPv6/],
    ['1:2:3:4:5:6:7:8:9', /is not an IPv4 or IPv6/],
    ['1::2::3', /is not an IPv4 or IPv6/],
    ['::ffff:10.0.0.1', /write 10\.0\.0\.1$/],
    ['::ffff:a00:0/104', /write 10\.0\.0\.0\/8$/],
    ['fe80::1%eth0', /has a zone/],
    ['10.0.0.1-10.0.0.9', /ranges are not possible/],
    ['any', /leave the field out/],
    ['10.0.0.0/', /from 0 to 32/],
    ['10.0.0.0/08', /from 0 to 32/],
    ['10.0.0.0/255.0.0.0', /from 0 to 32/],
    ['::/129', /from 0 to 128/],
    ['2001:db8::1/32', /write 2001:db8::\/32 or 2001:db8::1\/128$/],
  ];
  for (const [text, message] of cases) {
    const found = parsePrefix(scalar(text));
    t.match(found instanceof Mistake ? found.message : 'accepted', message, text);
  }
  t.same(prefix('::ffff:0:0/96'), { version: 6, words: [0, 0, 0xffff, 0], bits: 96 });
});

const port = fc.integer({ min: 0, max: 65_535 });

t.test('ports and ranges come back as they were', async (t) => {
  fc.assert(
    fc.property(port, port, (a, b) => {
      t.equal(parseInteger(scalar(`0x${a.toString(16)}`), PORTS), a);
      t.equal(parseInteger(scalar(`0o${a.toString(8)}`), PORTS), a);
      const range = parseRange(scalar(`${a}-${b}`), PORTS);
      if (a <= b) t.same(range, { low: a, high: b });
      else t.ok(range instanceof Mistake);
    }),
    { numRuns: 200 },
  );
});

t.test('merged ranges hold the same numbers, ascending and apart', async (t) => {
  const small = fc.tuple(fc.nat(60), fc.nat(8)).map(([low, more]): PortRange => ({ low, high: low + more }));
  fc.assert(
    fc.property(fc.array(small, { minLength: 1, maxLength: 12 }), (ranges) => {
      const merged = mergeRanges(ranges);
      const naive: number[] = [];
      for (let n = 0; n <= 68; n++) if (ranges.some(({ low, high }) => low <= n && n <= high)) naive.push(n);
      t.same(enumerateRanges(ranges), naive);
      for (let i = 1; i < merged.length; i++) t.ok(merged[i].low > merged[i - 1].high + 1);
    }),
    { numRuns: 200 },
  );
});
