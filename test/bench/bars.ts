import type { BenchResult } from './measure.js';

/** What a figure has to be. */
interface Bar {
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
const isCase = (name: string) => (result: BenchResult) => result.case === name;
const isCpuAgainst = (peer: string) => (result: BenchResult) =>
  result.case === 'CPU time' && result.peer === peer;

/** A figure without a bar is reported, and that is all. */
const BARS: readonly Bar[] = [
  { name: 'pipeline', isFor: (result) => hasPeer(result) && result.rules === 1, ...ratioAtLeast(1) },
  { name: 'pipeline', isFor: (result) => hasPeer(result) && result.rules === 1000, ...ratioAtLeast(20) },
  { name: 'pipeline', isFor: (result) => hasPeer(result) && result.rules === 10_000, ...ratioAtLeast(100) },
  { name: 'ring', isFor: hasPeer, ...ratioAtLeast(1.3) },
  { name: 'replay', isFor: ({ packets }) => packets === 1_000_000, ...valueAtLeast(3) },
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

/** A result with its bar beside it, and whether it holds; as it is where there is none. */
export function judged(result: BenchResult): BenchResult {
  const bar = BARS.find(({ name, isFor }) => name === result.name && (isFor?.(result) ?? true));
  return bar === undefined ? result : { ...result, bar: bar.text, holds: bar.holds(result) };
}
