import { CaptureFileError } from '../../errors.js';
import {
  MAGIC_BYTES,
  MAGIC_MICROSECONDS,
  MAGIC_MODIFIED,
  MAGIC_NANOSECONDS,
  MAGIC_PCAPNG,
  notACapture,
} from './capture-format.js';
import { type CaptureInput, INPUT_DRY, INPUT_ENDED } from './capture-input.js';
import { PCAP_HEADER_BYTES, PcapReader } from './pcap-reader.js';
import { PcapngReader } from './pcapng-reader.js';
import type { RecordReader } from './record-reader.js';

/** `CaptureFile.reader` describes the next packet. */
export const PACKET_READ = 1;
/** No packet without new bytes, and none may or can be fetched now. */
export const PACKET_LATER = 0;
/** The file has ended at the end of a record. */
export const PACKET_NONE = -1;

const PCAP_MAGICS: ReadonlySet<number> = new Set([MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, MAGIC_MODIFIED]);

/** One capture file, from its magic to its last packet. */
export class CaptureFile {
  /** Reads this file's format; `null` until the header has been seen. */
  reader: RecordReader | null = null;
  private headerBytes = MAGIC_BYTES;

  /**
   * Opens the file; reads nothing yet.
   *
   * @param file a path, or `-` for standard input.
   * @throws EnvironmentError when it cannot be opened.
   */
  constructor(
    file: string,
    private readonly input: CaptureInput,
  ) {
    input.open(file);
  }

  /**
   * Moves on to the next packet, which `reader` then describes.
   *
   * @param mayMoveBytes false while frames of this file are in use: what is in the buffer already is
   *   read, and nothing more is fetched.
   * @returns `PACKET_READ`, `PACKET_LATER` or `PACKET_NONE`.
   * @throws CaptureFileError at the first damage, after every packet before it.
   * @throws EnvironmentError when the system cannot read the file.
   */
  next(mayMoveBytes: boolean): number {
    for (;;) {
      if (this.reader?.next()) return PACKET_READ;
      if (!mayMoveBytes) return PACKET_LATER;
      const bytesNeeded = this.reader === null ? this.headerBytes : this.reader.bytesNeeded;
      const status = this.input.fill(bytesNeeded);
      if (status === INPUT_DRY) return PACKET_LATER;
      if (status === INPUT_ENDED) {
        this.checkNothingIsCut(bytesNeeded);
        return PACKET_NONE;
      }
      if (this.reader === null) this.readHeader();
    }
  }

  close(): void {
    this.input.close();
  }

  /** Finds the format, or asks for more of the header by way of `headerBytes`. */
  private readHeader(): void {
    const { input } = this;
    const magic = input.view.getUint32(input.begin, false);
    if (magic === MAGIC_PCAPNG) {
      this.reader = new PcapngReader(input);
      return;
    }
    const littleEndian = PCAP_MAGICS.has(input.view.getUint32(input.begin, true));
    if (!littleEndian && !PCAP_MAGICS.has(magic)) throw this.damage(notACapture(input));
    if (this.headerBytes < PCAP_HEADER_BYTES) this.headerBytes = PCAP_HEADER_BYTES;
    else this.reader = new PcapReader(input, littleEndian);
  }

  /** @throws CaptureFileError unless the file ends where a record ends. */
  private checkNothingIsCut(bytesNeeded: number): void {
    const { input, reader } = this;
    const present = input.end - input.begin;
    if (reader === null && present === 0) throw this.damage('the file is empty');
    if (present === 0) return;
    const what = reader === null ? 'file header' : reader.recordName;
    throw this.damage(`the ${what} is cut: ${present} bytes of at least ${bytesNeeded} are there`);
  }

  private damage(reason: string): CaptureFileError {
    return new CaptureFileError(this.input.label, this.input.fileOffset, reason);
  }
}
