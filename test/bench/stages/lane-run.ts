import { allowDeepInlining } from '../../../src/engine/v8-flags.js';
import { LANE_PACKETS, Lane } from './lane.js';
import { MemorySource } from './memory-source.js';

/**
 * `lane-run.js SECONDS RULES FLOWS BYTES WORKERS`: nanoseconds a packet of the rx loop (from a source in memory,
 * through copy and counters, and where there are several workers the flow hash, into the ring) and of a worker
 * loop (from the ring to the free buffer), each timed by a whole ring of packets.
 */
const WARM_UP_ROUNDS = 300;

const [seconds, rules, flows, frameBytes, workers] = process.argv.slice(2).map(Number);
allowDeepInlining();
const lane = new Lane(new MemorySource(flows, frameBytes), rules, workers);
for (let round = 0; round < WARM_UP_ROUNDS; round++) {
  lane.receive();
  lane.judge();
}
let rxMs = 0;
let workerMs = 0;
let rounds = 0;
for (; rxMs + workerMs < seconds * 1000; rounds++) {
  const beganMs = performance.now();
  lane.receive();
  const receivedMs = performance.now();
  const packets = lane.judge();
  if (packets !== LANE_PACKETS) throw new Error(`${packets} packets came out of the ring`);
  rxMs += receivedMs - beganMs;
  workerMs += performance.now() - receivedMs;
}
const nsOf = (ms: number) => (ms * 1e6) / (rounds * LANE_PACKETS);
process.stdout.write(`${JSON.stringify({ rxNs: nsOf(rxMs), workerNs: nsOf(workerMs) })}\n`);
