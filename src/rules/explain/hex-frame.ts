import {
  isSupportedLinkType,
  LINK_ETHERNET,
  LINK_RAW,
  SUPPORTED_LINK_TYPES,
} from '../../protocol/link-type.js';
import { Mistake } from '../mistake.js';

/** More than any link carries. */
export const FRAME_BYTES_MAX = 262_144;
/** A text of so many characters cannot be a frame, however much lies between its digits. */
const CHARACTERS_MAX = 8 * FRAME_BYTES_MAX;
/** What tcpdump -xx and xxd put in front of a line: an offset. */
const LINE_OFFSET = /^\s*(?:0x)?([0-9a-fA-F]{4,8}):\s+/;
/** The characters that xxd and tcpdump -XX put behind the bytes. */
const LINE_CHARACTERS = /\s{2,}.*$/;
/** A line of digits; tcpdump's summary of a packet, one line or several, is never such. */
const LINE_DIGITS = /^[0-9a-fA-F\s:]+$/;
const DIGITS_NEEDED = 'give two hexadecimal digits for each byte of the frame';

/**
 * Reads a frame that somebody has written as hexadecimal digits: one behind the other, with white space or colons
 * between them, or as `tcpdump -xx` and `xxd` print it, what tcpdump says of the packet included.
 *
 * @returns the bytes, at least one.
 */
export function parseHexFrame(text: string): Uint8Array | Mistake {
  if (text.length > CHARACTERS_MAX) return new Mistake(`a frame has at most ${FRAME_BYTES_MAX} bytes`);
  const frames = framesOf(text.split('\n'));
  if (frames.length > 1) {
    return new Mistake(`these are the bytes of ${frames.length} frames; give those of one (tcpdump -c1)`);
  }
  const digits = frames.flat().map(lineDigits).join('').replace(/^0x/, '');
  const wrong = /[^0-9a-fA-F]/.exec(digits);
  if (wrong !== null) return new Mistake(`${JSON.stringify(wrong[0])} is no digit; ${DIGITS_NEEDED}`);
  if (digits === '') return new Mistake(`there are no digits; ${DIGITS_NEEDED}`);
  if (digits.length % 2 !== 0) {
    return new Mistake(`${digits.length} digits make no whole number of bytes; ${DIGITS_NEEDED}`);
  }
  const bytes = digits.length / 2;
  if (bytes > FRAME_BYTES_MAX) return new Mistake(`${bytes} bytes; a frame has at most ${FRAME_BYTES_MAX}`);
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/**
 * The lines of each frame, where there are offsets in front of them; otherwise all lines. Beside them tcpdump says what
 * the packet is, on a line that is not indented and others that are. Bytes that it cannot read it prints as well: of the
 * several dumps of one packet, the last one is the frame.
 */
function framesOf(lines: readonly string[]): readonly (readonly string[])[] {
  if (!lines.some((line) => LINE_OFFSET.test(line))) return [lines];
  const frames: string[][] = [];
  let isNew = true;
  let isNamed = false;
  for (const line of lines.filter((own) => own.trim() !== '')) {
    const offset = LINE_OFFSET.exec(line)?.[1];
    if (offset === undefined && !LINE_DIGITS.test(line)) {
      if (/^\S/.test(line)) isNew = isNamed = true;
      continue;
    }
    const isBeginning = offset !== undefined && Number.parseInt(offset, 16) === 0;
    if (isBeginning && isNamed && !isNew) frames.pop();
    if (isBeginning || frames.length === 0) frames.push([]);
    if (isBeginning) isNew = false;
    frames[frames.length - 1].push(line);
  }
  return frames;
}

function lineDigits(line: string): string {
  const bytes = line.replace(LINE_OFFSET, '');
  const own = bytes === line ? line : bytes.trimEnd().replace(LINE_CHARACTERS, '');
  return own.replace(/[\s:]/g, '');
}

const LINK_TYPE_NAMES: ReadonlyMap<string, number> = new Map([
  ['ethernet', LINK_ETHERNET],
  ['ip', LINK_RAW],
]);

/** Reads what a frame begins with: a name, or a number as capture files have it. */
export function parseLinkType(text: string): number | Mistake {
  const named = LINK_TYPE_NAMES.get(text);
  if (named !== undefined) return named;
  const number = /^(0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : -1;
  if (isSupportedLinkType(number)) return number;
  return new Mistake(
    `${JSON.stringify(text.slice(0, 80))} is no link type that carries IP; write ethernet, ip, or a number: ${SUPPORTED_LINK_TYPES}`,
  );
}
