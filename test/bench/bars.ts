import type { BenchResult } from './measure.js';

/** What a figure has to be. */
export interface Bar {
  readonly name: string;
  /** Which results of that name; all of them where it is absent. */
  readonly isFor?: (result: BenchResult) => boolean;
  readonly text: string;
  readonly holds: (result: BenchResult) => boolean;
}

const ratioAtLeast = (least: number) => ({
  text: `ratio at least ${least}`,
  holds: ({ ratio }: BenchResult) => ratio !== undefined && ratio >= least,
});
const valueAtLeast = (least: number) => ({
  text: `at least ${least}`,
  holds: ({ value }: BenchResult) => value >= least,
});
const valueAtMost = (most: number) => ({
  text: `at most ${most}`,
  holds: ({ value }: BenchResult) => value <= most,
});
const hasPeer = ({ peer }: BenchResult) => peer !== undefined;
const isYardstick = ({ peer }: BenchResult) => peer === 'pipeline.c';
const isCase = (name: string) => (result: BenchResult) => result.case === name;
const isCpuAgainst = (peer: string) => (result: BenchResult) =>
  result.case === 'CPU time' && result.peer === peer;

/** A filter set of ClassBench, by its file: `fw1_10k`. */
const isFilterSet = (kinds: RegExp) => (result: BenchResult) => kinds.test(String(result.case));
const classifyAt10k = (nsMost: number) => ({
  text: `ratio at least 60, at most ${nsMost} ns, compiled in 150 ms to 16 MB`,
  holds: ({ value, ratio, compileMs, memoryBytes }: BenchResult) =>
    Number(ratio) >= 60 && value <= nsMost && Number(compileMs) <= 150 && Number(memoryBytes) <= 16 * 2 ** 20,
});
/** How much more a look-up may cost than the slowest of the ordinary sets of that size, in the same run. */
const HARMED_TIMES_MOST = 2;
/** From 1,000 rules to 10,000. */
const GROWTH_MOST = 3;
/** Above what V8 itself moves about, and a byte in a thousand of the packets. */
const HEAP_GROWTH_KIB_MOST = 48;

/** A figure without a bar is reported, and that is all. */
export const BARS: readonly Bar[] = [
  { name: 'pipeline', isFor: (result) => isYardstick(result) && result.rules === 1, ...ratioAtLeast(1) },
  { name: 'pipeline', isFor: (result) => isYardstick(result) && result.rules === 1000, ...ratioAtLeast(20) },
  {
    name: 'pipeline',
    isFor: (result) => isYardstick(result) && result.rules === 10_000,
    ...ratioAtLeast(100),
  },
  { name: 'pipeline', isFor: ({ peer }) => peer === 'off', ...ratioAtLeast(0.97) },
  { name: 'classify', isFor: isFilterSet(/^\w+1_1k/), ...ratioAtLeast(30) },
  { name: 'classify', isFor: isFilterSet(/^fw1_10k/), ...classifyAt10k(200) },
  { name: 'classify', isFor: isFilterSet(/^(acl|ipc)1_10k/), ...classifyAt10k(150) },
  {
    name: 'classify',
    isFor: isFilterSet(/^made to hurt/),
    text: `at most ${HARMED_TIMES_MOST} times the slowest ordinary set`,
    holds: ({ value, ordinaryNs }) => value <= HARMED_TIMES_MOST * Number(ordinaryNs),
  },
  { name: 'classify', isFor: isFilterSet(/^from 1k to 10k/), ...valueAtMost(GROWTH_MOST) },
  { name: 'ring', isFor: hasPeer, ...ratioAtLeast(1.3) },
  {
    name: 'scrape',
    isFor: ({ rules }) => rules === 10_000,
    text: 'ratio at least 10, at most 20',
    holds: ({ value, ratio }) => value <= 20 && (ratio ?? 0) >= 10,
  },
  { name: 'replay', isFor: ({ packets }) => packets === 1_000_000, ...valueAtLeast(3) },
  {
    name: 'heap',
    text: `none: at most ${HEAP_GROWTH_KIB_MOST} KiB`,
    holds: ({ value }) => value <= HEAP_GROWTH_KIB_MOST,
  },
  { name: 'capture', isFor: isCase('full rate'), ...ratioAtLeast(1) },
  { name: 'capture', isFor: isCase('non-drop rate'), ...ratioAtLeast(1) },
  { name: 'capture', isFor: isCpuAgainst('tcpdump'), ...ratioAtLeast(0.25) },
  { name: 'capture', isFor: isCpuAgainst('raw-socket source'), ...ratioAtLeast(4) },
  { name: 'capture', isFor: isCase('idle'), ...valueAtMost(2) },
  { name: 'forward', isFor: isCase('iperf3'), ...ratioAtLeast(0.5) },
  {
    name: 'forward',
    isFor: isCase('ping median'),
    text: 'adds at most 300 us',
    holds: ({ added }) => Number(added) <= 300,
  },
];

export function barOf(result: BenchResult): Bar | undefined {
  return BARS.find(({ name, isFor }) => name === result.name && (isFor?.(result) ?? true));
}

/** A result with its bar beside it, and whether it holds; as it is where there is none. */
export function judged(result: BenchResult): BenchResult {
  const bar = barOf(result);
  return bar === undefined ? result : { ...result, bar: bar.text, holds: bar.holds(result) };
}
