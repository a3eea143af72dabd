import { RingBuffer } from 'ringbuf.js';
import { RingConsumer } from '../../../src/ring/ring-consumer.js';
import { createRing, type RingMemory } from '../../../src/ring/ring-layout.js';
import { RingProducer } from '../../../src/ring/ring-producer.js';

/** Values a ring holds: the engine's default, and for ringbuf.js the same. */
export const RING_SLOTS = 1024;

export const RING_KINDS = ['upe', 'ringbuf.js'] as const;
export type RingKind = (typeof RING_KINDS)[number];

/** A ring as it is handed to threads. */
export interface BurstRingMemory {
  readonly kind: RingKind;
  readonly upe: RingMemory;
  readonly ringbuf: SharedArrayBuffer;
}

/** One side of a ring: a thread has one kind only, so that V8 sees through this interface. */
export interface PushSide {
  push(values: Int32Array, from: number, count: number): number;
}
export interface PopSide {
  /** Fills `into` from its beginning. */
  pop(into: Int32Array, max: number): number;
}

export function createBurstRing(kind: RingKind): BurstRingMemory {
  return {
    kind,
    upe: createRing(RING_SLOTS),
    ringbuf: RingBuffer.getStorageForCapacity(RING_SLOTS, Int32Array),
  };
}

export function pushSideOf({ kind, upe, ringbuf }: BurstRingMemory): PushSide {
  return kind === 'upe' ? new RingProducer(upe) : new RingbufPushSide(ringbuf);
}

export function popSideOf({ kind, upe, ringbuf }: BurstRingMemory): PopSide {
  return kind === 'upe' ? new RingConsumer(upe) : new RingBuffer(ringbuf, Int32Array);
}

/** ringbuf.js takes the same three in another order. */
class RingbufPushSide implements PushSide {
  private readonly ring: RingBuffer;

  constructor(memory: SharedArrayBuffer) {
    this.ring = new RingBuffer(memory, Int32Array);
  }

  push(values: Int32Array, from: number, count: number): number {
    return this.ring.push(values, count, from);
  }
}
