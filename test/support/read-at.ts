import type { FrameBatch } from '../../src/source/frame-batch.js';
import type { Source } from '../../src/source/source.js';

/** Reads as the rx loop does at that moment of its clock, milliseconds. */
export function readAt(source: Source, batch: FrameBatch, nowMs: number): number {
  batch.nowMs[0] = nowMs;
  return source.read(batch);
}
