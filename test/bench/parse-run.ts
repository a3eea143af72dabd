import { allowDeepInlining } from '../../src/engine/v8-flags.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { PARSED, Packet } from '../../src/protocol/packet.js';
import { parseFrame } from '../../src/protocol/parser.js';
import { DemoSource } from '../../src/source/demo-source.js';
import { FrameBatch } from '../../src/source/frame-batch.js';
import { readAt } from '../support/read-at.js';

/** `parse-run.js SECONDS`: nanoseconds a frame, over frames of the demo traffic in its own mix. */
const FRAMES = 4096;
const BUFFER_BYTES = 2048;
const SEED = 1;

allowDeepInlining();
const seconds = Number(process.argv[2]);
const memory = new Uint8Array(new SharedArrayBuffer(FRAMES * BUFFER_BYTES));
const view = new DataView(memory.buffer);
const lengths = fillWithDemoTraffic();
const packet = new Packet();

function fillWithDemoTraffic(): Int32Array {
  const source = new DemoSource({ packetsPerSecond: 1_000_000, seed: SEED });
  source.open();
  const batch = new FrameBatch();
  const frameBytes = new Int32Array(FRAMES);
  let frame = 0;
  for (let nowMs = 0; frame < FRAMES; nowMs++) {
    const count = Math.max(readAt(source, batch, nowMs), 0);
    for (let i = 0; i < count && frame < FRAMES; i++, frame++) {
      const at = batch.byteOffset[i];
      memory.set(batch.bytes.subarray(at, at + batch.capturedBytes[i]), frame * BUFFER_BYTES);
      frameBytes[frame] = batch.capturedBytes[i];
    }
  }
  source.close();
  return frameBytes;
}

function parseAll(): number {
  let parsed = 0;
  for (let i = 0; i < FRAMES; i++) {
    if (parseFrame(view, i * BUFFER_BYTES, lengths[i], lengths[i], LINK_ETHERNET, packet) === PARSED)
      parsed++;
  }
  return parsed;
}

const expected = parseAll();
for (let i = 0; i < 200; i++) parseAll();
let rounds = 0;
const beganMs = performance.now();
while (performance.now() - beganMs < seconds * 1000) {
  if (parseAll() !== expected) throw new Error('the parser gives another answer than before');
  rounds++;
}
const ns = ((performance.now() - beganMs) * 1e6) / (rounds * FRAMES);
process.stdout.write(`${JSON.stringify({ ns, parsedShare: expected / FRAMES })}\n`);
