import { Transform } from 'node:stream';
import { Parser, type Result } from 'tap-parser';

/**
 * What `npm test` prints: a line for each test file, the comments of its tests (figures and seeds), everything that
 * is known of each failure, each skipped test with its reason, and the sums. tap's own reporters draw on a terminal, which makes a log
 * of control codes, or print every single assertion.
 */
export default class PlainReporter extends Transform {
  private readonly parser = new Parser({ strict: false });
  private readonly skipped: string[] = [];
  private passCount = 0;
  private failCount = 0;

  constructor() {
    super();
    this.parser.on('pass', () => {
      this.passCount++;
    });
    this.parser.on('fail', (result: Result) => this.reportFailure(result));
    this.parser.on('skip', (result: Result) => {
      this.skipped.push(`${result.fullname}: ${result.skip === true ? 'no reason given' : result.skip}`);
    });
    this.parser.on('assert', (file: Result) => {
      const seconds = file.time === null ? '' : ` (${(file.time / 1000).toFixed(1)} s)`;
      this.push(`${file.ok ? 'ok    ' : 'FAILED'} ${file.name}${seconds}\n`);
    });
    this.parser.on('child', (file: Parser) => this.reportComments(file));
    this.parser.on('bailout', (reason: string) => {
      this.push(`BAILED OUT ${reason}\n`);
    });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.parser.write(chunk.toString());
    done();
  }

  override _flush(done: () => void): void {
    this.parser.end();
    for (const reason of this.skipped) this.push(`skipped ${reason}\n`);
    this.push(`\n${this.passCount} passed, ${this.failCount} failed, ${this.skipped.length} skipped\n`);
    done();
  }

  /** Comments of a file's tests, at any depth, but not what tap itself says of their number and time. */
  private reportComments(parent: Parser): void {
    parent.on('child', (child: Parser) => {
      child.on('comment', (comment: string) => {
        if (!/^# (Subtest|time=|failed|skip:|todo:)/.test(comment))
          this.push(`       ${comment.slice(2).trimEnd()}\n`);
      });
      this.reportComments(child);
    });
  }

  private reportFailure(result: Result): void {
    this.failCount++;
    this.push(`not ok ${result.fullname}\n`);
    for (const [key, value] of Object.entries(result.diag ?? {})) {
      const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value);
      this.push(`    ${key}: ${text.replaceAll('\n', '\n      ')}\n`);
    }
  }
}
