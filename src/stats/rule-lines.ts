import { decimalBytes, writeDecimal } from './decimal.js';

/**
 * The lines of one family as text, with a number at the end of each.
 *
 * What stands before the numbers never changes, and numbers grow, so most of them have as many digits as at the time
 * before: they are written where the old ones are. Where one has become longer or shorter, the text is put together
 * anew from the stretches between such numbers.
 */
export class RuleLines {
  private text: Buffer;
  /** Of each line, in `text`: where its number ends, and how many bytes it has. */
  private readonly numberEnds: Int32Array;
  private readonly numberBytes: Uint8Array;
  /** Of each line, while they are written: what its number is now, and how many bytes that takes. */
  private readonly values: Float64Array;
  private readonly newBytes: Uint8Array;

  /** @param starts each line up to its number, with the line end before it. */
  constructor(starts: readonly string[]) {
    const bytes = starts.map((start) => Buffer.from(start));
    let end = 0;
    this.numberEnds = Int32Array.from(bytes, ({ length }) => (end += length));
    this.text = Buffer.concat(bytes);
    this.numberBytes = new Uint8Array(starts.length);
    this.newBytes = new Uint8Array(starts.length);
    this.values = new Float64Array(starts.length);
  }

  /**
   * The text with these numbers. It is good until the next call, which may write into it.
   *
   * @param numberOf the number of a line, by its place.
   */
  with(numberOf: (line: number) => number): Buffer {
    const { values, numberBytes, newBytes, numberEnds } = this;
    let keepsLengths = true;
    for (let line = 0; line < values.length; line++) {
      values[line] = numberOf(line);
      newBytes[line] = decimalBytes(values[line]);
      if (newBytes[line] !== numberBytes[line]) keepsLengths = false;
    }
    if (!keepsLengths) this.space();
    for (let line = 0; line < values.length; line++) {
      writeDecimal(this.text, numberEnds[line] - numberBytes[line], numberEnds[line], values[line]);
    }
    return this.text;
  }

  /** Makes room for numbers of `newBytes`. */
  private space(): void {
    const { numberBytes, newBytes, numberEnds } = this;
    let growth = 0;
    for (let line = 0; line < newBytes.length; line++) growth += newBytes[line] - numberBytes[line];
    const spaced = Buffer.allocUnsafeSlow(this.text.length + growth);
    let from = 0;
    let to = 0;
    for (let line = 0; line < newBytes.length; line++) {
      if (newBytes[line] !== numberBytes[line]) {
        const oldEnd = numberEnds[line];
        to += this.text.copy(spaced, to, from, oldEnd - numberBytes[line]) + newBytes[line];
        from = oldEnd;
        numberBytes[line] = newBytes[line];
      }
      numberEnds[line] += to - from;
    }
    this.text.copy(spaced, to, from);
    this.text = spaced;
  }
}
