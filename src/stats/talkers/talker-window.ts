import { RECORD_WORDS } from '../../ring/sample-ring-layout.js';
import { RECORD_KEYS } from './record-keys.js';
import { NO_FLOW, type SampleBatch } from './sample-batch.js';
import { SpaceSaving } from './space-saving.js';

/** What packets are told apart by, in the order of `RECORD_KEYS`, and how they are weighed, in that of a batch. */
export const TALKER_KEYS = ['flow', 'source', 'destination'] as const;
export type TalkerKey = (typeof TALKER_KEYS)[number];
export const TALKER_MEASURES = ['packets', 'bytes'] as const;
export type TalkerMeasure = (typeof TALKER_MEASURES)[number];

/** An estimate and its sampling variance. */
export interface Estimate {
  estimate: number;
  variance: number;
}

/** What was sampled in one stretch of time: the sums, and the heaviest by each key and measure. */
export class TalkerWindow {
  samples = 0;
  readonly totals: Readonly<Record<TalkerMeasure, Estimate>> = {
    packets: { estimate: 0, variance: 0 },
    bytes: { estimate: 0, variance: 0 },
  };
  readonly summaries: Readonly<Record<TalkerKey, Readonly<Record<TalkerMeasure, SpaceSaving>>>>;

  /** The same in a row, and whose numbers they want. */
  private readonly counted: readonly {
    readonly summary: SpaceSaving;
    readonly key: number;
    readonly measure: number;
  }[];

  /** @param entries of each summary at most. */
  constructor(entries: number) {
    const [flow, source, destination] = RECORD_KEYS.map(({ words }) => ({
      packets: new SpaceSaving(entries, words),
      bytes: new SpaceSaving(entries, words),
    }));
    this.summaries = { flow, source, destination };
    this.counted = TALKER_KEYS.flatMap((name, key) =>
      TALKER_MEASURES.map((of, measure) => ({ summary: this.summaries[name][of], key, measure })),
    );
  }

  /**
   * Counts flows of a batch.
   *
   * @param last of a chain of them.
   */
  add(batch: SampleBatch, last: number): void {
    for (let flow = last; flow !== NO_FLOW; flow = batch.before[flow]) this.samples += batch.samples[flow];
    TALKER_MEASURES.forEach((of, measure) => {
      const total = this.totals[of];
      for (let flow = last; flow !== NO_FLOW; flow = batch.before[flow]) {
        total.estimate += batch.amounts[measure][flow];
        total.variance += batch.variances[measure][flow];
      }
    });
    // One place that counts, in a loop: V8 would copy all of it to each of six, and work 40 ms on that.
    for (const { summary, key, measure } of this.counted) count(summary, key, measure, batch, last);
  }

  clear(): void {
    if (this.samples === 0) return;
    this.samples = 0;
    for (const measure of TALKER_MEASURES) {
      this.totals[measure].estimate = 0;
      this.totals[measure].variance = 0;
      for (const key of TALKER_KEYS) this.summaries[key][measure].clear();
    }
  }
}

/** Counts a chain of flows by one of their keys, and by one measure. */
function count(summary: SpaceSaving, key: number, measure: number, batch: SampleBatch, last: number): void {
  const { records, before } = batch;
  const hashes = batch.hashes[key];
  const amounts = batch.amounts[measure];
  const variances = batch.variances[measure];
  const others = batch.amounts[1 - measure];
  const { word } = RECORD_KEYS[key];
  for (let flow = last; flow !== NO_FLOW; flow = before[flow]) {
    // Frames of no bytes weigh nothing.
    if (amounts[flow] === 0) continue;
    const at = flow * RECORD_WORDS + word;
    summary.add(records, at, hashes[flow], amounts[flow], variances[flow], others[flow]);
  }
}
