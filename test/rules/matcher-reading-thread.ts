import { parentPort, workerData } from 'node:worker_threads';
import { CompiledMatcher } from '../../src/rules/compiled-matcher.js';
import type { CompiledMemory } from '../../src/rules/compiled-memory.js';
import { Random } from '../protocol/random.js';
import { adversarialRules, HARMS, mixedPacket } from './adversarial-rules.js';

/** What a thread of the test is given: a compiled table, and how to make the packets for it. */
export interface MatcherReading {
  readonly memory: CompiledMemory;
  readonly harm: number;
  readonly ruleCount: number;
  readonly packetCount: number;
  readonly seed: number;
}

const { memory, harm, ruleCount, packetCount, seed } = workerData as MatcherReading;
const set = adversarialRules(HARMS[harm], ruleCount, seed);
const matcher = new CompiledMatcher(memory);
const random = new Random(seed);
const positions = Array.from({ length: packetCount }, () => matcher.match(mixedPacket(set, random)));
parentPort?.postMessage({ positions });
