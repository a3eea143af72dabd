import { UpeError } from '../errors.js';
import { CaptureFile, PACKET_NONE, PACKET_READ } from './capture/capture-file.js';
import { CaptureInput, STANDARD_INPUT } from './capture/capture-input.js';
import type { RecordReader } from './capture/record-reader.js';
import { BURST_FRAMES, type FrameBatch } from './frame-batch.js';
import { createPacer, type Pace, type Pacer } from './pacer.js';
import { SOURCE_FINISHED, type Source } from './source.js';

export interface PcapSourceConfig {
  /** Capture files in the order of reading; `-` is standard input. */
  readonly files: readonly string[];
  readonly pace: Pace;
  /** Begins again after the last file. Standard input cannot be read twice: with `-` there is one round. */
  readonly loop: boolean;
  /** The label of the one interface that all frames seem to come in by. */
  readonly interfaceLabel: string;
}

/** How the reading of one file has ended. */
export interface FileReport {
  /** The file as the user named it. */
  readonly file: string;
  /** Packets delivered from it. */
  readonly packets: number;
  /** What ended it early, `null` at a clean end. */
  readonly error: UpeError | null;
}

export interface PcapSourceDeps {
  /** Called once a file, each time round, at the latest when `read` has delivered its last packet. */
  reportFile(report: FileReport): void;
}

/** How long a pipe that has nothing is left alone. */
const DRY_WAIT_MS = 5;

/**
 * Frames from capture files, one file after the other. A file that cannot be opened or is damaged is
 * reported, after everything readable in it, and the next one is read: nothing but `close` and the last
 * file's end stops this source.
 */
export class PcapSource implements Source {
  readonly interfaces: readonly string[];
  readonly patienceMs = Number.POSITIVE_INFINITY;
  readonly block = null;
  readonly comesInBlocks = false;
  private readonly input = new CaptureInput();
  private readonly pacer: Pacer;
  private readonly isUnpaced: boolean;
  private readonly isLooping: boolean;
  private isOpen = false;
  private file: CaptureFile | null = null;
  private fileIndex = 0;
  private filePackets = 0;
  private roundPackets = 0;
  /** The file's reader stands on a packet that was not due yet. */
  private packetWaiting = false;

  constructor(
    private readonly config: PcapSourceConfig,
    private readonly deps: PcapSourceDeps,
  ) {
    this.interfaces = [config.interfaceLabel];
    this.pacer = createPacer(config.pace);
    this.isUnpaced = config.pace.kind === 'max';
    this.isLooping = config.loop && !config.files.includes(STANDARD_INPUT);
  }

  get bytesRead(): number {
    return this.input.bytesRead;
  }

  /** Opens no file yet: one that is missing is reported in its turn, like one that is damaged. */
  open(): void {
    this.isOpen = this.config.files.length > 0;
  }

  read(batch: FrameBatch): number {
    batch.frameCount = 0;
    while (this.isOpen) {
      const isFileDone = this.readFile(batch);
      if (batch.frameCount > 0) return batch.frameCount;
      if (!isFileDone) return 0;
    }
    return SOURCE_FINISHED;
  }

  waitMs(nowMs: number): number {
    return this.packetWaiting ? this.pacer.waitMs(nowMs) : DRY_WAIT_MS;
  }

  takeKernelDrops(): number {
    return 0;
  }

  close(): void {
    this.file?.close();
    this.file = null;
    this.packetWaiting = false;
    this.isOpen = false;
  }

  /**
   * Fills the batch from the current file.
   *
   * @returns true when that file has been read to its end; it is closed and reported then. Its frames in
   *   the batch stay valid, because the next file is opened by the next `read`.
   */
  private readFile(batch: FrameBatch): boolean {
    let error: UpeError | null = null;
    try {
      this.file ??= this.openFile();
      if (!this.fillBatch(this.file, batch)) return false;
    } catch (thrown) {
      if (!(thrown instanceof UpeError)) throw thrown;
      error = thrown;
    } finally {
      this.filePackets += batch.frameCount;
      batch.attach(this.input.bytes);
    }
    this.finishFile(error);
    return true;
  }

  private openFile(): CaptureFile {
    this.filePackets = 0;
    this.pacer.startFile();
    return new CaptureFile(this.config.files[this.fileIndex]!, this.input);
  }

  /** @returns true at the end of the file, which is found only while the batch is empty. */
  private fillBatch(file: CaptureFile, batch: FrameBatch): boolean {
    while (batch.frameCount < BURST_FRAMES) {
      if (!this.packetWaiting) {
        // Fetching bytes would overwrite the frames that are in the batch already.
        const status = file.next(batch.frameCount === 0);
        if (status !== PACKET_READ) return status === PACKET_NONE;
        this.packetWaiting = true;
      }
      const reader = file.reader as RecordReader;
      // Numbers that are handed to a function which V8 does not inline are allocated, two for each packet.
      if (!this.isUnpaced && !this.pacer.admit(reader.timestampMs, batch.nowMs[0])) return false;
      batch.add(reader.frameOffset, reader.capturedBytes, reader.wireBytes, reader.linkType, 0);
      this.packetWaiting = false;
    }
    return false;
  }

  private finishFile(error: UpeError | null): void {
    const { files } = this.config;
    this.file?.close();
    this.file = null;
    this.roundPackets += this.filePackets;
    this.deps.reportFile({ file: files[this.fileIndex]!, packets: this.filePackets, error });
    this.fileIndex += 1;
    if (this.fileIndex < files.length) return;
    // A round without a single packet would be followed by others like it, without an end.
    this.isOpen = this.isLooping && this.roundPackets > 0;
    this.fileIndex = 0;
    this.roundPackets = 0;
  }
}
