import { samplingBounds } from './sampling-error.js';
import type { SpaceSaving } from './space-saving.js';
import type { Estimate, TalkerKey, TalkerMeasure, TalkerWindow } from './talker-window.js';

/** What is known of one flow, source or destination. */
export interface RankedTalker {
  /** As in a record: of a flow protocol, ports, source and destination; an address has its IP version in front. */
  readonly key: Int32Array;
  /** Estimates: what was sampled under its own name. */
  readonly packets: number;
  readonly bytes: number;
  /** Bounds of the measure that was asked for. */
  readonly low: number;
  readonly high: number;
}

export interface TalkerRanking {
  readonly samples: number;
  readonly totals: Readonly<Record<TalkerMeasure, number>>;
  /** Bounds of the total by the measure that was asked for. */
  readonly totalLow: number;
  readonly totalHigh: number;
  /** The heaviest first. */
  readonly talkers: readonly RankedTalker[];
  /** The most that any other one can have, by that measure. */
  readonly unlistedHigh: number;
}

export interface RankingQuestion {
  readonly by: TalkerKey;
  readonly of: TalkerMeasure;
  /** Talkers at most, from 1. */
  readonly limit: number;
}

/** Sums over the windows, of one key. */
interface Sums {
  readonly key: Int32Array;
  counted: number;
  inherited: number;
  variance: number;
  other: number;
}

/**
 * Merges windows that follow each other: what a key may have had in a window without an entry, or before it had one,
 * goes into its upper bound (Agarwal and others, "Mergeable summaries", PODS 2012).
 *
 * @param lost what found no room among the samples; anybody may have had it.
 */
export function rank(
  windows: readonly TalkerWindow[],
  lost: Estimate,
  { by, of, limit }: RankingQuestion,
): TalkerRanking {
  const summaries = windows.map((window) => window.summaries[by][of]);
  const samples = sum(windows.map((window) => window.samples));
  const totals = {
    packets: sum(windows.map((window) => window.totals.packets.estimate)),
    bytes: sum(windows.map((window) => window.totals.bytes.estimate)),
  };
  const variance = sum(windows.map((window) => window.totals[of].variance));
  // Of all packets together: a key of few samples does not know its own.
  const unit = totals[of] > 0 ? variance / totals[of] : 0;
  const lostHigh = lost.estimate > 0 ? samplingBounds(lost.estimate, lost.variance / lost.estimate).high : 0;
  const merged = mergedSums(summaries).sort((a, b) => b.counted - a.counted);
  const total = samplingBounds(totals[of], unit);
  const talkers = merged.slice(0, limit).map((own): RankedTalker => {
    const ownUnit = unitOf(own, unit);
    const [packets, bytes] = of === 'packets' ? [own.counted, own.other] : [own.other, own.counted];
    return {
      key: own.key,
      packets,
      bytes,
      low: samplingBounds(own.counted, ownUnit).low,
      high: samplingBounds(own.counted + own.inherited, ownUnit).high + lostHigh,
    };
  });
  // Of a key without an entry nothing is known: its packets may be as large as the largest that were met.
  const largestUnit = Math.max(unit, ...merged.map((own) => unitOf(own, unit)));
  const unlisted = Math.max(
    samplingBounds(sum(summaries.map(({ unlistedMax }) => unlistedMax)), largestUnit).high,
    ...merged.slice(limit).map((own) => samplingBounds(own.counted + own.inherited, unitOf(own, unit)).high),
  );
  return {
    samples,
    totals,
    totalLow: total.low,
    totalHigh: total.high + lostHigh,
    talkers,
    unlistedHigh: unlisted + lostHigh,
  };
}

/** What one sample of a key stands for: its own, where that is more than the average one. */
function unitOf({ counted, variance }: Sums, unit: number): number {
  return counted > 0 ? Math.max(unit, variance / counted) : unit;
}

function mergedSums(summaries: readonly SpaceSaving[]): Sums[] {
  const merged: Sums[] = [];
  summaries.forEach((summary, window) => {
    const { keys, keyWords } = summary;
    for (let entry = 0; entry < summary.size; entry++) {
      const word = entry * keyWords;
      const hash = summary.hashOf(entry);
      const isIn = (other: SpaceSaving) => other.find(keys, word, hash) >= 0;
      // It was met in an earlier window.
      if (summaries.slice(0, window).some(isIn)) continue;
      const own: Sums = {
        key: keys.slice(word, word + keyWords),
        counted: 0,
        inherited: 0,
        variance: 0,
        other: 0,
      };
      for (const each of summaries) addTo(own, each, each.find(keys, word, hash));
      merged.push(own);
    }
  });
  return merged;
}

function addTo(own: Sums, summary: SpaceSaving, entry: number): void {
  if (entry < 0) {
    own.inherited += summary.unlistedMax;
    return;
  }
  own.counted += summary.counts[entry] - summary.inherited[entry];
  own.inherited += summary.inherited[entry];
  own.variance += summary.variances[entry];
  own.other += summary.others[entry];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
