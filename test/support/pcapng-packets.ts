/** A packet of a pcapng file, as far as tests ask. */
export interface PcapngPacket {
  readonly interfaceName: string;
  readonly linkType: number;
  /** Unix time, microseconds. */
  readonly unixUs: number;
  readonly originalBytes: number;
  readonly frame: Buffer;
  readonly comment: string;
}

/** A pcapng file that UPE has written, read without any of its own code. */
export interface PcapngFile {
  readonly comment: string;
  readonly interfaces: readonly string[];
  readonly packets: readonly PcapngPacket[];
  /** Of the last block; `null` where the file has no end. */
  readonly end: { readonly comment: string; readonly delivered: number; readonly dropped: number } | null;
}

/** Reads little-endian pcapng of one section. Throws where a block is not whole. */
export function readPcapng(bytes: Buffer): PcapngFile {
  const interfaces: { name: string; linkType: number }[] = [];
  const packets: PcapngPacket[] = [];
  let comment = '';
  let end: PcapngFile['end'] = null;
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    if (bytes.readUInt32LE(at + length - 4) !== length) throw new Error(`no whole block at byte ${at}`);
    const block = bytes.subarray(at, at + length);
    switch (block.readUInt32LE(0)) {
      case 0x0a0d0d0a:
        comment = textOf(options(block, 24), 1);
        break;
      case 1:
        interfaces.push({ name: textOf(options(block, 16), 2), linkType: block.readUInt16LE(8) });
        break;
      case 5: {
        const own = options(block, 20);
        const count = (code: number) => Number(own.get(code)?.readBigUInt64LE());
        end = { comment: textOf(own, 1), delivered: count(8), dropped: count(5) };
        break;
      }
      case 6: {
        const { name, linkType } = interfaces[block.readUInt32LE(8)];
        const bytesOfFrame = block.readUInt32LE(20);
        packets.push({
          interfaceName: name,
          linkType,
          unixUs: block.readUInt32LE(12) * 2 ** 32 + block.readUInt32LE(16),
          originalBytes: block.readUInt32LE(24),
          frame: block.subarray(28, 28 + bytesOfFrame),
          comment: textOf(options(block, 28 + ((bytesOfFrame + 3) & ~3)), 1),
        });
        break;
      }
      default:
        throw new Error(`another block at byte ${at}`);
    }
    at += length;
  }
  return { comment, interfaces: interfaces.map(({ name }) => name), packets, end };
}

function options(block: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= block.length - 4; ) {
    const code = block.readUInt16LE(at);
    const length = block.readUInt16LE(at + 2);
    if (code === 0) break;
    found.set(code, block.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return found;
}

function textOf(found: Map<number, Buffer>, code: number): string {
  return found.get(code)?.toString() ?? '';
}
