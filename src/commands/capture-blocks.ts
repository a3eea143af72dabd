import { EnvironmentError } from '../errors.js';
import {
  BLOCK_INTERFACE_STATISTICS,
  BLOCK_PACKET_ENHANCED,
  OPTION_COMMENT,
  OPTION_STATISTICS_DROPPED,
} from '../stats/capture/pcapng-writer.js';

/** Type, total length, and the total length again. */
const BLOCK_BYTES_MIN = 12;
/** Far above any block that UPE writes. */
const BLOCK_BYTES_MAX = 1_048_576;
/** Type, length, interface and time stand before the options of a block of statistics. */
const STATISTICS_OPTIONS_AT = 20;
const NOTHING = Buffer.alloc(0);

/** What the last block of a capture says. */
export interface CaptureResult {
  /** Why it has ended, in the API's words. */
  readonly end: string;
  /** Packets of the rule that were not captured. */
  readonly dropped: number;
}

/**
 * Takes the answer of an engine apart into whole blocks of pcapng, so that nothing else is ever written, wherever the
 * answer stops; and counts them.
 */
export class CaptureBlocks {
  packets = 0;
  /** Of all whole blocks. */
  bytes = 0;
  /** `null` as long as the last block has not come. */
  result: CaptureResult | null = null;
  private rest: Buffer = NOTHING;

  /**
   * @param chunk of the answer, wherever it was cut.
   * @returns the blocks that are whole now.
   * @throws EnvironmentError where it is no pcapng of UPE's.
   */
  push(chunk: Buffer): Buffer {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (bytes.length - at >= BLOCK_BYTES_MIN) {
      const blockBytes = bytes.readUInt32LE(at + 4);
      if (blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX || blockBytes % 4 !== 0) {
        throw new EnvironmentError(`the engine's answer is no pcapng at byte ${this.bytes + at}`);
      }
      if (bytes.length - at < blockBytes) break;
      this.note(bytes.subarray(at, at + blockBytes));
      at += blockBytes;
    }
    this.bytes += at;
    this.rest = bytes.subarray(at);
    return bytes.subarray(0, at);
  }

  private note(block: Buffer): void {
    const type = block.readUInt32LE(0);
    if (type === BLOCK_PACKET_ENHANCED) this.packets++;
    else if (type === BLOCK_INTERFACE_STATISTICS) this.result = resultOf(block);
  }
}

function resultOf(block: Buffer): CaptureResult {
  let end = '';
  let dropped = 0;
  for (let at = STATISTICS_OPTIONS_AT; at + 4 <= block.length - 4; ) {
    const code = block.readUInt16LE(at);
    const length = block.readUInt16LE(at + 2);
    const value = block.subarray(at + 4, at + 4 + length);
    if (code === OPTION_COMMENT) end = /^end=(\w+)/.exec(value.toString())?.[1] ?? '';
    if (code === OPTION_STATISTICS_DROPPED && length === 8) dropped = Number(value.readBigUInt64LE());
    at += 4 + ((length + 3) & ~3);
  }
  return { end, dropped };
}
