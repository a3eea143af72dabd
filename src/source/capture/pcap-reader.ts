import { isSupportedLinkType } from '../../protocol/link-type.js';
import { MAGIC_MODIFIED, MAGIC_NANOSECONDS, unsupportedLinkType } from './capture-format.js';
import type { CaptureInput } from './capture-input.js';
import { RecordReader } from './record-reader.js';

/** Bytes of the file header that `PcapReader` expects at `input.begin`. */
export const PCAP_HEADER_BYTES = 24;

const RECORD_HEADER_BYTES = 16;
const MODIFIED_RECORD_HEADER_BYTES = 24;

/** libpcap's MAXIMUM_SNAPLEN: what a record may hold whatever the file's snaplen says. */
const CAPTURED_BYTES_MAX = 262_144;
/** A larger snaplen permits larger records, but a damaged one must not make the buffer grow without end. */
const SNAPLEN_BELIEVED_MAX = 16 * 1024 * 1024;

/** Before version 2.3 the original length came first. */
const LENGTHS_SWAPPED = 2;
/** Some writers of version 2.3 had already changed and others had not; libpcap looks at each record. */
const LENGTHS_MAYBE_SWAPPED = 1;
const LENGTHS_IN_ORDER = 0;

/**
 * Reads the classic pcap format as libpcap does (sf-pcap.c; draft-ietf-opsawg-pcap), except for one
 * thing: a record longer than the file's snaplen is delivered whole. libpcap cuts it because its callers
 * may have buffers of that size; the bytes are in the file, and UPE's buffers do not depend on it.
 */
export class PcapReader extends RecordReader {
  readonly recordName = 'packet record';
  private readonly littleEndian: boolean;
  private readonly recordHeaderBytes: number;
  private readonly fractionsPerMs: number;
  private readonly lengthOrder: number;
  private readonly capturedBytesMax: number;

  /**
   * Consumes the file header.
   *
   * @param input holds `PCAP_HEADER_BYTES` bytes or more, the first four a magic of pcap.
   * @param littleEndian the byte order that the magic was found in.
   * @throws CaptureFileError for a version or a link type that is not supported.
   */
  constructor(input: CaptureInput, littleEndian: boolean) {
    super(input);
    const { view, begin } = input;
    const magic = view.getUint32(begin, littleEndian);
    const versionMajor = view.getUint16(begin + 4, littleEndian);
    const versionMinor = view.getUint16(begin + 6, littleEndian);
    const snaplen = view.getUint32(begin + 16, littleEndian);
    const linkField = view.getUint32(begin + 20, littleEndian);

    this.littleEndian = littleEndian;
    this.recordHeaderBytes = magic === MAGIC_MODIFIED ? MODIFIED_RECORD_HEADER_BYTES : RECORD_HEADER_BYTES;
    this.fractionsPerMs = magic === MAGIC_NANOSECONDS ? 1_000_000 : 1_000;
    this.lengthOrder = lengthOrder(versionMajor, versionMinor);
    this.capturedBytesMax = Math.max(CAPTURED_BYTES_MAX, Math.min(snaplen, SNAPLEN_BELIEVED_MAX));
    if (this.lengthOrder < 0) {
      const versions = 'versions 2.0 to 2.4 and 543.0 are supported';
      throw this.damage(`pcap version ${versionMajor}.${versionMinor} is not supported; ${versions}`);
    }
    // The bits above 25 tell the length of a frame check sequence and do not matter here.
    if ((linkField & 0x03ff_0000) !== 0) {
      throw this.damage(`bits 16 to 25 of the link type field 0x${linkField.toString(16)} must be zero`);
    }
    this.linkType = linkField & 0xffff;
    if (!isSupportedLinkType(this.linkType)) throw this.damage(unsupportedLinkType(this.linkType));
    input.begin = begin + PCAP_HEADER_BYTES;
  }

  override next(): boolean {
    const { input, littleEndian } = this;
    const { view, begin } = input;
    const available = input.end - begin;
    if (available < this.recordHeaderBytes) {
      this.bytesNeeded = this.recordHeaderBytes;
      return false;
    }
    let capturedBytes = view.getUint32(begin + 8, littleEndian);
    let originalBytes = view.getUint32(begin + 12, littleEndian);
    if (
      this.lengthOrder === LENGTHS_SWAPPED ||
      (this.lengthOrder === LENGTHS_MAYBE_SWAPPED && capturedBytes > originalBytes)
    ) {
      const first = capturedBytes;
      capturedBytes = originalBytes;
      originalBytes = first;
    }
    if (capturedBytes > this.capturedBytesMax) {
      const max = this.capturedBytesMax;
      throw this.damage(`the packet record claims ${capturedBytes} captured bytes; the most is ${max}`);
    }
    const recordBytes = this.recordHeaderBytes + capturedBytes;
    if (available < recordBytes) {
      this.bytesNeeded = recordBytes;
      return false;
    }
    // The fraction is taken as it is: writers exist that let it pass a whole second.
    const fraction = view.getUint32(begin + 4, littleEndian);
    this.timestampMs = view.getUint32(begin, littleEndian) * 1000 + fraction / this.fractionsPerMs;
    this.frameOffset = begin + this.recordHeaderBytes;
    this.setLengths(capturedBytes, originalBytes);
    input.begin = begin + recordBytes;
    return true;
  }
}

/** @returns one of the LENGTHS constants, -1 for a version that libpcap refuses as well. */
function lengthOrder(versionMajor: number, versionMinor: number): number {
  // DG/UX tcpdump wrote version 543.0 with the lengths in the old order.
  if (versionMajor === 543 && versionMinor === 0) return LENGTHS_SWAPPED;
  if (versionMajor !== 2 || versionMinor > 4) return -1;
  if (versionMinor < 3) return LENGTHS_SWAPPED;
  return versionMinor === 3 ? LENGTHS_MAYBE_SWAPPED : LENGTHS_IN_ORDER;
}
