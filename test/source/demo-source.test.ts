import t from 'tap';
import { InvariantError } from '../../src/errors.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { DemoSource } from '../../src/source/demo-source.js';
import { BURST_FRAMES, FrameBatch } from '../../src/source/frame-batch.js';
import { readAt } from '../support/read-at.js';

const SEEDS = [0, 1, 20_240_229];

function openSource(packetsPerSecond: number, seed = 1): DemoSource {
  const source = new DemoSource({ packetsPerSecond, seed });
  source.open();
  return source;
}

/** Reads all that is due at one moment, as the rx loop does. */
function drain(source: DemoSource, batch: FrameBatch, nowMs: number): number {
  let frames = 0;
  for (let count = readAt(source, batch, nowMs); count > 0; count = readAt(source, batch, nowMs))
    frames += count;
  return frames;
}

/** Frames in each slot of 50 ms, the source being asked every 5 ms. */
function framesBySlot(source: DemoSource, seconds: number): number[] {
  const batch = new FrameBatch();
  const slots: number[] = [];
  drain(source, batch, 0);
  for (let nowMs = 5; nowMs <= seconds * 1000; nowMs += 5) {
    const slot = Math.ceil(nowMs / 50) - 1;
    slots[slot] = (slots[slot] ?? 0) + drain(source, batch, nowMs);
  }
  return slots;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

interface Spell {
  readonly startSlot: number;
  readonly slotCount: number;
}

/** The longest stretches in which every slot satisfies the condition. */
function spells(slots: readonly number[], condition: (frames: number) => boolean): Spell[] {
  const found: Spell[] = [];
  for (let slot = 0; slot < slots.length; slot++) {
    const startSlot = slot;
    while (slot < slots.length && condition(slots[slot])) slot++;
    if (slot > startSlot) found.push({ startSlot, slotCount: slot - startSlot });
  }
  return found;
}

t.test('a seed fixes frames, order and pace; another seed gives others', async (t) => {
  const play = (seed: number) => {
    const source = openSource(20_000, seed);
    const batch = new FrameBatch();
    const played: string[] = [];
    for (let nowMs = 0; nowMs < 200; nowMs++) {
      for (let count = readAt(source, batch, nowMs); count > 0; count = readAt(source, batch, nowMs)) {
        for (let i = 0; i < count; i++) {
          const frame = batch.bytes.subarray(
            batch.byteOffset[i],
            batch.byteOffset[i] + batch.capturedBytes[i],
          );
          played.push(`${nowMs} ${Buffer.from(frame).toString('hex')}`);
        }
      }
    }
    return played.join('\n');
  };
  const first = play(7);
  t.ok(first.length > 100_000, 'something was played');
  t.ok(play(7) === first, 'the same seed');
  t.ok(play(8) !== first, 'another seed');
});

t.test('frames come as Ethernet, whole, on the one interface, at most a burst a call', async (t) => {
  const source = openSource(1_000_000);
  const batch = new FrameBatch();
  t.strictSame([...source.interfaces], ['demo']);
  t.equal(source.patienceMs, 0, 'it loses what there is no room for');
  t.equal(source.block, null, 'its frames become due by the clock');
  t.equal(source.takeKernelDrops(), 0);
  t.equal(source.bytesRead, 0);
  readAt(source, batch, 0);
  let fullBursts = 0;
  for (let nowMs = 10; nowMs < 200; nowMs += 10) {
    const count = readAt(source, batch, nowMs);
    t.ok(count <= BURST_FRAMES);
    t.equal(batch.frameCount, count);
    if (count === BURST_FRAMES) fullBursts++;
    for (let i = 0; i < count; i++) {
      const end = batch.byteOffset[i] + batch.capturedBytes[i];
      if (batch.linkType[i] !== LINK_ETHERNET) t.fail(`link type ${batch.linkType[i]}`);
      if (batch.wireBytes[i] !== batch.capturedBytes[i]) t.fail(`wire bytes ${batch.wireBytes[i]}`);
      if (batch.interfaceIndex[i] !== 0) t.fail(`interface ${batch.interfaceIndex[i]}`);
      if (batch.byteOffset[i] < 0 || end > batch.bytes.length) t.fail(`frame ends at ${end}`);
    }
  }
  t.equal(fullBursts, 19);
});

t.test('the average of any whole minute is the rate asked for', async (t) => {
  for (const [packetsPerSecond, seed] of [
    [20, 0],
    [1_000, 1],
    [50_000, 2],
  ]) {
    const slots = framesBySlot(openSource(packetsPerSecond, seed), 100);
    for (const startSecond of [0, 13, 40]) {
      const average = sum(slots.slice(startSecond * 20, (startSecond + 60) * 20)) / 60;
      const deviation = Math.abs(average / packetsPerSecond - 1);
      t.ok(
        deviation < 0.005,
        `${packetsPerSecond}/s, seed ${seed}, from second ${startSecond}: ${average}/s`,
      );
    }
  }
});

t.test('the rate has bursts of 200 to 500 ms, and three quiet spells of 1 to 2 s a minute', async (t) => {
  for (const seed of SEEDS) {
    const perSlot = 10_000 / 20;
    const slots = framesBySlot(openSource(10_000, seed), 60);
    const bursts = spells(slots, (frames) => frames > 1.7 * perSlot);
    t.ok(bursts.length >= 8 && bursts.length <= 12, `seed ${seed}: ${bursts.length} bursts`);
    t.ok(Math.max(...bursts.map((burst) => burst.slotCount)) <= 10, `seed ${seed}: none beyond 500 ms`);
    const peak = Math.max(...slots) / perSlot;
    t.ok(peak > 2 && peak < 3.3, `seed ${seed}: peak ${peak}`);

    const quiet = spells(slots, (frames) => frames < 0.05 * perSlot);
    t.equal(quiet.length, 3, `seed ${seed}: quiet spells`);
    for (const { slotCount } of quiet) t.ok(slotCount >= 20 && slotCount <= 40, `${slotCount * 50} ms`);
    for (const [before, after] of [
      [quiet[0], quiet[1]],
      [quiet[1], quiet[2]],
    ]) {
      t.equal(after.startSlot - before.startSlot, 400, `seed ${seed}: 20 s apart`);
    }
  }
});

t.test('nothing is due before time passes, and nothing while the clock stands still', async (t) => {
  const source = openSource(50_000);
  const batch = new FrameBatch();
  t.equal(readAt(source, batch, 123_456.5), 0, 'the first call starts the clock');
  t.ok(drain(source, batch, 123_466.5) > 100);
  t.equal(readAt(source, batch, 123_466.5), 0, 'the clock stands still');
  t.equal(readAt(source, batch, 123_460), 0, 'the clock goes back');
});

t.test('a late call makes up for 20 ms at most', async (t) => {
  for (const [packetsPerSecond, lateMs, framesMin, framesMax] of [
    [50_000, 16, 600, 1_001],
    [50_000, 10_000, 1_000, 1_001],
    [50_000, 86_400_000, 1_000, 1_001],
    [1, 10_000, 1, 1],
  ]) {
    const source = openSource(packetsPerSecond);
    const batch = new FrameBatch();
    readAt(source, batch, 0);
    const frames = drain(source, batch, lateMs);
    t.ok(frames >= framesMin && frames <= framesMax, `${packetsPerSecond}/s, ${lateMs} ms late: ${frames}`);
    t.equal(readAt(source, batch, lateMs), 0, 'the rest is skipped');
  }
});

t.test('sleeping as long as the source says loses no frame and never spins', async (t) => {
  for (const packetsPerSecond of [5, 300, 50_000]) {
    const source = openSource(packetsPerSecond);
    const batch = new FrameBatch();
    let frames = 0;
    let nowMs = 0;
    let shortestMs = Number.POSITIVE_INFINITY;
    while (nowMs < 60_000) {
      frames += drain(source, batch, nowMs);
      const waitMs = source.waitMs(nowMs);
      shortestMs = Math.min(shortestMs, waitMs);
      // A wrong answer of 0 must fail below rather than hang.
      nowMs += Math.max(waitMs, 0.5);
    }
    t.ok(shortestMs >= 1, `${packetsPerSecond}/s: shortest wait ${shortestMs} ms`);
    const expected = packetsPerSecond * 60;
    t.ok(
      Math.abs(frames - expected) <= 0.01 * expected + 1,
      `${packetsPerSecond}/s: ${frames} of ${expected}`,
    );
  }
});

t.test('reading a source that is not open is a defect; closing twice is none', async (t) => {
  const source = new DemoSource({ packetsPerSecond: 1, seed: 1 });
  t.throws(() => readAt(source, new FrameBatch(), 0), InvariantError);
  source.open();
  t.equal(readAt(source, new FrameBatch(), 0), 0);
  source.close();
  source.close();
  t.throws(() => readAt(source, new FrameBatch(), 0), InvariantError);
});
