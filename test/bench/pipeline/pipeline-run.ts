import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SLOT_CELLS } from '../../../src/counters/catalogue.js';
import { CounterReader } from '../../../src/counters/counter-reader.js';
import {
  type CountersMemory,
  createCounters,
  workerCountersShape,
} from '../../../src/counters/counters-layout.js';
import { allowDeepInlining } from '../../../src/engine/v8-flags.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_TABLE_GENERATION,
  controlOf,
  createControl,
} from '../../../src/memory/control-layout.js';
import { createPool, PacketPool, type PoolMemory } from '../../../src/memory/packet-pool.js';
import { createRing, RingLayout, type RingMemory } from '../../../src/ring/ring-layout.js';
import { parseRuleFile } from '../../../src/rules/rule-file.js';
import { buildRuleTable, type RuleTableMemory } from '../../../src/rules/rule-table.js';
import { SlotRegistry } from '../../../src/rules/slot-registry.js';

/** What both threads of a run are given. */
export interface PipelineThreadData {
  readonly pool: PoolMemory;
  readonly ring: RingMemory;
  readonly control: SharedArrayBuffer;
  readonly counters: CountersMemory;
  readonly table: RuleTableMemory;
  readonly flows: number;
}

/** The yardstick's sizes: BUFFERS, BUFFER_BYTES, RING_SLOTS of pipeline.c. */
const BUFFERS = 8192;
const BUFFER_BYTES = 2048;
const RING_SLOTS = 1024;
const BURST = 32;
const WARM_UP_MS = 500;

/**
 * One run, in a process of its own: `pipeline-run.js SECONDS RULES FLOWS`. Prints one JSON line like
 * the yardstick's, and fails when the packets counted are not those that went through the ring.
 */
const [seconds, rules, flows] = process.argv.slice(2).map(Number);
allowDeepInlining();
const generation = 1;
const pool = createPool({
  bufferCount: BUFFERS,
  bufferBytes: BUFFER_BYTES,
  threadCount: 2,
  handBuffers: BURST,
});
const ring = createRing(RING_SLOTS);
const control = createControl(2);
const counters = createCounters(workerCountersShape(rules, 1));
Atomics.store(controlOf(control, 1), CONTROL_TABLE_GENERATION, generation);
const workerData: PipelineThreadData = { pool, ring, control, counters, table: createTable(rules), flows };
const consumer = new Worker(new URL('./consumer-thread.js', import.meta.url), { workerData });
const producer = new Worker(new URL('./producer-thread.js', import.meta.url), { workerData });

const readCursorWord = new RingLayout(RING_SLOTS).readCursorWord;
const ringWords = new Int32Array(ring.buffer);
await sleep(WARM_UP_MS);
let cursor = Atomics.load(ringWords, readCursorWord);
let packets = 0;
const beganMs = performance.now();
while (performance.now() - beganMs < seconds * 1000) {
  await sleep(20);
  const now = Atomics.load(ringWords, readCursorWord);
  packets += (now - cursor) | 0;
  cursor = now;
}
const elapsed = (performance.now() - beganMs) / 1000;
await stop(producer, 0);
await stop(consumer, 1);
verify();
process.stdout.write(
  `${JSON.stringify({ name: 'pipeline-upe', mpps: packets / elapsed / 1e6, packets, seconds: elapsed })}\n`,
);

async function stop(thread: Worker, index: number): Promise<void> {
  const ended = once(thread, 'exit');
  Atomics.store(controlOf(control, index), CONTROL_COMMAND, COMMAND_STOP);
  await ended;
}

function verify(): void {
  const slotCount = counters.shape.slotCount;
  const reader = new CounterReader(counters, controlOf(control, 1));
  reader.take(slotCount);
  let counted = 0;
  for (let slot = 0; slot < slotCount; slot++) counted += reader.slots[slot * SLOT_CELLS];
  const cursorAtEnd = Atomics.load(ringWords, readCursorWord);
  if ((counted | 0) !== cursorAtEnd)
    throw new Error(`counted ${counted} packets, the ring gave ${cursorAtEnd}`);
  const lastRule = reader.slots[(slotCount - 1) * SLOT_CELLS];
  if (lastRule !== counted) throw new Error(`the last rule matched ${lastRule} of ${counted} packets`);
  const { heldCount } = new PacketPool(pool).audit();
  if (heldCount !== 0) throw new Error(`${heldCount} buffers are missing from the pool`);
}

/** The yardstick's table: only the last rule matches. */
function createTable(count: number): RuleTableMemory {
  const lines = ['default_action: count', 'rules:'];
  for (let i = 0; i + 1 < count; i++) {
    const network = (0xc0000000 + i * 256) >>> 0;
    const src = [24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.');
    lines.push(`- { name: r${i}, match: { protocol: tcp, src: ${src}/24, dst_port: 80 }, action: forward }`);
  }
  lines.push('- { name: last, match: { protocol: tcp }, action: forward }');
  const ruleSet = parseRuleFile(new TextEncoder().encode(lines.join('\n')), 'yardstick.yaml');
  const { slots } = new SlotRegistry(count).plan(ruleSet);
  return buildRuleTable(ruleSet, slots, ['bench'], generation);
}
