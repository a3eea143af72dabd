import { SUPPORTED_LINK_TYPES } from '../../protocol/link-type.js';
import type { CaptureInput } from './capture-input.js';

/** Bytes that tell one format from another. */
export const MAGIC_BYTES = 4;

export const MAGIC_MICROSECONDS = 0xa1b2c3d4;
export const MAGIC_NANOSECONDS = 0xa1b23c4d;
/** Alexey Kuznetzov's modified libpcap: microseconds, eight more bytes in each record header. */
export const MAGIC_MODIFIED = 0xa1b2cd34;
/** The type of pcapng's Section Header Block, the same in both byte orders. */
export const MAGIC_PCAPNG = 0x0a0d0d0a;

/** Compressed files that people name by mistake, by their first bytes read as a big-endian word. */
const COMPRESSIONS = [
  { name: 'gzip', mask: 0xffff0000, magic: 0x1f8b0000, unpack: 'zcat' },
  { name: 'zstd', mask: 0xffffffff, magic: 0x28b52ffd, unpack: 'zstdcat' },
  { name: 'xz', mask: 0xffffffff, magic: 0xfd377a58, unpack: 'xzcat' },
  { name: 'bzip2', mask: 0xffffff00, magic: 0x425a6800, unpack: 'bzcat' },
  { name: 'lz4', mask: 0xffffffff, magic: 0x04224d18, unpack: 'lz4cat' },
] as const;

/** What a user reads when a capture's link type carries no IP that UPE can find. */
export function unsupportedLinkType(linkType: number): string {
  return `link type ${linkType} is not supported; supported: ${SUPPORTED_LINK_TYPES}`;
}

/**
 * Says why the bytes at the beginning of the input are not a capture file.
 *
 * @param input at least `MAGIC_BYTES` bytes are there.
 */
export function notACapture(input: CaptureInput): string {
  const magic = input.view.getUint32(input.begin, false);
  for (const compression of COMPRESSIONS) {
    // `>>> 0` because JavaScript's bitwise results are signed.
    if ((magic & compression.mask) >>> 0 === compression.magic) {
      const { name, unpack } = compression;
      return `compressed with ${name}; unpack it on the way in: ${unpack} FILE | upe replay -`;
    }
  }
  const shown = magic.toString(16).padStart(8, '0');
  return `not a capture file: it begins with 0x${shown}, which is neither pcap nor pcapng`;
}
