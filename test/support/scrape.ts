/**
 * The answer to a scrape in the Prometheus text format, read just far enough for tests: series are named
 * as the text has them, `upe_rule_packets_total{rule="web",action="count"}`.
 */
export class Scrape {
  /** Value of each series, in the order of the text. */
  readonly values: ReadonlyMap<string, number>;
  /** Type of each family. */
  readonly types: ReadonlyMap<string, string>;

  constructor(text: string) {
    const values = new Map<string, number>();
    const types = new Map<string, string>();
    for (const line of text.split('\n')) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line);
      if (type !== null) types.set(type[1], type[2]);
      if (line === '' || line.startsWith('#')) continue;
      const end = line.lastIndexOf(' ');
      values.set(line.slice(0, end), Number(line.slice(end + 1)));
    }
    this.values = values;
    this.types = types;
  }

  /** The value of one series; throws when it is not there, so that a test cannot compare with nothing. */
  value(series: string): number {
    const value = this.values.get(series);
    if (value === undefined) throw new Error(`there is no series ${series}`);
    return value;
  }

  /**
   * The sum over all series of a family.
   *
   * @param label those with this label only, `worker="1"`.
   */
  sum(family: string, label = ''): number {
    let sum = 0;
    for (const [series, value] of this.values) {
      if (familyOf(series) === family && series.includes(label)) sum += value;
    }
    return sum;
  }

  /** Series whose values may only grow: counters, and the buckets, sums and counts of histograms. */
  growing(): Map<string, number> {
    const growing = [...this.values].filter(([series]) => {
      const name = familyOf(series);
      const histogram = name.replace(/_(bucket|sum|count)$/, '');
      return this.types.get(name) === 'counter' || this.types.get(histogram) === 'histogram';
    });
    return new Map(growing);
  }
}

function familyOf(series: string): string {
  return series.split('{', 1)[0];
}
