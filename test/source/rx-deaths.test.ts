import t from 'tap';
import { RX_LEVELS } from '../../src/counters/catalogue.js';
import type * as banksModule from '../../src/counters/counter-banks.js';
import { CounterReader } from '../../src/counters/counter-reader.js';
import { createCounters, rxCountersShape } from '../../src/counters/counters-layout.js';
import {
  CONTROL_COUNTERS_REQUESTED,
  CONTROL_DOORBELL,
  controlOf,
  createControl,
} from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import type * as poolModule from '../../src/memory/packet-pool.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing } from '../../src/ring/ring-layout.js';
import type * as producerModule from '../../src/ring/ring-producer.js';
import { BURST_FRAMES, type FrameBatch } from '../../src/source/frame-batch.js';
import type * as loopModule from '../../src/source/rx-loop.js';
import type { Source } from '../../src/source/source.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { Death, mortalCode } from '../worker/mortal-code.js';

t.setTimeout(120_000);

const FRAMES = 40;
const WORKERS = 2;
const FRAME_BYTES = 16;

interface Modules {
  readonly banks: typeof banksModule;
  readonly pool: typeof poolModule;
  readonly producer: typeof producerModule;
  readonly loop: typeof loopModule;
}

const load = mortalCode(temporaryFolder(t));
const mortal: Modules = {
  banks: await load('counters/counter-banks.js'),
  pool: await load('memory/packet-pool.js'),
  producer: await load('ring/ring-producer.js'),
  loop: await load('source/rx-loop.js'),
};

/** A kernel's ring, in short: numbered frames of two interfaces, given again from where a dead reader was. */
class NumberedSource implements Source {
  readonly interfaces = ['a', 'b'];
  readonly patienceMs = 0;
  readonly block = null;
  readonly comesInBlocks = false;
  readonly bytesRead = 0;
  private readonly bytes = new Uint8Array(FRAMES * FRAME_BYTES);
  private next = 0;

  constructor() {
    const view = new DataView(this.bytes.buffer);
    for (let i = 0; i < FRAMES; i++) view.setUint32(i * FRAME_BYTES, i * 2_654_435_761, true);
    for (let i = 0; i < FRAMES; i++) view.setUint32(i * FRAME_BYTES + 8, i, true);
  }

  open(): void {}

  resume(dealt: number): void {
    this.next = dealt;
  }

  read(batch: FrameBatch): number {
    batch.attach(this.bytes);
    batch.frameCount = 0;
    // The interfaces are mixed within a burst.
    while (batch.frameCount < BURST_FRAMES && this.next < FRAMES) {
      const i = this.next++;
      batch.add(i * FRAME_BYTES, FRAME_BYTES, bytesOf(i), LINK_ETHERNET, interfaceOf(i));
    }
    return batch.frameCount;
  }

  waitMs(): number {
    return 0;
  }

  takeKernelDrops(): number {
    return 0;
  }

  close(): void {}
}

const bytesOf = (frame: number) => 100 + frame;
const interfaceOf = (frame: number) => (frame >> 2) & 1;

interface Scene {
  readonly poolBuffers: number;
  readonly ringSlots: number;
  /** Whether the workers are at work, between two bursts; otherwise at the end. */
  readonly isWorking: boolean;
}

/** One rx in memory that outlives it; the test is the workers, and main beside it. */
class Stage {
  readonly isWorking: boolean;
  readonly memory;
  readonly rings;
  readonly controls = createControl(1 + WORKERS);
  readonly control = controlOf(this.controls, 0);
  readonly counters = createCounters(rxCountersShape(2, WORKERS));

  /** What the workers have seen: numbers of frames, and how many each. */
  readonly seen: number[] = [];
  readonly seenBy = new Array<number>(WORKERS).fill(0);
  private readonly consumers;

  constructor({ poolBuffers, ringSlots, isWorking }: Scene) {
    this.isWorking = isWorking;
    this.memory = createPool({
      bufferCount: poolBuffers,
      bufferBytes: 128,
      threadCount: 1 + WORKERS,
      handBuffers: BURST_FRAMES * WORKERS,
    });
    this.rings = Array.from({ length: WORKERS }, () => createRing(ringSlots));
    this.consumers = this.rings.map((ring) => new RingConsumer(ring));
    this.control[CONTROL_COUNTERS_REQUESTED] = 1;
  }

  /** The workers take what is in their rings, and give the buffers back. */
  work(): void {
    const pool = new PacketPool(this.memory);
    const hand = new Int32Array(BURST_FRAMES);
    this.consumers.forEach((consumer, worker) => {
      const cache = pool.cacheOf(1 + worker);
      for (let n = consumer.pop(hand, 32); n > 0; n = consumer.pop(hand, 32)) {
        for (let i = 0; i < n; i++)
          this.seen.push(pool.view.getUint32(pool.frameByteOffset(hand[i]) + 8, true));
        cache.freeHand(hand, n);
        this.seenBy[worker] += n;
      }
    });
  }

