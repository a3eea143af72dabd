import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { CounterBanks } from '../counters/counter-banks.js';
import type { CountersMemory } from '../counters/counters-layout.js';
import { MonotonicClock } from '../memory/clock.js';
import { controlOf } from '../memory/control-layout.js';
import { PacketPool, type PoolMemory } from '../memory/packet-pool.js';
import { RingConsumer } from '../ring/ring-consumer.js';
import type { RingMemory } from '../ring/ring-layout.js';
import { LinearMatcher } from '../rules/linear-matcher.js';
import { RuleTable, type RuleTableMemory } from '../rules/rule-table.js';
import { NoTransmitter } from '../tx/transmitter.js';
import type { Judgement } from './packet-judge.js';
import { WorkerLoop, type WorkerLoopConfig } from './worker-loop.js';

/** What main passes to a worker thread. */
export interface WorkerThreadData {
  readonly config: WorkerLoopConfig;
  /** Index among the threads that the control block and the pool know: rx is 0, worker i is 1 + i. */
  readonly threadIndex: number;
  readonly pool: PoolMemory;
  readonly ring: RingMemory;
  readonly control: SharedArrayBuffer;
  readonly counters: CountersMemory;
  readonly table: RuleTableMemory;
  /** Rule tables that come later; read between bursts, never by an event. */
  readonly tables: MessagePort;
}

/** What a worker thread tells main. */
export type FromWorker = { readonly kind: 'ready' };

const port = parentPort;
if (port === null) throw new Error('worker-thread.js runs as a worker thread only');
const data = workerData as WorkerThreadData;

function judgementOf(memory: RuleTableMemory): Judgement {
  const table = new RuleTable(memory);
  return { table, matcher: new LinearMatcher(table) };
}

const pool = new PacketPool(data.pool);
const control = controlOf(data.control, data.threadIndex);
const loop = new WorkerLoop(data.config, {
  ring: new RingConsumer(data.ring),
  pool,
  cache: pool.cacheOf(data.threadIndex),
  hand: pool.handOf(data.threadIndex),
  banks: new CounterBanks(data.counters, control),
  control,
  clock: new MonotonicClock(),
  transmitter: new NoTransmitter(),
  judgement: judgementOf(data.table),
  nextJudgement: () => {
    const received = receiveMessageOnPort(data.tables);
    return received === undefined ? null : judgementOf(received.message as RuleTableMemory);
  },
});
port.postMessage({ kind: 'ready' } satisfies FromWorker);
loop.run();
data.tables.close();
