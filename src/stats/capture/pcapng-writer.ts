import type { CapturedPacket } from './capture-reader.js';

/*
 * Blocks and options of pcapng that are written here (draft-ietf-opsawg-pcapng), all of them in little-endian order:
 *
 *   | type | total length | body, padded to a word | options: (code, length, value, padding)..., end | total length |
 */
const BLOCK_SECTION_HEADER = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
export const BLOCK_INTERFACE_STATISTICS = 5;
export const BLOCK_PACKET_ENHANCED = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const VERSION_MAJOR = 1;
const VERSION_MINOR = 0;

const OPTION_END = 0;
export const OPTION_COMMENT = 1;
const OPTION_USER_APPLICATION = 4;
const OPTION_INTERFACE_NAME = 2;
export const OPTION_STATISTICS_DROPPED = 5;
const OPTION_STATISTICS_DELIVERED = 8;

const TWO_POW_32 = 2 ** 32;
/** A chunk has room for the largest block: a frame of 64 KiB, and its comment. */
const CHUNK_BYTES = 160 * 1024;

export interface PcapngWriterConfig {
  /** Of the whole file. */
  readonly comment: string;
  /** The program that writes it, with its version. */
  readonly application: string;
  /** Names of the interfaces, by their index. */
  readonly interfaces: readonly string[];
  /** Bytes of a frame at most. */
  readonly snapBytes: number;
}

/** How many packets a capture has, for its last block. */
export interface PcapngStatistics {
  readonly delivered: number;
  readonly dropped: number;
  readonly comment: string;
}

/**
 * Writes a pcapng file of one section: its header at once, each interface when its first packet comes, and at the end
 * a block of statistics, which says that the file is complete. Microseconds; one interface description for each
 * interface and link type.
 */
export class PcapngWriter {
  /** Bytes of all blocks so far. */
  bytes = 0;
  private chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  private at = 0;
  /** Where the chunk has been taken to. */
  private taken = 0;
  private blockBegan = 0;
  /** Ids of the section's interfaces, by interface and link type. */
  private readonly ids = new Map<string, number>();

  constructor(private readonly config: PcapngWriterConfig) {
    this.begin(BLOCK_SECTION_HEADER);
    this.word(BYTE_ORDER_MAGIC);
    this.half(VERSION_MAJOR);
    this.half(VERSION_MINOR);
    // The section's length is not known.
    this.word(0xffffffff);
    this.word(0xffffffff);
    this.text(OPTION_COMMENT, config.comment);
    this.text(OPTION_USER_APPLICATION, config.application);
    this.end();
  }

  /**
   * Bytes that a packet adds at most.
   *
   * @param frameBytes of it.
   * @param comment of it.
   */
  static packetBytesMax(frameBytes: number, comment: string): number {
    const blockBytes = 32 + 4 + frameBytes + 4 + comment.length + 4 + 4;
    // Rounded up twice, and an interface description with a name of 16 bytes.
    return blockBytes + 8 + 64;
  }

  /**
   * Adds a packet.
   *
   * @param unixUs its time, microseconds.
   * @param comment ASCII.
   */
  addPacket(packet: CapturedPacket, unixUs: number, comment: string): void {
    const { frame, wireBytes } = packet;
    const frameBytes = Math.min(packet.frameBytes, this.config.snapBytes);
    const id = this.interfaceId(packet.interfaceIndex, packet.linkType);
    this.begin(BLOCK_PACKET_ENHANCED);
    this.word(id);
    this.word(Math.floor(unixUs / TWO_POW_32));
    this.word(unixUs % TWO_POW_32);
    this.word(frameBytes);
    this.word(Math.max(wireBytes, frameBytes));
    this.chunk.set(frame.subarray(0, frameBytes), this.at);
    this.at += frameBytes;
    this.pad();
    this.text(OPTION_COMMENT, comment);
    this.end();
  }

  /**
   * Adds the last block. A file without packets gets an interface as well: readers refuse one without any.
   *
   * @param linkType of the interface where there was no packet.
   * @param unixUs the time of the end, microseconds.
   */
  addStatistics({ delivered, dropped, comment }: PcapngStatistics, linkType: number, unixUs: number): void {
    if (this.ids.size === 0) this.interfaceId(0, linkType);
    this.begin(BLOCK_INTERFACE_STATISTICS);
    this.word(0);
    this.word(Math.floor(unixUs / TWO_POW_32));
    this.word(unixUs % TWO_POW_32);
    this.text(OPTION_COMMENT, comment);
    this.count(OPTION_STATISTICS_DROPPED, dropped);
    this.count(OPTION_STATISTICS_DELIVERED, delivered);
    this.end();
  }

  /** Bytes that wait to be taken. */
  get waitingBytes(): number {
    return this.at - this.taken;
  }

  /** The blocks since the last call, whole ones; they are the caller's. */
  take(): Buffer {
    const blocks = this.chunk.subarray(this.taken, this.at);
    this.taken = this.at;
    return blocks;
  }

  private interfaceId(interfaceIndex: number, linkType: number): number {
    const key = `${interfaceIndex} ${linkType}`;
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.ids.size;
    this.ids.set(key, id);
    this.begin(BLOCK_INTERFACE);
    this.half(linkType);
    this.half(0);
    this.word(this.config.snapBytes);
    this.text(OPTION_INTERFACE_NAME, this.config.interfaces[interfaceIndex]);
    this.end();
    return id;
  }

  private begin(type: number): void {
    // What was taken of the chunk may not be with its reader yet, so it is never written again.
    if (CHUNK_BYTES - this.at < CHUNK_BYTES / 2) this.renewChunk();
    this.blockBegan = this.at;
    this.word(type);
    this.word(0);
  }

  private end(): void {
    this.half(OPTION_END);
    this.half(0);
    const bytes = this.at + 4 - this.blockBegan;
    this.word(bytes);
    this.chunk.writeUInt32LE(bytes, this.blockBegan + 4);
    this.bytes += bytes;
  }

  private renewChunk(): void {
    const waiting = this.chunk.subarray(this.taken, this.at);
    this.chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    waiting.copy(this.chunk);
    this.at = waiting.length;
    this.taken = 0;
  }

  private word(value: number): void {
    this.chunk.writeUInt32LE(value, this.at);
    this.at += 4;
  }

  private half(value: number): void {
    this.chunk.writeUInt16LE(value, this.at);
    this.at += 2;
  }

  private text(code: number, text: string): void {
    this.half(code);
    const lengthAt = this.at;
    this.half(0);
    const bytes = this.chunk.write(text, this.at, 'utf8');
    this.chunk.writeUInt16LE(bytes, lengthAt);
    this.at += bytes;
    this.pad();
  }

  private count(code: number, value: number): void {
    this.half(code);
    this.half(8);
    this.chunk.writeBigUInt64LE(BigInt(value), this.at);
    this.at += 8;
  }

  private pad(): void {
    while ((this.at - this.blockBegan) % 4 !== 0) this.chunk[this.at++] = 0;
  }
}
