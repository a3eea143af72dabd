import { allowDeepInlining } from '../../../src/engine/v8-flags.js';
import { Packet } from '../../../src/protocol/packet.js';
import { compileMatcher } from '../../../src/rules/compile/compile-matcher.js';
import { CompiledMatcher } from '../../../src/rules/compiled-matcher.js';
import { LinearMatcher } from '../../../src/rules/linear-matcher.js';
import type { Matcher } from '../../../src/rules/matcher.js';
import type { RuleSet } from '../../../src/rules/rule.js';
import { buildRuleTable, RuleTable } from '../../../src/rules/rule-table.js';
import { beginTrace, fillPacket, HEADER_WORDS, readFilters, readTrace } from '../../support/classbench.js';
import { median, spread } from '../measure.js';
import { generateFilters } from './generated-filters.js';
import { makeHeaders } from './header-maker.js';

/**
 * `classify-run.js SECONDS RUNS SEED FILTERS TRACE`: nanoseconds a look-up, compiled and linear in turn, over
 * the headers of a trace. FILTERS is a ClassBench file or the size of a generated set; without TRACE headers
 * are made from the filters.
 *
 * Nothing is timed before both matchers have given the same answer for every header. Each look-up is
 * `match` of one packet record that is filled before it, as in a worker; the filling is in the time of both.
 */
const MADE_HEADERS = 20_000;
const INTERFACES = ['bench'];
/** Headers between two looks at the clock. */
const PIECE = 500;

const [seconds, runs, seed] = process.argv.slice(2, 5).map(Number);
const [filters, trace] = process.argv.slice(5);
allowDeepInlining();
const set = /^\d+$/.test(filters) ? generateFilters(Number(filters), seed) : readFilters(filters);
const headers = trace === undefined ? makeHeaders(set, MADE_HEADERS, seed) : readTrace(trace);
const headerCount = headers.length / HEADER_WORDS;
const packet = beginTrace(new Packet());
/** The positions found while it was timed: summed up, so that V8 cannot leave the look-ups out. */
let foundSum = 0;

const compileBeganMs = performance.now();
const memory = compileMatcher(set, INTERFACES);
const compileMs = performance.now() - compileBeganMs;
const compiled = new CompiledMatcher(memory);
const linear = new LinearMatcher(tableOf(set));
verify();

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
    headers: headerCount,
    compileMs,
    memoryBytes: memory.byteLength,
  })}\n`,
);

function tableOf(rules: RuleSet): RuleTable {
  const slots = rules.rules.map((_, position) => position);
  return new RuleTable(buildRuleTable(rules, slots, INTERFACES, 1, null));
}

function verify(): void {
  for (let at = 0; at < headers.length; at += HEADER_WORDS) {
    fillPacket(packet, headers, at);
    const expected = linear.match(packet);
    const actual = compiled.match(packet);
    if (actual !== expected) {
      const header = headers.slice(at, at + HEADER_WORDS).join(' ');
      throw new Error(
        `header ${at / HEADER_WORDS} (${header}): rule ${actual}, the linear matcher ${expected}`,
      );
    }
  }
}

/**
 * Looks headers up for half of the time of a run, each time from another place of the trace on, because the
 * linear matcher does not get through it.
 *
 * @returns nanoseconds a look-up.
 */
function timed(matcher: Matcher, run: number): number {
  const beganMs = performance.now();
  const endMs = beganMs + (seconds * 1000) / 2;
  let lookups = 0;
  let nowMs = beganMs;
  let first = Math.floor(((run % 4) * headerCount) / 4);
  for (; nowMs < endMs; first = first + PIECE < headerCount ? first + PIECE : 0) {
    lookups += lookUp(matcher, first);
    nowMs = performance.now();
  }
  return ((nowMs - beganMs) * 1e6) / lookups;
}

/** @returns how many headers there were from `first` on, at most `PIECE`. */
function lookUp(matcher: Matcher, first: number): number {
  const end = Math.min(first + PIECE, headerCount);
  let seen = 0;
  for (let header = first; header < end; header++) {
    fillPacket(packet, headers, header * HEADER_WORDS);
    seen += matcher.match(packet);
  }
  foundSum += seen;
  return end - first;
}
