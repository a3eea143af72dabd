import { isSupportedLinkType } from '../../protocol/link-type.js';
import { unsupportedLinkType } from './capture-format.js';

/** What the packets of one interface of a pcapng section need to be read. */
export interface PcapngInterface {
  readonly linkType: number;
  /** Bytes that a capture of this interface keeps of a packet; `Infinity` where no limit is given. */
  readonly snaplen: number;
  /** Milliseconds that one unit of a timestamp stands for. */
  readonly unitMs: number;
  /** Milliseconds to add to every timestamp. */
  readonly offsetMs: number;
}

const FIXED_BYTES = 8;
const OPTION_HEADER_BYTES = 4;
const OPTION_END = 0;
const OPTION_TIMESTAMP_RESOLUTION = 9;
const OPTION_TIMESTAMP_OFFSET = 14;

/** The highest exponents whose resolution fits 64 bits, as in libpcap. */
const DECIMAL_EXPONENT_MAX = 19;
const BINARY_EXPONENT_MAX = 63;

/**
 * Reads the body of an Interface Description Block (draft-ietf-opsawg-pcapng, section 4.2).
 *
 * @param view the memory that the block lies in.
 * @param begin where its body begins, behind type and length.
 * @param end where its trailer begins.
 * @param littleEndian byte order of the section.
 * @returns the interface, or the reason why the block cannot be used.
 */
export function readPcapngInterface(
  view: DataView,
  begin: number,
  end: number,
  littleEndian: boolean,
): PcapngInterface | string {
  if (end - begin < FIXED_BYTES) return 'the interface description is too short for its fixed fields';
  const linkType = view.getUint16(begin, littleEndian);
  if (!isSupportedLinkType(linkType)) return unsupportedLinkType(linkType);
  const snaplen = view.getUint32(begin + 4, littleEndian) || Infinity;

  let unitMs = 1e-3;
  let offsetMs = 0;
  let at = begin + FIXED_BYTES;
  while (at < end) {
    const valueAt = at + OPTION_HEADER_BYTES;
    if (valueAt > end) return 'an option of the interface description is cut';
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    if (code === OPTION_END) break;
    // Values are padded to a multiple of four bytes.
    at = valueAt + ((length + 3) & ~3);
    if (at > end) return `option ${code} of the interface description runs past its block`;
    if (code === OPTION_TIMESTAMP_RESOLUTION) {
      if (length !== 1) return `if_tsresol has ${length} bytes; it must have 1`;
      const resolution = view.getUint8(valueAt);
      unitMs = unitOfResolution(resolution);
      if (unitMs < 0) return `if_tsresol 0x${resolution.toString(16)} is too fine for 64-bit timestamps`;
    } else if (code === OPTION_TIMESTAMP_OFFSET) {
      if (length !== 8) return `if_tsoffset has ${length} bytes; it must have 8`;
      offsetMs = Number(view.getBigInt64(valueAt, littleEndian)) * 1000;
    }
  }
  return { linkType, snaplen, unitMs, offsetMs };
}

/** @returns milliseconds of one timestamp unit, -1 when the exponent is out of range. */
function unitOfResolution(resolution: number): number {
  const exponent = resolution & 0x7f;
  const isBinary = (resolution & 0x80) !== 0;
  if (exponent > (isBinary ? BINARY_EXPONENT_MAX : DECIMAL_EXPONENT_MAX)) return -1;
  return isBinary ? 1000 / 2 ** exponent : 1000 / 10 ** exponent;
}
