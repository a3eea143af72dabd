import { type Html, html } from './markup.js';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Where there is no number yet, or none that means anything. */
const NO_NUMBER = '–';

/** A count with its thousands separated: 1,234,567. */
export function count(value: number): string {
  return whole.format(value);
}

/** Packets per second; those that come rarely with a digit after the point. */
export function packetRate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return NO_NUMBER;
  return `${perSecond > 0 && perSecond < 100 ? oneDigit.format(perSecond) : whole.format(perSecond)}/s`;
}

/** Bytes per second as bits: 312.4 Mbit/s. */
export function bitRate(bytesPerSecond: number): string {
  if (!Number.isFinite(bytesPerSecond)) return NO_NUMBER;
  let value = bytesPerSecond * 8;
  let unit = 0;
  const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'];
  // What would be written as 1,000.0 is 1.0 of the next unit.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? whole.format(value) : oneDigit.format(value)} ${units[unit]}`;
}

/** A part of a whole, in per cent; one that is not nothing is never written as 0. */
export function share(part: number, all: number): string {
  if (all === 0) return NO_NUMBER;
  if (part === 0) return '0 %';
  const percent = (part / all) * 100;
  return percent < 0.01 ? '< 0.01 %' : `${twoDigits.format(percent)} %`;
}

/** A time span, in its two largest units: 2 d 3 h, 12 min 5 s, 40 s. Below 0 (a clock that was set) it is 0 s. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = units.findIndex(([value]) => value > 0);
  if (first === -1) return '0 s';
  return units
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** How long before `nowMs` something was, with the moment itself for programs and on demand. Unix times, milliseconds. */
export function ago(atMs: number, nowMs: number): Html {
  const moment = new Date(atMs).toISOString();
  const text = nowMs - atMs < 1000 ? 'now' : `${duration(nowMs - atMs)} ago`;
  return html`<time datetime="${moment}" title="${moment}">${text}</time>`;
}
