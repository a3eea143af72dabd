import { parentPort, workerData } from 'node:worker_threads';
import { CounterBanks } from '../counters/counter-banks.js';
import { type CountersMemory, createCounters } from '../counters/counters-layout.js';
import { UpeError } from '../errors.js';
import { pinThread } from '../kernel/affinity.js';
import { threadId } from '../kernel/thread-id.js';
import { MonotonicClock } from '../memory/clock.js';
import {
  COMMAND_HOLD,
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_THREAD_ID,
  controlOf,
  createControl,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { createPool, PacketPool, type PoolMemory } from '../memory/packet-pool.js';
import { RX_INDEX } from '../memory/pool-layout.js';
import { RingConsumer } from '../ring/ring-consumer.js';
import { createRing, type RingMemory } from '../ring/ring-layout.js';
import { RingProducer } from '../ring/ring-producer.js';
import type { AfPacketHandles } from './afpacket-source.js';
import { createSource } from './create-source.js';
import { BURST_FRAMES } from './frame-batch.js';
import { RxLoop, type RxLoopConfig } from './rx-loop.js';
import type { Source } from './source.js';
import type { SourceSpec } from './source-spec.js';
import { WarmUpSource, warmUp } from './warm-up.js';

/** What main passes to the rx thread. */
export interface RxThreadData {
  readonly config: RxLoopConfig;
  /** The processor to run on, or `null`. */
  readonly cpu: number | null;
  readonly source: SourceSpec;
  /** What main has opened for the afpacket source; `null` for the others. */
  readonly handles: AfPacketHandles | null;
  /** Interfaces that the counters have room for. */
  readonly interfaceCount: number;
  readonly pool: PoolMemory;
  /** One a worker. */
  readonly rings: readonly RingMemory[];
  readonly control: SharedArrayBuffer;
  readonly counters: CountersMemory;
  /** It follows a thread that has died. */
  readonly isSuccessor: boolean;
}

/** What the rx thread tells main. */
export type FromRx =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'file'; readonly file: string; readonly packets: number; readonly error: string | null }
  | { readonly kind: 'link-lost' }
  | { readonly kind: 'finished' };

const port = parentPort;
if (port === null) throw new Error('rx-thread.js runs as a worker thread only');
const data = workerData as RxThreadData;
const tell = (message: FromRx) => port.postMessage(message);
const source = await createSource(data.source, data.handles, {
  reportFile: ({ file, packets, error }) =>
    tell({ kind: 'file', file, packets, error: error === null ? null : error.message }),
  onLinkLost: () => tell({ kind: 'link-lost' }),
});

/** The rx loop over the given memory, reading from the given source. */
function createLoop(
  from: Source,
  memory: Pick<RxThreadData, 'pool' | 'rings' | 'control' | 'counters'>,
): { readonly loop: RxLoop; readonly pool: PacketPool } {
  const pool = new PacketPool(memory.pool);
  const control = controlOf(memory.control, RX_INDEX);
  const loop = new RxLoop(data.config, {
    source: from,
    pool,
    cache: pool.cacheOf(RX_INDEX),
    hand: pool.handOf(RX_INDEX),
    rings: memory.rings.map((ring) => new RingProducer(ring)),
    doorbells: memory.rings.map(
      (_, worker) => new Doorbell(controlOf(memory.control, 1 + worker), CONTROL_DOORBELL),
    ),
    banks: new CounterBanks(memory.counters, control),
    interfaceCount: data.interfaceCount,
    control,
    clock: new MonotonicClock(),
  });
  return { loop, pool };
}

/** Lets V8 see frames before there are any, in memory that goes when this returns. */
function warmUpThread(): void {
  const workerCount = data.rings.length;
  const scratch = {
    pool: createPool({
      bufferCount: 64 + 32 * workerCount,
      bufferBytes: 128,
      threadCount: 2,
      handBuffers: BURST_FRAMES * workerCount,
    }),
    rings: data.rings.map(() => createRing(64)),
    control: createControl(1 + workerCount),
    counters: createCounters(data.counters.shape),
  };
  const { loop, pool } = createLoop(new WarmUpSource(source.interfaces), scratch);
  const consumers = scratch.rings.map((ring) => new RingConsumer(ring));
  const cache = pool.cacheOf(1);
  const hand = new Int32Array(BURST_FRAMES);
  warmUp(loop, () => {
    for (const consumer of consumers) {
      for (
        let count = consumer.pop(hand, BURST_FRAMES);
        count > 0;
        count = consumer.pop(hand, BURST_FRAMES)
      ) {
        cache.freeHand(hand, count);
      }
    }
  });
}

const control = controlOf(data.control, RX_INDEX);

/** Opens the source and reads until main says stop. */
function receive(): void {
  source.open();
  const { loop } = createLoop(source, data);
  tell({ kind: 'ready' });
  loop.run(() => tell({ kind: 'finished' }));
}

Atomics.store(control, CONTROL_THREAD_ID, threadId());
try {
  const notPinned = pinThread('rx', data.cpu);
  if (notPinned !== null) tell({ kind: 'warning', message: notPinned });
  if (!data.isSuccessor) warmUpThread();
  while (Atomics.load(control, CONTROL_COMMAND) === COMMAND_HOLD) {
    Atomics.wait(control, CONTROL_COMMAND, COMMAND_HOLD);
  }
  // An engine that is stopped by then has no use for the source: its workers may never have been ready.
  if (Atomics.load(control, CONTROL_COMMAND) !== COMMAND_STOP) receive();
} catch (error) {
  // What a user can mend goes to main as a sentence; a defect goes up with its stack.
  if (!(error instanceof UpeError)) throw error;
  tell({ kind: 'failed', message: error.message });
} finally {
  source.close();
}
