import type { Test } from 'tap';
import { type FrameOptions, type Reading, readFrame } from './reading.js';
import { referenceParse } from './reference-parser.js';

/** One frame and what must be read in it; anomalies are none unless they are given. */
export interface FrameRow extends FrameOptions {
  readonly name: string;
  readonly frame: Uint8Array;
  /** Bytes of the frame that were captured: all by default. The wire then still had all. */
  readonly capturedBytes?: number;
  readonly expected: Partial<Reading>;
}

/** Holds both the parser and its oracle to the table, so that they cannot be wrong together. */
export function checkFrames(t: Test, rows: readonly FrameRow[]): void {
  for (const { name, frame, capturedBytes, expected, ...options } of rows) {
    const captured = frame.subarray(0, capturedBytes ?? frame.length);
    const wireBytes = options.wireBytes ?? frame.length;
    const linkType = options.linkType ?? 1;
    const whole = { anomalies: [], ...expected };
    const fields = Object.keys(whole) as (keyof Reading)[];
    const inTable = (reading: Reading) => Object.fromEntries(fields.map((field) => [field, reading[field]]));
    t.strictSame(inTable(readFrame(captured, { wireBytes, linkType })), whole, name);
    t.strictSame(inTable(referenceParse(captured, wireBytes, linkType)), whole, `${name}, by the reference`);
  }
}
