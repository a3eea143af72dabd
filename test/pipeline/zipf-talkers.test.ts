import t, { type Test } from 'tap';
import { createSampleRing } from '../../src/ring/sample-ring-layout.js';
import type { RankedTalker } from '../../src/stats/talkers/talker-ranking.js';
import type { TalkerKey, TalkerMeasure } from '../../src/stats/talkers/talker-window.js';
import { TopTalkers } from '../../src/stats/talkers/top-talkers.js';
import { FlowSampler } from '../../src/worker/flow-sampler.js';
import { Random } from '../protocol/random.js';
import { ClockStandIn } from '../stats/engine-stand-in.js';
import { DNS, RULES, WorkerBench } from '../worker/worker-bench.js';

const SEED = Number(process.env.TEST_SEED ?? Random.newSeed());
const FLOWS = 1_000_000;
const FLOWS_A_SOURCE = 16;
const WORKERS = 2;
const SECONDS = 10;
const TENTH_PACKETS = 100_000;
const BURST = 32;
const LISTED = 100;
/** Offsets in an Ethernet frame with an IPv4 header of 20 bytes. */
const SOURCE_OFFSET = 26;
const PORT_OFFSET = 34;
const FIRST_SOURCE = 0x0a000000;
const FIRST_PORT = 1024;

t.setTimeout(120_000);
t.comment(`TEST_SEED=${SEED}`);

/** Flows by number from 0, the heaviest first: the flow at place k has a weight of 1 / k. */
class ZipfTrace {
  readonly packets = new Float64Array(FLOWS);
  readonly bytes = new Float64Array(FLOWS);
  private readonly sums = new Float64Array(FLOWS);
  private readonly random = new Random(SEED);
  private readonly frames = [64, 200, 1500].map((bytes) => {
    const frame = new Uint8Array(bytes);
    frame.set(DNS);
    return frame;
  });

  constructor() {
    let sum = 0;
    for (let flow = 0; flow < FLOWS; flow++) {
      sum += 1 / (1 + flow);
      this.sums[flow] = sum;
    }
  }

  /** The next packet's flow. */
  next(): number {
    const wanted = this.random.fraction() * this.sums[FLOWS - 1];
    let low = 0;
    let high = FLOWS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sums[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** A frame of a flow, which is counted. */
  frameOf(flow: number): Uint8Array {
    const frame = this.frames[flow % this.frames.length];
    const view = new DataView(frame.buffer);
    view.setUint32(SOURCE_OFFSET, FIRST_SOURCE + Math.floor(flow / FLOWS_A_SOURCE));
    view.setUint16(PORT_OFFSET, FIRST_PORT + (flow % FLOWS_A_SOURCE));
    this.packets[flow]++;
    this.bytes[flow] += frame.length;
    return frame;
  }

  /** True counts by flow, or by source. */
  truth(by: TalkerKey, of: TalkerMeasure): Float64Array {
    if (by === 'flow') return this[of];
    const sources = new Float64Array(FLOWS / FLOWS_A_SOURCE);
    this[of].forEach((amount, flow) => {
      sources[Math.floor(flow / FLOWS_A_SOURCE)] += amount;
    });
    return sources;
  }
}

/** The number of a flow, or of a source, from its key. */
function numberOf({ key }: RankedTalker, by: TalkerKey): number {
  if (by === 'source') return key[1] - FIRST_SOURCE;
  return (key[4] - FIRST_SOURCE) * FLOWS_A_SOURCE + key[1] - FIRST_PORT;
}

t.test('10 million packets of a million flows: the heaviest are told, within their bounds', (t) => {
  const clock = new ClockStandIn();
  const rings = Array.from({ length: WORKERS }, () => createSampleRing(4096));
  const talkers = new TopTalkers(rings, clock);
  const workers = rings.map(
    (ring, i) => new WorkerBench(RULES, { sampler: new FlowSampler(ring, SEED + i) }),
  );
  const slot = workers[0].slotOf('dns');
  const trace = new ZipfTrace();
  let drainMs = 0;
  for (let tenth = 0; tenth < 10 * SECONDS; tenth++) {
    for (let sent = 0; sent < TENTH_PACKETS; sent += BURST) {
      for (let i = 0; i < BURST; i++) {
        const flow = trace.next();
        workers[flow % WORKERS].send(trace.frameOf(flow));
      }
      for (const worker of workers) worker.loop.runHand();
    }
    clock.ms += 100;
    const beganMs = performance.now();
    talkers.drain();
    drainMs += performance.now() - beganMs;
  }

  let outside = 0;
  let judged = 0;
  for (const by of ['flow', 'source'] as const) {
    for (const of of ['packets', 'bytes'] as const) {
      const answer = talkers.answer(slot, { by, of, limit: LISTED })!;
      const truth = trace.truth(by, of);
      const total = truth.reduce((sum, amount) => sum + amount, 0);
      t.ok(answer.totalLow <= total && total <= answer.totalHigh, `total ${of} ${total}`);
      const missed = answer.talkers.filter((talker) => {
        const own = truth[numberOf(talker, by)];
        return own < talker.low || own > talker.high;
      });
      outside += missed.length;
      judged += answer.talkers.length;
      const listed = new Set(answer.talkers.map((talker) => numberOf(talker, by)));
      const unlisted = truth.reduce((most, own, i) => (listed.has(i) ? most : Math.max(most, own)), 0);
      t.ok(
        unlisted <= answer.unlistedHigh,
        `not listed: ${unlisted}, at most ${answer.unlistedHigh.toFixed(0)}`,
      );
      // Flow 0 is the heaviest by packets; by bytes one of the first that have long frames.
      const heaviest = truth.indexOf(truth.reduce((most, own) => Math.max(most, own), 0));
      t.equal(numberOf(answer.talkers[0], by), heaviest, `the heaviest ${by} by ${of}`);
      report(t, by, of, answer.talkers, truth, total);
      const { samples, interval, lost } = answer;
      t.comment(`  ${samples} samples, now 1 in ${interval}, ${lost.samples} lost`);
      t.equal(lost.samples, 0);
      t.comment(`  ${(1e3 * (drainMs / samples)).toFixed(2)} us a sample`);
    }
  }
  const seen = trace.packets.reduce((count, packets) => count + (packets > 0 ? 1 : 0), 0);
  t.comment(`${seen} flows had packets; ${outside} of ${judged} are outside of their bounds`);
  t.ok(outside <= 0.02 * judged, `${outside} of ${judged}`);
  t.end();
});

function report(
  t: Test,
  by: TalkerKey,
  of: TalkerMeasure,
  talkers: readonly RankedTalker[],
  truth: Float64Array,
  total: number,
): void {
  t.comment(`${by} by ${of}: place, true part, true number, estimate, bounds`);
  for (const place of [1, 2, 3, 10, 30, 100]) {
    const talker = talkers[place - 1];
    const own = truth[numberOf(talker, by)];
    const percent = ((100 * own) / total).toFixed(2);
    t.comment(
      `  ${place}: ${percent} %, ${own}, ${talker[of]}, ${talker.low.toFixed(0)} to ${talker.high.toFixed(0)}`,
    );
  }
}
