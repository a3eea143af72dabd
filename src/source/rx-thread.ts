import { parentPort, workerData } from 'node:worker_threads';
import { CounterBanks } from '../counters/counter-banks.js';
import type { CountersMemory } from '../counters/counters-layout.js';
import { UpeError } from '../errors.js';
import { MonotonicClock } from '../memory/clock.js';
import { CONTROL_DOORBELL, controlOf } from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { PacketPool, type PoolMemory } from '../memory/packet-pool.js';
import type { RingMemory } from '../ring/ring-layout.js';
import { RingProducer } from '../ring/ring-producer.js';
import { RxLoop, type RxLoopConfig } from './rx-loop.js';
import { createSource, type SourceSpec } from './source-spec.js';

/** What main passes to the rx thread. */
export interface RxThreadData {
  readonly config: RxLoopConfig;
  readonly source: SourceSpec;
  readonly pool: PoolMemory;
  /** One a worker. */
  readonly rings: readonly RingMemory[];
  readonly control: SharedArrayBuffer;
  readonly counters: CountersMemory;
}

/** What the rx thread tells main. */
export type FromRx =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'file'; readonly file: string; readonly packets: number; readonly error: string | null }
  | { readonly kind: 'finished' };

const port = parentPort;
if (port === null) throw new Error('rx-thread.js runs as a worker thread only');
const data = workerData as RxThreadData;
const tell = (message: FromRx) => port.postMessage(message);
const source = createSource(data.source, ({ file, packets, error }) =>
  tell({ kind: 'file', file, packets, error: error === null ? null : error.message }),
);

/** Thread 0 of the control block and of the pool is rx; the workers follow. */
const RX_INDEX = 0;

try {
  source.open();
  const pool = new PacketPool(data.pool);
  const control = controlOf(data.control, RX_INDEX);
  const loop = new RxLoop(data.config, {
    source,
    pool,
    cache: pool.cacheOf(RX_INDEX),
    hand: pool.handOf(RX_INDEX),
    rings: data.rings.map((ring) => new RingProducer(ring)),
    doorbells: data.rings.map(
      (_, worker) => new Doorbell(controlOf(data.control, 1 + worker), CONTROL_DOORBELL),
    ),
    banks: new CounterBanks(data.counters, control),
    control,
    clock: new MonotonicClock(),
  });
  tell({ kind: 'ready' });
  loop.run(() => tell({ kind: 'finished' }));
} catch (error) {
  // What a user can mend goes to main as a sentence; a defect goes up with its stack.
  if (!(error instanceof UpeError)) throw error;
  tell({ kind: 'failed', message: error.message });
} finally {
  source.close();
}
