import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { EnvironmentError } from '../errors.js';
import { writeBlocks } from '../stats/capture/write-blocks.js';
import { systemReason } from '../system-reason.js';

/** Payload is for nobody but the user who has asked for it. */
const MODE = 0o600;

/** Where whole blocks of pcapng go. */
export interface CaptureOutput {
  /** Resolves when there is room for more. Throws EnvironmentError when they cannot be written. */
  write(blocks: Buffer): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file, which is written over, or standard output (`-`).
 *
 * @throws EnvironmentError when it cannot be.
 */
export async function openOutput(file: string): Promise<CaptureOutput> {
  if (file === '-') return STANDARD_OUTPUT;
  try {
    const handle = await open(file, 'w', MODE);
    const isFile = (await handle.stat()).isFile();
    // One that was there already keeps its mode otherwise.
    if (isFile) await handle.chmod(MODE);
    return new FileOutput(file, handle, isFile);
  } catch (error) {
    throw new EnvironmentError(`cannot write ${file}: ${systemReason(error as NodeJS.ErrnoException)}`);
  }
}

const STANDARD_OUTPUT: CaptureOutput = {
  write: async (blocks) => {
    if (!process.stdout.write(blocks)) await once(process.stdout, 'drain');
  },
  close: async () => undefined,
};

/** A file that has whole blocks only, whatever happens to it; or a pipe, which has no positions to go back to. */
class FileOutput implements CaptureOutput {
  private bytes = 0;

  constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
    private readonly isFile: boolean,
  ) {}

  async write(blocks: Buffer): Promise<void> {
    try {
      await writeBlocks(this.handle, blocks, this.isFile ? this.bytes : null);
    } catch (error) {
      throw new EnvironmentError(
        `cannot write ${this.file}: ${systemReason(error as NodeJS.ErrnoException)}`,
      );
    }
    this.bytes += blocks.length;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
