/*
 * Numbers as both text formats of Prometheus have them and prom-client writes them, into bytes: counters, and moments
 * in seconds that are whole milliseconds, without a string for each. Any other number is a string on its way.
 */

/** Integers are written nine digits at a time, which fit into 32 bits. */
const NINE_DIGITS = 1e9;
const DIGIT_0 = 48;
const POINT = 46;
/** The largest number of thousandths that is written as such: below it no two decimals of that form are one double. */
const THOUSANDTHS_MAX = 1e15;

/** How many bytes any number takes: 1 to 24, as -1.2345678901234567e-100 does. */
export function decimalBytes(value: number): number {
  if (isWhole(value)) return digitsOf(value);
  const thousandths = thousandthsOf(value);
  if (thousandths < 0) return numberText(value).length;
  return digitsOf(Math.floor(thousandths / 1000)) + 1 + fractionDigits(thousandths % 1000);
}

/** Writes a number, which takes the bytes from `start` to `end`: `decimalBytes` of it. */
export function writeDecimal(text: Buffer, start: number, end: number, value: number): void {
  if (isWhole(value)) {
    writeWhole(text, start, end, value);
    return;
  }
  const thousandths = thousandthsOf(value);
  if (thousandths < 0) {
    text.write(numberText(value), start, 'latin1');
    return;
  }
  let fraction = thousandths % 1000;
  const digits = fractionDigits(fraction);
  const point = end - digits - 1;
  if (digits < 3) fraction /= digits === 1 ? 100 : 10;
  writeWhole(text, point + 1, end, fraction);
  text[point] = POINT;
  writeWhole(text, start, point, Math.floor(thousandths / 1000));
}

/** From 0 up. -0 is one of them: it is written as 0, as a string of it is. */
function isWhole(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value;
}

/** How many thousandths a number is; -1 where it is not some of them, from 1 up. */
function thousandthsOf(value: number): number {
  const thousandths = Math.round(value * 1000);
  return thousandths > 0 && thousandths < THOUSANDTHS_MAX && thousandths / 1000 === value ? thousandths : -1;
}

/** Digits behind the point, without zeros at the end, for 1 to 999 thousandths. */
function fractionDigits(thousandths: number): number {
  if (thousandths % 100 === 0) return 1;
  return thousandths % 10 === 0 ? 2 : 3;
}

function digitsOf(whole: number): number {
  let digits = 1;
  for (let limit = 10; limit <= whole; limit *= 10) digits++;
  return digits;
}

/** Writes a whole number with zeros in front down to `start`. */
function writeWhole(text: Buffer, start: number, end: number, whole: number): void {
  let next = end;
  let rest = whole;
  for (; rest >= NINE_DIGITS; rest = Math.floor(rest / NINE_DIGITS)) {
    let digits = (rest % NINE_DIGITS) | 0;
    for (let i = 0; i < 9; i++, digits = (digits / 10) | 0) text[--next] = DIGIT_0 + (digits % 10);
  }
  let digits = rest | 0;
  while (next > start) {
    text[--next] = DIGIT_0 + (digits % 10);
    digits = (digits / 10) | 0;
  }
}

/** Any number, and what is none or not finite as both formats want it. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value < 0 ? '-Inf' : '+Inf';
}
