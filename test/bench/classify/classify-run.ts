import { allowDeepInlining, withLittleInlining } from '../../../src/engine/v8-flags.js';
import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import { compileMatcher } from '../../../src/rules/compile/compile-matcher.js';
import { CompiledMatcher } from '../../../src/rules/compiled-matcher.js';
import { placeCompiled } from '../../../src/rules/compiled-memory.js';
import { LinearMatcher } from '../../../src/rules/linear-matcher.js';
import type { Matcher } from '../../../src/rules/matcher.js';
import type { RuleSet } from '../../../src/rules/rule.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { median, spread } from '../measure.js';
import { corpusOf } from './corpus.js';

/**
 * `classify-run.js SECONDS RUNS SEED FILTERS [TRACE]`: nanoseconds a look-up, compiled and linear in turn, over
 * all packets of a corpus.
 *
 * Nothing is timed before both matchers have given the same answer for every packet. Each look-up is
 * `match` of one packet record that is filled before it, as in a worker; the filling is in the time of both.
 */
const INTERFACES = ['bench'];
/** Packets between two looks at the clock. */
const PIECE = 500;
const COMPILES = 5;
/** A packet's own time is the best of some runs of look-ups of it alone: what is left is its work. */
const OWN_LOOKUPS = 64;
const OWN_RUNS = 3;

const [seconds, runs, seed] = process.argv.slice(2, 5).map(Number);
const [filters, trace] = process.argv.slice(5);
allowDeepInlining();
const { set, packets, packet } = corpusOf(filters, trace, seed);
/** The positions found while it was timed: summed up, so that V8 cannot leave the look-ups out. */
let foundSum = 0;

const compileMs: number[] = [];
let memory = timedCompile();
while (compileMs.length < COMPILES) memory = timedCompile();
const compiled = new CompiledMatcher(placeCompiled(memory));
const linear = new LinearMatcher(tableOf(set));
verify();

// A worker has had others before, of its warm-up and of earlier tables: V8 may not take the search for always the same.
for (let other = 0; other < 2; other++) lookUp(new CompiledMatcher(placeCompiled(memory)), 0);

const compiledNs: number[] = [];
const linearNs: number[] = [];
for (let run = 0; run <= runs; run++) {
  const own = timed(compiled, run);
  const peer = timed(linear, run);
  // The first one warms up.
  if (run === 0) continue;
  compiledNs.push(own);
  linearNs.push(peer);
}
const ownNs = Float64Array.from({ length: packets.count }, (_, index) => ownTime(index)).sort();
if (!Number.isSafeInteger(foundSum)) throw new Error(`no sum of positions: ${foundSum}`);
const { value, min, max } = spread(compiledNs);
process.stdout.write(
  `${JSON.stringify({
    value,
    min,
    max,
    linearNs: median(linearNs),
    ratio: median(linearNs.map((ns, run) => ns / compiledNs[run])),
    rules: set.rules.length,
    headers: packets.count,
    // The time of one packet in a loop, all it needs in the cache: of the median packet, and of the slowest in 100.
    ownMedianNs: ownNs[ownNs.length >> 1],
    ownSlowNs: ownNs[Math.floor(ownNs.length * 0.99)],
    compileMs: median(compileMs),
    // What a thread that has just begun needs, before V8 has optimised anything.
    firstCompileMs: compileMs[0],
    memoryBytes: memory.byteLength,
  })}\n`,
);

function timedCompile(): SharedArrayBuffer {
  const beganMs = performance.now();
  // As the engine's loader does.
  const result = withLittleInlining(() => compileMatcher(set, INTERFACES));
  compileMs.push(performance.now() - beganMs);
  return result;
}

function tableOf(rules: RuleSet): RuleTable {
  const slots = rules.rules.map((_, position) => position);
  return new RuleTable(buildRuleTable(rules, slots, INTERFACES, 1, null));
}

function verify(): void {
  for (let index = 0; index < packets.count; index++) {
    packets.fill(packet, index);
    const expected = linear.match(packet);
    const actual = compiled.match(packet);
    if (actual !== expected) {
      throw new Error(`rule ${actual}, the linear matcher ${expected}: ${JSON.stringify(packet)}`);
    }
  }
}

/**
 * Looks packets up for half of the time of a run, each time from another place of the corpus on, because the
 * linear matcher does not get through it.
 *
 * @returns nanoseconds a look-up.
 */
function timed(matcher: Matcher, run: number): number {
  const beganMs = performance.now();
  const endMs = beganMs + (seconds * 1000) / 2;
  let lookups = 0;
  let nowMs = beganMs;
  let first = Math.floor(((run % 4) * packets.count) / 4);
  for (; nowMs < endMs; first = first + PIECE < packets.count ? first + PIECE : 0) {
    lookups += lookUp(matcher, first);
    nowMs = performance.now();
  }
  return ((nowMs - beganMs) * 1e6) / lookups;
}

/** @returns how many packets there were from `first` on, at most `PIECE`. */
function lookUp(matcher: Matcher, first: number): number {
  const end = Math.min(first + PIECE, packets.count);
  // As locals, because V8 loads what belongs to the module again for every packet.
  const record = packet;
  const source = packets;
  let seen = 0;
  for (let index = first; index < end; index++) {
    source.fill(record, index);
    seen += matcher.match(record);
  }
  foundSum += seen;
  return end - first;
}

/** @returns nanoseconds of a look-up of one packet alone. */
function ownTime(index: number): number {
  packets.fill(packet, index);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < OWN_RUNS; run++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < OWN_LOOKUPS; i++) foundSum += compiled.match(packet);
    best = Math.min(best, Number(process.hrtime.bigint() - began) / OWN_LOOKUPS);
  }
  return best;
}
