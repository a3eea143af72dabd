/** How numbers are written: on the page as it is sent, and by the script that renews them there. */
const whole = lateFormat({ maximumFractionDigits: 0 });
const oneDigit = lateFormat({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDigits = lateFormat({ minimumFractionDigits: 2, maximumFractionDigits: 2 });

const upToTwoDigits = lateFormat({ maximumFractionDigits: 2 });

/** Where there is no number yet, or none that means anything. */
export const NO_NUMBER = '–';

/** A count with its thousands separated: 1,234,567. */
export function count(value: number): string {
  return whole(value);
}

/** Of how many packets one was looked at, on average, as closely as the API tells it: 1.08, 8, 1,024. */
export function sampledOneIn(oneIn: number): string {
  return upToTwoDigits(oneIn);
}

/** Packets per second; those that come rarely with a digit after the point. */
export function packetRate(perSecond: number | null): string {
  if (perSecond === null || !Number.isFinite(perSecond)) return NO_NUMBER;
  return `${perSecond > 0 && perSecond < 100 ? oneDigit(perSecond) : whole(perSecond)}/s`;
}

/** Bytes per second as bits: 312.4 Mbit/s. */
export function bitRate(bytesPerSecond: number | null): string {
  if (bytesPerSecond === null || !Number.isFinite(bytesPerSecond)) return NO_NUMBER;
  return scaled(bytesPerSecond * 8, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s']);
}

/** Bytes in decimal units: 1.3 GB. */
export function byteCount(bytes: number): string {
  return scaled(bytes, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** A part of a whole, in per cent; one that is not nothing is never written as 0. */
export function share(part: number, all: number): string {
  return all === 0 ? NO_NUMBER : ratio(part / all);
}

/** A part of 1, in per cent: as `share`. */
export function ratio(part: number | null): string {
  if (part === null || !Number.isFinite(part)) return NO_NUMBER;
  if (part === 0) return '0 %';
  const percent = part * 100;
  return percent < 0.01 ? '< 0.01 %' : `${twoDigits(percent)} %`;
}

/** A part of 1 that nobody needs to know closely: 37 %. */
export function roughRatio(part: number | null): string {
  return part === null || !Number.isFinite(part) ? NO_NUMBER : `${whole(part * 100)} %`;
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

/** How long before `nowMs` something was: 12 s ago. Unix times, milliseconds. */
export function agoText(atMs: number, nowMs: number): string {
  return nowMs - atMs < 1000 ? 'now' : `${duration(nowMs - atMs)} ago`;
}

function scaled(value: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  // What would be written as 1,000.0 is 1.0 of the next unit.
  while (rest >= 999.95 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 ? whole(rest) : oneDigit(rest)} ${units[unit]}`;
}

/** A format that is made when it is first used: the first one of a thread takes 15 ms, and most never write a page. */
function lateFormat(options: Intl.NumberFormatOptions): (value: number) => string {
  let format: Intl.NumberFormat | null = null;
  return (value) => {
    format ??= new Intl.NumberFormat('en-US', options);
    return format.format(value);
  };
}
