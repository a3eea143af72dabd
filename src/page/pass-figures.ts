import type { PassEvent } from './events.js';
import { bitRate, byteCount, count, duration, NO_NUMBER, packetRate, ratio, roughRatio } from './figures.js';

/** How a figure of a pass can be written, by the name that its element bears. */
const FORMATS = {
  count,
  packetRate,
  bitRate,
  byteCount,
  ratio,
  roughRatio,
  seconds: (seconds: number) => duration(seconds * 1000),
} as const;

export type FigureFormat = keyof typeof FORMATS;

/**
 * A figure of a pass.
 *
 * @param path names and positions with points between them, like `workers.0.ring_used`.
 * @returns `null` where there is none yet, and where the path leads nowhere.
 */
export function figureAt(pass: PassEvent, path: string): number | null {
  let value: unknown = pass;
  for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[step];
  return typeof value === 'number' ? value : null;
}

/** A figure of a pass, written. */
export function figureText(pass: PassEvent, path: string, format: FigureFormat): string {
  const value = figureAt(pass, path);
  return value === null ? NO_NUMBER : FORMATS[format](value);
}
