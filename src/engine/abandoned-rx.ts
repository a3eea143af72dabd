import { CounterBanks } from '../counters/counter-banks.js';
import type { Clock } from '../memory/clock.js';
import { CONTROL_DOORBELL, CONTROL_STATE, controlOf, STATE_STOPPED } from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { PacketPool } from '../memory/packet-pool.js';
import { RX_INDEX } from '../memory/pool-layout.js';
import { RingProducer } from '../ring/ring-producer.js';
import { RxLoop } from '../source/rx-loop.js';
import { SilentSource } from '../source/silent-source.js';
import type { EngineMemory } from './engine-memory.js';

/**
 * Where rx is dead when the engine stops, main speaks its last words: what it had in hand goes to the workers,
 * which are still at work, or is dropped where there is no room.
 *
 * @param interfaces the engine's list.
 * @param whileLocked called while main waits for the lock of the pool's list, with the index of who has it.
 */
export function closeDeadRx(
  memory: EngineMemory,
  interfaces: readonly string[],
  clock: Clock,
  whileLocked: (holder: number) => void,
): void {
  const control = controlOf(memory.control, RX_INDEX);
  if (Atomics.load(control, CONTROL_STATE) === STATE_STOPPED) return;
  const pool = new PacketPool(memory.pool);
  const loop = new RxLoop(
    // It deals nothing out.
    { idle: 'park', isBridge: false },
    {
      source: new SilentSource(interfaces),
      pool,
      cache: pool.cacheOf(RX_INDEX, whileLocked),
      hand: pool.handOf(RX_INDEX),
      rings: memory.rings.map((ring) => new RingProducer(ring)),
      doorbells: memory.rings.map(
        (_, worker) => new Doorbell(controlOf(memory.control, 1 + worker), CONTROL_DOORBELL),
      ),
      banks: new CounterBanks(memory.rxCounters, control),
      interfaceCount: interfaces.length,
      control,
      clock,
    },
  );
  loop.begin();
  loop.end();
}
