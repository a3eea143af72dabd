import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { EnvironmentError } from '../../errors.js';

/** `fill` has brought as many bytes as were asked for. */
export const INPUT_READY = 1;
/** A pipe has nothing at the moment; its writer is still there. */
export const INPUT_DRY = 0;
/** The file or the pipe ends before the bytes that were asked for. */
export const INPUT_ENDED = -1;

/** The name under which users mean standard input. */
export const STANDARD_INPUT = '-';

/** Large enough that a system call is shared by thousands of small packets. */
const BUFFER_BYTES = 1024 * 1024;

/**
 * A window that slides over one file after another, read from front to back.
 *
 * `bytes[begin..end)` is what has been read and not yet been consumed; the reader parses it in place and
 * moves `begin` on. Only `fill` and `open` move or overwrite bytes, so whatever lies behind `begin`
 * stays valid until one of them is called. One input serves all files of a source: the buffer is
 * allocated once, and again only for a record that is larger.
 */
export class CaptureInput {
  bytes: Uint8Array;
  /** The same memory as `bytes`, for unaligned words in either byte order. */
  view: DataView;
  begin = 0;
  end = 0;
  /** A cell, because V8 throws the compiled loop away when a field outgrows its integers of 32 bits. */
  private readonly bytesReadCell = new Float64Array(1);
  /** The current file as messages name it. */
  label = '';
  /** Where `bytes[0]` lies in the current file. */
  private bufferFileOffset = 0;
  private descriptor = -1;

  /** @param bufferBytes size of the window at first, from 1. */
  constructor(bufferBytes: number = BUFFER_BYTES) {
    this.bytes = new Uint8Array(bufferBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Where in the current file the first unconsumed byte lies, from 0. */
  get fileOffset(): number {
    return this.bufferFileOffset + this.begin;
  }

  /**
   * Turns to a file, from its beginning; the one before must be closed.
   *
   * @param file a path, or `-` for standard input.
   * @throws EnvironmentError when it cannot be opened.
   */
  open(file: string): void {
    this.label = file === STANDARD_INPUT ? 'standard input' : file;
    this.begin = 0;
    this.end = 0;
    this.bufferFileOffset = 0;
    try {
      const descriptor = file === STANDARD_INPUT ? 0 : openSync(file, 'r');
      this.descriptor = descriptor;
      const status = fstatSync(descriptor);
      if (status.isDirectory()) {
        throw new EnvironmentError(`${file}: is a directory; name the capture files in it`);
      }
      if (status.isFIFO()) this.reopenWithoutBlocking(descriptor);
    } catch (error) {
      this.close();
      throw error instanceof EnvironmentError ? error : openError(this.label, error);
    }
  }

  /** Bytes read so far, over all files. */
  get bytesRead(): number {
    return this.bytesReadCell[0];
  }

  /**
   * Makes sure that `bytesNeeded` bytes follow `begin`, as far as the file has them. Moves what is
   * there to the front of the buffer, so that offsets into it change.
   *
   * @param bytesNeeded from 1; the caller has checked it against its own limit, because the buffer
   *   grows to hold that many.
   * @returns `INPUT_READY`, `INPUT_DRY` or `INPUT_ENDED`.
   * @throws EnvironmentError when the system cannot read the file.
   */
  fill(bytesNeeded: number): number {
    if (this.end - this.begin >= bytesNeeded) return INPUT_READY;
    this.moveToFront(bytesNeeded);
    while (this.end < bytesNeeded) {
      const count = this.readOnce();
      if (count < 0) return INPUT_DRY;
      if (count === 0) return INPUT_ENDED;
      this.end += count;
      this.bytesReadCell[0] += count;
    }
    return INPUT_READY;
  }

  /** Closes the current file, standard input excepted: it belongs to the process. Harmless if repeated. */
  close(): void {
    if (this.descriptor > 0) closeSync(this.descriptor);
    this.descriptor = -1;
  }

  /**
   * A thread that is blocked in read(2) on a pipe cannot be stopped. O_NONBLOCK belongs to the open file
   * description, which others may share, so the pipe is opened once more under its name in /proc. Where
   * that is refused (another user's pipe) reads block.
   */
  private reopenWithoutBlocking(descriptor: number): void {
    let reopened: number;
    try {
      reopened = openSync(`/proc/self/fd/${descriptor}`, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      return;
    }
    this.close();
    this.descriptor = reopened;
  }

  private moveToFront(bytesNeeded: number): void {
    const { begin, end } = this;
    if (bytesNeeded > this.bytes.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(bytesNeeded)));
      larger.set(this.bytes.subarray(begin, end));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    } else if (begin > 0) {
      this.bytes.copyWithin(0, begin, end);
    }
    this.bufferFileOffset += begin;
    this.begin = 0;
    this.end = end - begin;
  }

  /** @returns bytes read, 0 at the end of the file, -1 when a pipe has nothing now. */
  private readOnce(): number {
    try {
      return readSync(this.descriptor, this.bytes, this.end, this.bytes.length - this.end, null);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EAGAIN' || code === 'EINTR') return -1;
      const offset = this.bufferFileOffset + this.end;
      throw new EnvironmentError(`${this.label}: byte ${offset}: cannot be read (${code}); check the device`);
    }
  }
}

function openError(label: string, error: unknown): EnvironmentError {
  const code = errorCode(error);
  switch (code) {
    case 'ENOENT':
      return new EnvironmentError(`${label}: does not exist; check the path`);
    case 'EACCES':
    case 'EPERM':
      return new EnvironmentError(`${label}: may not be read by this user; change its mode or its owner`);
    case 'ENOTDIR':
      return new EnvironmentError(`${label}: a part of the path is not a directory; check the path`);
    default:
      return new EnvironmentError(`${label}: cannot be opened (${code}); check the path and the device`);
  }
}

function errorCode(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  // Anything else than a failed system call is a defect of the caller, and must not look like a bad file.
  if (code === undefined) throw error;
  return code;
}
