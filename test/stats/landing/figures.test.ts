import t from 'tap';
import { bitRate, count, duration, packetRate, sampledOneIn, share } from '../../../src/page/figures.js';
import { ago } from '../../../src/stats/landing/figures.js';

t.test('counts', async (t) => {
  t.equal(count(0), '0');
  t.equal(count(1_234_567_890_123), '1,234,567,890,123');
});

t.test('one packet in so many: a part of one is not dropped', async (t) => {
  for (const [oneIn, text] of [
    [1.01, '1.01'],
    [1.08, '1.08'],
    [8, '8'],
    [8.5, '8.5'],
    [1024, '1,024'],
  ] as const) {
    t.equal(sampledOneIn(oneIn), text);
  }
});

t.test('packet rates', async (t) => {
  for (const [perSecond, text] of [
    [0, '0/s'],
    [0.04, '0.0/s'],
    [0.5, '0.5/s'],
    [99.94, '99.9/s'],
    [100, '100/s'],
    [50_123.4, '50,123/s'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ] as const) {
    t.equal(packetRate(perSecond), text);
  }
});

t.test('bit rates, of bytes', async (t) => {
  for (const [bytesPerSecond, text] of [
    [0, '0 bit/s'],
    [124, '992 bit/s'],
    [125, '1.0 kbit/s'],
    [124_993, '999.9 kbit/s'],
    [124_994, '1.0 Mbit/s'],
    [1.25e9, '10.0 Gbit/s'],
    [1.25e15, '10,000.0 Tbit/s'],
    [Number.NaN, '–'],
  ] as const) {
    t.equal(bitRate(bytesPerSecond), text);
  }
});

t.test('shares: not nothing is never 0', async (t) => {
  for (const [part, all, text] of [
    [0, 0, '–'],
    [0, 5, '0 %'],
    [1, 100_000, '< 0.01 %'],
    [1, 10_000, '0.01 %'],
    [1, 3, '33.33 %'],
    [5, 5, '100.00 %'],
  ] as const) {
    t.equal(share(part, all), text);
  }
});

t.test('durations, in two units', async (t) => {
  for (const [ms, text] of [
    [-5000, '0 s'],
    [0, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [3_661_000, '1 h 1 min'],
    [86_400_000 + 59_000, '1 d'],
    [100 * 86_400_000 + 5 * 3_600_000, '100 d 5 h'],
  ] as const) {
    t.equal(duration(ms), text);
  }
});

t.test('how long ago, and when', async (t) => {
  const nowMs = Date.parse('2026-11-25T12:00:00Z');
  t.match(ago(nowMs - 999, nowMs).text, '>now</time>');
  t.match(ago(nowMs + 60_000, nowMs).text, '>now</time>', 'a clock that was set back');
  t.equal(
    ago(nowMs - 61_000, nowMs).text,
    '<time datetime="2026-11-25T11:58:59.000Z" title="2026-11-25T11:58:59.000Z">1 min 1 s ago</time>',
  );
});
