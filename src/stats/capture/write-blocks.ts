import type { FileHandle } from 'node:fs/promises';

/**
 * Writes blocks of a capture behind those that a file has. Where that fails the file is cut to what it had, and so ends
 * with a whole block: a part of one would make the whole file one that cannot be read to its end.
 *
 * @param bytes that the file has; `null` for a pipe, which has no positions to go back to.
 * @throws what the system says.
 */
export async function writeBlocks(handle: FileHandle, blocks: Buffer, bytes: number | null): Promise<void> {
  try {
    for (let done = 0; done < blocks.length; ) {
      const position = bytes === null ? null : bytes + done;
      const { bytesWritten } = await handle.write(blocks, done, blocks.length - done, position);
      done += bytesWritten;
    }
  } catch (error) {
    if (bytes !== null) await handle.truncate(bytes).catch(() => undefined);
    throw error;
  }
}
