import type { EngineState } from './engine-state.js';
import type { Sample } from './metric-family.js';
import { RULE_FAMILIES, type RuleFamily } from './rule-families.js';
import type { RulesNotice } from './rule-series.js';

/** The longest that JavaScript writes a number: `-1.2345678901234567e-100`. */
const NUMBER_BYTES_MAX = 24;
const DIGIT_0 = 48;
/** Integers are written nine digits at a time, which fit into 32 bits. */
const NINE_DIGITS = 1e9;

/** One family of one table: what is the same in every scrape. */
interface RenderedFamily {
  readonly family: RuleFamily;
  /** Each line up to its number, all of them one after the other, and where each ends. */
  readonly lineStarts: Buffer;
  readonly lineStartEnds: Int32Array;
  /** All lines whole, where their numbers are fixed too. */
  readonly fixedLines: Buffer | null;
}

interface RenderedTable {
  readonly notice: RulesNotice;
  readonly families: readonly RenderedFamily[];
  /** Room for the longest text that the table can make. */
  readonly text: Buffer;
}

/**
 * The families with a line for each rule, as text. With ten thousand rules they are nearly all of a scrape, and
 * prom-client makes an object and a few strings of every line. Here a line's labels are written once a table, and
 * a scrape copies bytes and writes digits between them, without a string a line. What comes out is the same, byte for
 * byte: prom-client is asked in the tests. (Strings put together took half as long again, and their garbage more.)
 */
export class RuleExposition {
  private rendered: RenderedTable | null = null;

  constructor(private readonly state: EngineState) {}

  /**
   * @param openMetrics true for OpenMetrics, where a counter's family is named without `_total`.
   * @returns the families as prom-client would write them, without a line end behind the last; the caller's own.
   */
  render(openMetrics: boolean): Buffer {
    const { families, text } = this.table();
    let at = 0;
    for (const rendered of families) {
      if (at > 0) at += text.write(openMetrics ? '\n' : '\n\n', at);
      at += text.write(header(rendered.family, openMetrics), at);
      at =
        rendered.fixedLines === null
          ? this.writeLines(rendered, text, at)
          : at + rendered.fixedLines.copy(text, at);
    }
    return Buffer.from(text.subarray(0, at));
  }

  private table(): RenderedTable {
    const { series } = this.state;
    if (this.rendered?.notice === series.notice) return this.rendered;
    const families = RULE_FAMILIES.map((family) => this.prepare(family));
    const bytes = families.reduce(
      (sum, { family, lineStarts, lineStartEnds }) =>
        sum + 2 + header(family, false).length + lineStarts.length + NUMBER_BYTES_MAX * lineStartEnds.length,
      0,
    );
    this.rendered = { notice: series.notice, families, text: Buffer.alloc(bytes) };
    return this.rendered;
  }

  private prepare(family: RuleFamily): RenderedFamily {
    const starts = family
      .labels(this.state.series)
      .map((labels) => Buffer.from(`\n${family.name}{${labelsText(labels)}} `));
    let end = 0;
    const lineStartEnds = Int32Array.from(starts, ({ length }) => (end += length));
    const rendered = { family, lineStarts: Buffer.concat(starts), lineStartEnds, fixedLines: null };
    if (!family.isFixed) return rendered;
    const lines = Buffer.alloc(end + NUMBER_BYTES_MAX * starts.length);
    return { ...rendered, fixedLines: lines.subarray(0, this.writeLines(rendered, lines, 0)) };
  }

  /** Writes all lines of a family. Returns where they end. */
  private writeLines(rendered: RenderedFamily, text: Buffer, first: number): number {
    const { family, lineStarts, lineStartEnds } = rendered;
    const { series, aggregator } = this.state;
    const { slots } = aggregator.totals;
    const entries = family.entries(series);
    let at = first;
    let read = 0;
    for (let i = 0; i < entries.length; i++) {
      // A line's start is too short for `copy` to be worth its call.
      for (const end = lineStartEnds[i]; read < end; read++) text[at++] = lineStarts[read];
      const value = family.value(series, entries[i], slots);
      if (Number.isSafeInteger(value) && value >= 0) at = writeInteger(text, at, value);
      else at += text.write(numberText(value), at, 'latin1');
    }
    return at;
  }
}

/** Writes a whole number from 0 to 2^53 - 1 in decimal. Returns where it ends. */
function writeInteger(text: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let limit = 10; limit <= value; limit *= 10) end++;
  let next = end;
  let rest = value;
  for (; rest >= NINE_DIGITS; rest = Math.floor(rest / NINE_DIGITS)) {
    let digits = (rest % NINE_DIGITS) | 0;
    for (let i = 0; i < 9; i++, digits = (digits / 10) | 0) text[--next] = DIGIT_0 + (digits % 10);
  }
  let digits = rest | 0;
  while (next > at) {
    text[--next] = DIGIT_0 + (digits % 10);
    digits = (digits / 10) | 0;
  }
  return end;
}

/** What is not finite as both formats want it. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value < 0 ? '-Inf' : '+Inf';
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
