import { MAGIC_PCAPNG } from './capture-format.js';
import { type PcapngInterface, readPcapngInterface } from './pcapng-interface.js';
import { NO_TIMESTAMP_MS, RecordReader } from './record-reader.js';

const BLOCK_SECTION_HEADER = MAGIC_PCAPNG;
const BLOCK_INTERFACE = 1;
const BLOCK_PACKET_OBSOLETE = 2;
const BLOCK_PACKET_SIMPLE = 3;
const BLOCK_PACKET_ENHANCED = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Block type and total length. */
const BLOCK_HEADER_BYTES = 8;
/** The total length, repeated. */
const BLOCK_TRAILER_BYTES = 4;
const BLOCK_BYTES_MIN = BLOCK_HEADER_BYTES + BLOCK_TRAILER_BYTES;
/** libpcap's limit: a damaged length must not make the buffer grow without end. */
const BLOCK_BYTES_MAX = 16 * 1024 * 1024;
/** Up to and including the byte-order magic, without which a section header's length cannot be read. */
const SECTION_START_BYTES = 12;
const SECTION_BYTES_MIN = 28;
/** Fixed fields of enhanced and obsolete packet blocks, between the block header and the frame. */
const PACKET_FIXED_BYTES = 20;
const SIMPLE_FIXED_BYTES = 4;
/** Far above any real machine; keeps a hostile stream from filling the memory with interfaces. */
const INTERFACES_MAX = 65_536;

const TWO_POW_32 = 2 ** 32;

/**
 * Reads pcapng (draft-ietf-opsawg-pcapng) as libpcap does (sf-pcapng.c), and goes further where nothing
 * stands against it: sections may differ in byte order, interfaces in link type and snaplen, and a
 * packet longer than its interface's snaplen is delivered whole.
 */
export class PcapngReader extends RecordReader {
  readonly recordName = 'block';
  private littleEndian = true;
  /** Those of the current section; the index is the interface id of its packets. */
  private interfaces: PcapngInterface[] = [];

  override next(): boolean {
    const { input } = this;
    for (;;) {
      const { view, begin } = input;
      const available = input.end - begin;
      if (available < BLOCK_HEADER_BYTES) return this.needs(BLOCK_HEADER_BYTES);
      const type = view.getUint32(begin, this.littleEndian);
      if (type === BLOCK_SECTION_HEADER) {
        if (available < SECTION_START_BYTES) return this.needs(SECTION_START_BYTES);
        this.readByteOrder(view, begin + BLOCK_HEADER_BYTES);
      }
      const blockBytes = view.getUint32(begin + 4, this.littleEndian);
      this.checkBlockLength(blockBytes);
      if (available < blockBytes) return this.needs(blockBytes);

      const end = begin + blockBytes - BLOCK_TRAILER_BYTES;
      const trailer = view.getUint32(end, this.littleEndian);
      if (trailer !== blockBytes) {
        throw this.damage(`the block's length is ${blockBytes} in its header and ${trailer} in its trailer`);
      }
      const isPacket = this.readBlock(type, view, begin + BLOCK_HEADER_BYTES, end);
      input.begin = begin + blockBytes;
      if (isPacket) return true;
    }
  }

  /** @returns true when the block was a packet, now described by the fields. */
  private readBlock(type: number, view: DataView, begin: number, end: number): boolean {
    switch (type) {
      case BLOCK_PACKET_ENHANCED:
        this.checkFixedFields('enhanced packet', PACKET_FIXED_BYTES, end - begin);
        this.readPacket(view, begin, end, view.getUint32(begin, this.littleEndian));
        return true;
      case BLOCK_PACKET_OBSOLETE:
        // Two bytes of interface id and two of drop count, and the rest as in an enhanced packet.
        this.checkFixedFields('obsolete packet', PACKET_FIXED_BYTES, end - begin);
        this.readPacket(view, begin, end, view.getUint16(begin, this.littleEndian));
        return true;
      case BLOCK_PACKET_SIMPLE:
        this.checkFixedFields('simple packet', SIMPLE_FIXED_BYTES, end - begin);
        this.readSimplePacket(view, begin, end);
        return true;
      case BLOCK_INTERFACE:
        this.addInterface(view, begin, end);
        return false;
      case BLOCK_SECTION_HEADER:
        this.beginSection(view, begin, end);
        return false;
      default:
        return false;
    }
  }

