import {
  isSupportedLinkType,
  LINK_ETHERNET,
  LINK_RAW,
  SUPPORTED_LINK_TYPES,
} from '../../protocol/link-type.js';
import { Mistake } from '../rule-problems.js';

/** More than any link carries. */
export const FRAME_BYTES_MAX = 262_144;
/** A text of so many characters cannot be a frame, however much lies between its digits. */
const CHARACTERS_MAX = 8 * FRAME_BYTES_MAX;
/** What tcpdump -xx and xxd put in front of a line: an offset. */
const LINE_OFFSET = /^\s*(?:0x)?[0-9a-fA-F]{4,8}:\s+/;
/** The characters that xxd and tcpdump -XX put behind the bytes. */
const LINE_CHARACTERS = /\s{2,}.*$/;
const DIGITS_NEEDED = 'give two hexadecimal digits for each byte of the frame';

/**
 * Reads a frame that somebody has written as hexadecimal digits: one behind the other, with white space or colons
 * between them, or as `tcpdump -xx` and `xxd` print it.
 *
 * @returns the bytes, at least one.
 */
export function parseHexFrame(text: string): Uint8Array | Mistake {
  if (text.length > CHARACTERS_MAX) return new Mistake(`a frame has at most ${FRAME_BYTES_MAX} bytes`);
  const digits = text.split('\n').map(lineDigits).join('').replace(/^0x/, '');
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