  loop(code: Modules) {
    const pool = new code.pool.PacketPool(this.memory);
    return new code.loop.RxLoop(
      { idle: 'spin', isBridge: false },
      {
        source: new NumberedSource(),
        pool,
        cache: pool.cacheOf(0),
        hand: pool.handOf(0),
        rings: this.rings.map((ring) => new code.producer.RingProducer(ring)),
        doorbells: this.rings.map((_, w) => new Doorbell(controlOf(this.controls, 1 + w), CONTROL_DOORBELL)),
        banks: new code.banks.CounterBanks(this.counters, this.control),
        interfaceCount: 2,
        control: this.control,
        clock: { nowMs: () => 0, unixMs: () => 0 },
      },
    );
  }

  /** Main, when rx has died. */
  repair(): void {
    new PacketPool(this.memory).repairAfter(0);
  }
}

/** Does what nobody dies of. */
function alive(work: () => void): void {
  const outer = globalThis.beforeStatement;
  globalThis.beforeStatement = () => undefined;
  work();
  globalThis.beforeStatement = outer;
}

/** rx from its beginning to its end; with a death before the given statement of all that it runs. Returns whether. */
function runUntil(stage: Stage, statement: number): boolean {
  let statements = 0;
  globalThis.beforeStatement = () => {
    if (++statements === statement) throw new Death();
  };
  try {
    const loop = stage.loop(mortal);
    loop.begin();
    while (loop.runBurst() > 0) {
      loop.attend();
      if (stage.isWorking) alive(() => stage.work());
    }
    loop.attend();
    return false;
  } catch (error) {
    if (!(error instanceof Death)) throw error;
    stage.repair();
    return true;
  } finally {
    globalThis.beforeStatement = () => undefined;
  }
}

/** What is wrong with the books after rx has come to its end. */
function problems(stage: Stage): string[] {
  const found: string[] = [];
  const pool = new PacketPool(stage.memory);
  const reader = new CounterReader(stage.counters, stage.control);
  stage.loop(mortal).end();
  reader.take(0);
  const { totals, levels } = reader;
  const expectEqual = (what: string, left: unknown, right: unknown) => {
    if (left !== right) found.push(`${what}: ${left}, not ${right}`);
  };
  stage.work();
  stage.seenBy.forEach((own, worker) => {
    expectEqual(`write cursor ${worker}`, levels[RX_LEVELS.firstWriteCursor + worker], own);
    expectEqual(`enqueued ${worker}`, totals[2 + 2 * 5 + worker], own);
  });
  expectEqual('frames twice', stage.seen.length, new Set(stage.seen).size);
  expectEqual('in hand', levels[RX_LEVELS.held], 0);
  let dropped = 0;
  for (const i of [0, 1]) {
    const all = Array.from({ length: FRAMES }, (_, frame) => frame).filter((f) => interfaceOf(f) === i);
    expectEqual(`packets of ${i}`, totals[2 + 5 * i], all.length);
    expectEqual(
      `bytes of ${i}`,
      totals[2 + 5 * i + 1],
      all.reduce((sum, f) => sum + bytesOf(f), 0),
    );
    dropped += totals[2 + 5 * i + 3] + totals[2 + 5 * i + 4];
  }
  expectEqual('enqueued and dropped', stage.seen.length + dropped, FRAMES);
  expectEqual('buffers held', pool.audit().heldCount, 0);
  return found;
}

const SCENES = [
  { name: 'with room for all', poolBuffers: 200, ringSlots: 128, isWorking: false },
  { name: 'with rings that fill up', poolBuffers: 200, ringSlots: 8, isWorking: false },
  { name: 'with a pool that runs dry', poolBuffers: 24, ringSlots: 128, isWorking: false },
  { name: 'with buffers that come back', poolBuffers: 40, ringSlots: 128, isWorking: true },
];

for (const scene of SCENES) {
  t.test(`rx may die before any statement, ${scene.name}`, async (t) => {
    const broken: string[] = [];
    let deaths = 0;
    for (let statement = 1; ; statement++) {
      const stage = new Stage(scene);
      if (!runUntil(stage, statement)) break;
      deaths++;
      // Its successor dies over what it finds, now and then, and the next one takes over.
      if (statement % 3 === 0) runUntil(stage, 1 + (statement % 150));
      if (runUntil(stage, -1)) t.fail('nobody ended it');
      const found = problems(stage);
      if (found.length > 0) broken.push(`${statement}: ${found.join('; ')}`);
    }
    t.same(broken.slice(0, 5), []);
    t.ok(deaths > 1000, `${deaths} deaths`);
    t.comment(`${deaths} deaths, ${broken.length} with books that are not in order`);
  });
}
