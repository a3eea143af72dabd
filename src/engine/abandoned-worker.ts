import { CounterBanks } from '../counters/counter-banks.js';
import { CONTROL_STATE, controlOf, STATE_STOPPED } from '../memory/control-layout.js';
import { PacketPool } from '../memory/packet-pool.js';
import { RingConsumer } from '../ring/ring-consumer.js';
import { abandon } from '../worker/predecessor.js';
import { createTransmitter } from '../worker/worker-transmit.js';
import { type ThreadSetting, workerTransmit } from './start-threads.js';

/**
 * Where a worker is dead when the engine stops, main speaks its last words. No other thread may be at work any
 * more: main does not wait for locks.
 */
export function closeDeadWorker(setting: ThreadSetting, worker: number): void {
  const { memory } = setting;
  const threadIndex = 1 + worker;
  const control = controlOf(memory.control, threadIndex);
  if (Atomics.load(control, CONTROL_STATE) === STATE_STOPPED) return;
  const pool = new PacketPool(memory.pool);
  const cache = pool.cacheOf(threadIndex);
  const banks = new CounterBanks(memory.workerCounters[worker], control);
  const queue = pool.sendQueueOf(threadIndex);
  abandon({
    ring: new RingConsumer(memory.rings[worker]),
    cache,
    hand: pool.handOf(threadIndex),
    orders: pool.ordersOf(threadIndex),
    banks,
    transmitter: createTransmitter(workerTransmit(setting, worker), {
      pool,
      cache,
      queue,
      banks,
      control: memory.control,
    }),
  });
}
