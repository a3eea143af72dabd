import { captureTapMemory, createCaptureMemory, IDLE_RING_WORDS } from '../../src/memory/capture-layout.js';
import type { PacketPool } from '../../src/memory/packet-pool.js';
import { CaptureTap } from '../../src/worker/capture-tap.js';

/** For a worker whose packets nobody captures. */
export function idleTap(pool: PacketPool): CaptureTap {
  return new CaptureTap(captureTapMemory(createCaptureMemory(1, IDLE_RING_WORDS), 0), pool);
}
