import type { EngineState } from './engine-state.js';
import type { Sample } from './metric-family.js';
import { RULE_FAMILIES, type RuleFamily } from './rule-families.js';
import { RuleLines } from './rule-lines.js';
import type { RulesNotice } from './rule-series.js';

/** One family of one table. */
interface FamilyLines {
  readonly family: RuleFamily;
  readonly lines: RuleLines;
  /** The text of all lines, where their numbers are fixed too. */
  readonly fixedText: Buffer | null;
}

interface TableLines {
  readonly notice: RulesNotice;
  readonly families: readonly FamilyLines[];
}

/**
 * The families with a line for each rule, as text. With ten thousand rules they are nearly all of a scrape, and
 * prom-client makes an object and a few strings of every line. Here a line's labels are written once a table, and
 * a scrape writes numbers behind them, without a string a line. What comes out is the same, byte for
 * byte: prom-client is asked in the tests.
 */
export class RuleExposition {
  private tableLines: TableLines | null = null;

  constructor(private readonly state: EngineState) {}

  /**
   * @param openMetrics true for OpenMetrics, where a counter's family is named without `_total`.
   * @returns the families as prom-client would write them, without a line end behind the last; the caller's own.
   */
  render(openMetrics: boolean): Buffer {
    const separator = openMetrics ? '\n' : '\n\n';
    return Buffer.concat(
      this.families().flatMap(({ family, lines, fixedText }, i) => [
        Buffer.from((i > 0 ? separator : '') + header(family, openMetrics)),
        fixedText ?? this.written(family, lines),
      ]),
    );
  }

  private families(): readonly FamilyLines[] {
    const { notice } = this.state.series;
    if (this.tableLines?.notice !== notice) {
      this.tableLines = { notice, families: RULE_FAMILIES.map((family) => this.prepare(family)) };
    }
    return this.tableLines.families;
  }

  private prepare(family: RuleFamily): FamilyLines {
    const starts = family
      .labels(this.state.series)
      .map((labels) => `\n${family.name}{${labelsText(labels)}} `);
    const lines = new RuleLines(starts);
    return { family, lines, fixedText: family.isFixed ? this.written(family, lines) : null };
  }

  private written(family: RuleFamily, lines: RuleLines): Buffer {
    const { series, aggregator } = this.state;
    const { slots } = aggregator.totals;
    const entries = family.entries(series);
    return lines.with((line) => family.value(series, entries[line], slots));
  }
}

function header({ name, help, type }: RuleFamily, openMetrics: boolean): string {
  const title = openMetrics && type === 'counter' ? name.replace(/_total$/, '') : name;
  return `# HELP ${title} ${help}\n# TYPE ${title} ${type}`;
}

/** Escapes as the text format wants it: backslash, line end, quotation mark. */
function labelsText(labels: Sample['labels']): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${String(value).replace(/[\\\n"]/g, escaped)}"`)
    .join(',');
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}
