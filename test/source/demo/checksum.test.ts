import t from 'tap';
import { crc32c, internetChecksum } from '../../../src/source/demo/checksum.js';

t.test('the Internet checksum agrees with published and computed-by-hand values', async (t) => {
  for (const [name, bytes, expected] of [
    ['RFC 1071 section 3', [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], 0x220d],
    ['nothing', [], 0xffff],
    ['an odd byte counts as the high one', [0x12], 0xedff],
    ['a carry of a carry', [0xff, 0xff, 0xff, 0xff, 0x00, 0x01], 0xfffe],
    ['its own checksum included', [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x22, 0x0d], 0],
  ] as const) {
    t.equal(internetChecksum(Uint8Array.from(bytes)), expected, name);
  }
});

t.test('CRC-32C agrees with the values of RFC 3720, appendix B.4', async (t) => {
  for (const [name, bytes, expected] of [
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
  ] as const) {
    t.equal(crc32c(bytes), expected, name);
  }
});