  private readPacket(view: DataView, begin: number, end: number, interfaceId: number): void {
    const { littleEndian } = this;
    const from = this.interfaceOf(interfaceId);
    const high = view.getUint32(begin + 4, littleEndian);
    const low = view.getUint32(begin + 8, littleEndian);
    // Nanoseconds since 1970 have 61 bits, a double 53: exact to a quarter of a microsecond, and used
    // for pacing only.
    this.timestampMs = (high * TWO_POW_32 + low) * from.unitMs + from.offsetMs;
    const capturedBytes = view.getUint32(begin + 12, littleEndian);
    const originalBytes = view.getUint32(begin + 16, littleEndian);
    this.setFrame(begin + PACKET_FIXED_BYTES, end, capturedBytes, originalBytes, from);
  }

  /** A simple packet belongs to interface 0 and does not say how much of it was captured. */
  private readSimplePacket(view: DataView, begin: number, end: number): void {
    const from = this.interfaceOf(0);
    const originalBytes = view.getUint32(begin, this.littleEndian);
    const capturedBytes = Math.min(originalBytes, from.snaplen);
    this.timestampMs = NO_TIMESTAMP_MS;
    this.setFrame(begin + SIMPLE_FIXED_BYTES, end, capturedBytes, originalBytes, from);
  }

  private setFrame(
    frameOffset: number,
    end: number,
    capturedBytes: number,
    originalBytes: number,
    from: PcapngInterface,
  ): void {
    if (capturedBytes > end - frameOffset) {
      const room = end - frameOffset;
      throw this.damage(`the packet claims ${capturedBytes} captured bytes; its block holds ${room}`);
    }
    this.frameOffset = frameOffset;
    this.linkType = from.linkType;
    this.setLengths(capturedBytes, originalBytes);
  }

  private interfaceOf(interfaceId: number): PcapngInterface {
    const count = this.interfaces.length;
    if (interfaceId >= count) {
      throw this.damage(`a packet names interface ${interfaceId}; the section has described ${count} so far`);
    }
    return this.interfaces[interfaceId]!;
  }

  private addInterface(view: DataView, begin: number, end: number): void {
    if (this.interfaces.length === INTERFACES_MAX) {
      throw this.damage(`the section describes more than ${INTERFACES_MAX} interfaces`);
    }
    const described = readPcapngInterface(view, begin, end, this.littleEndian);
    if (typeof described === 'string') throw this.damage(described);
    this.interfaces.push(described);
  }

  /** The section's own length is not used: blocks are read one by one until the next section header. */
  private beginSection(view: DataView, begin: number, end: number): void {
    this.checkFixedFields('section header', SECTION_BYTES_MIN - BLOCK_BYTES_MIN, end - begin);
    const versionMajor = view.getUint16(begin + 4, this.littleEndian);
    const versionMinor = view.getUint16(begin + 6, this.littleEndian);
    if (versionMajor !== 1 || (versionMinor !== 0 && versionMinor !== 2)) {
      const versions = 'versions 1.0 and 1.2 are supported';
      throw this.damage(`pcapng version ${versionMajor}.${versionMinor} is not supported; ${versions}`);
    }
    this.interfaces = [];
  }

  /** Each section has a byte order of its own, and its header's length is already written in it. */
  private readByteOrder(view: DataView, at: number): void {
    if (view.getUint32(at, true) === BYTE_ORDER_MAGIC) {
      this.littleEndian = true;
    } else if (view.getUint32(at, false) === BYTE_ORDER_MAGIC) {
      this.littleEndian = false;
    } else {
      const found = view.getUint32(at, false).toString(16).padStart(8, '0');
      throw this.damage(`the section header's byte-order magic is 0x${found}; it must be 0x1a2b3c4d`);
    }
  }

  private checkBlockLength(blockBytes: number): void {
    if (blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX || blockBytes % 4 !== 0) {
      const range = `a multiple of 4 from ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX}`;
      throw this.damage(`the block claims ${blockBytes} bytes; it must be ${range}`);
    }
  }

  private checkFixedFields(blockName: string, fixedBytes: number, bodyBytes: number): void {
    if (bodyBytes < fixedBytes) {
      throw this.damage(`the ${blockName} block has a body of ${bodyBytes} bytes; it needs ${fixedBytes}`);
    }
  }

  private needs(bytes: number): boolean {
    this.bytesNeeded = bytes;
    return false;
  }
}
