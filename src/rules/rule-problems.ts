import { LineCounter } from 'yaml';
import { type FileProblemsError, RuleFileError, type RuleProblem } from '../errors.js';

/** More than this many problems help nobody: the rest is only counted. */
const REPORTED_PROBLEMS_MAX = 1000;

/**
 * What would move a terminal's cursor, end a line or turn the reading order around: C0 and C1 controls, line
 * separators, and marks of direction. YAML lets a quoted key or value hold any of them, written as an escape.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
const UNSEEN_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The message on one line, with whatever a terminal would not show as its escape. */
export function visible(message: string): string {
  return message.replace(
    UNSEEN_CHARACTERS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A sort of YAML file: what messages call it, and the error that lists its mistakes. */
export interface FileKind {
  readonly noun: string;
  readonly Error: new (file: string, problems: readonly RuleProblem[]) => FileProblemsError;
}

export const RULE_FILE: FileKind = { noun: 'rule file', Error: RuleFileError };

/** Collects the problems of one file, so that all of them can be reported together. */
export class ProblemLog {
  private readonly lines = new LineCounter();
  private readonly problems: RuleProblem[] = [];
  private readonly seen = new Set<string>();
  private readonly badLines = new Set<number>();
  private sealedLines: ReadonlySet<number> = new Set();

  /**
   * @param file the file's name, as the user gave it.
   * @param source the file's text; offsets count its UTF-16 units.
   */
  constructor(
    private readonly file: string,
    source: string,
    readonly kind: FileKind = RULE_FILE,
  ) {
    this.lines.addNewLine(0);
    for (let i = source.indexOf('\n'); i !== -1; i = source.indexOf('\n', i + 1))
      this.lines.addNewLine(i + 1);
  }

  /** The line, from 1, that an offset into the source lies in. */
  lineOf(offset: number): number {
    return this.lines.linePos(offset).line;
  }

  /**
   * Adds a problem, once: a value behind an alias is judged by every rule that uses it.
   *
   * @param offset where in the source, from 0.
   */
  add(offset: number, message: string): void {
    const { line, col } = this.lines.linePos(offset);
    const key = `${line}:${col}:${message}`;
    if (this.sealedLines.has(line) || this.seen.has(key)) return;
    this.seen.add(key);
    this.badLines.add(line);
    this.problems.push({ line, column: col, message: visible(message) });
  }

  /** True when the line that the offset lies in has a problem already. */
  hasProblemInLineOf(offset: number): boolean {
    return this.badLines.has(this.lineOf(offset));
  }

  /**
   * Ends the reading of the text: a line that could not be read as YAML gets no complaint about its
   * meaning as well, because that would only judge a guess.
   */
  sealLines(): void {
    this.sealedLines = new Set(this.badLines);
  }

  /** @throws the error of its kind with every problem so far, in the order of the file, when there is one. */
  throwIfAny(): void {
    if (this.problems.length === 0) return;
    const sorted = this.problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const reported = sorted.slice(0, REPORTED_PROBLEMS_MAX);
    const first = sorted[REPORTED_PROBLEMS_MAX];
    if (first !== undefined) {
      const more = sorted.length - REPORTED_PROBLEMS_MAX;
      reported.push({ ...first, message: `${more} more problems from here on; correct those above first` });
    }
    throw new this.kind.Error(this.file, reported);
  }
}
