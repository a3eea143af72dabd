import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { UpeError } from '../errors.js';
import { TableComparison } from '../rules/compare/table-comparison.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { CaptureFile, PACKET_NONE, PACKET_READ } from '../source/capture/capture-file.js';
import { CaptureInput } from '../source/capture/capture-input.js';
import { interfacesOf } from '../source/source-spec.js';
import { rulesFileOf } from './engine-config.js';
import { comparisonReport, comparisonText } from './replay-against-report.js';
import { startProgress } from './replay-progress.js';
import type { ReplayedFile } from './replay-report.js';

/** Packets between two looks at signals and at the clock. */
const TURN_PACKETS = 65_536;
/** How long a pipe that has nothing is left alone, milliseconds. */
const DRY_WAIT_MS = 5;

export interface ReplayAgainstOptions {
  readonly files: readonly string[];
  /** The rule file to compare with. */
  readonly against: string;
  readonly json: boolean;
}

/**
 * `upe replay --against`: judges each packet of the captures by two rule files, and prints what differs. On this
 * thread, without an engine: there are two matchers and one order of the packets.
 *
 * @returns the exit code: 1 when a file was damaged, 3 when something changes.
 */
export async function replayAgainst(flags: FlagValues, options: ReplayAgainstOptions): Promise<0 | 1 | 3> {
  const config = loadConfig(process.env, flags);
  const before = loadRuleFile(rulesFileOf(config));
  const after = loadRuleFile(options.against, '--against');
  const interfaces = interfacesOf({ kind: 'pcap', files: options.files, pace: { kind: 'max' }, loop: false });
  const comparison = new TableComparison(before, after, interfaces, config.bufferBytes);
  const reading = new Reading(options.files, comparison);
  const interrupt = () => {
    process.stderr.write('upe: interrupted: the comparison is of the packets read so far\n');
    reading.stop();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const progress = startProgress(options.files, async () => ({
    bytesRead: reading.input.bytesRead,
    packets: comparison.received,
  }));
  try {
    await reading.run();
  } finally {
    progress.stop();
  }
  const report = comparisonReport(comparison, { before: before.file, after: after.file }, reading.files);
  for (const { error } of report.files) if (error !== null) process.stderr.write(`upe: ${error}\n`);
  const hasError = report.files.some(({ error }) => error !== null);
  // A comparison of nothing would only hide the reason.
  if (hasError && report.received.packets === 0 && !options.json) return 1;
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : comparisonText(report));
  if (reading.isStopped || hasError) return 1;
  return report.changed.packets > 0 ? 3 : 0;
}

/** Reads capture files one after the other, each as far as it is readable, as the pcap source does. */
class Reading {
  readonly input = new CaptureInput();
  readonly files: ReplayedFile[] = [];
  isStopped = false;
  /** Packets that `readSome` had read when it found nothing more for now. */
  private readBeforeDry = 0;

  constructor(
    private readonly names: readonly string[],
    private readonly comparison: TableComparison,
  ) {}

  stop(): void {
    this.isStopped = true;
  }

  async run(): Promise<void> {
    for (const [fileIndex, file] of this.names.entries()) {
      if (this.isStopped) return;
      const packetsBefore = this.comparison.received;
      let error: string | null = null;
      try {
        await this.readFile(file, fileIndex);
      } catch (thrown) {
        if (!(thrown instanceof UpeError)) throw thrown;
        error = thrown.message;
      }
      this.files.push({ file, packets: this.comparison.received - packetsBefore, error });
    }
  }

  private async readFile(file: string, fileIndex: number): Promise<void> {
    const { input } = this;
    const capture = new CaptureFile(file, input);
    try {
      for (let number = 0; !this.isStopped; ) {
        const status = this.readSome(capture, fileIndex, number);
        if (status === PACKET_NONE) return;
        if (status === PACKET_READ) {
          number += TURN_PACKETS;
          await turn();
        } else {
          number += this.readBeforeDry;
          await sleep(DRY_WAIT_MS);
        }
      }
    } finally {
      capture.close();
    }
  }

  /** Judges packets until it is the event loop's turn. Returns the last status of `CaptureFile.next`. */
  private readSome(capture: CaptureFile, fileIndex: number, numberBefore: number): number {
    const { input, comparison } = this;
    for (let packets = 0; packets < TURN_PACKETS; packets++) {
      const status = capture.next(true);
      if (status !== PACKET_READ) {
        this.readBeforeDry = packets;
        return status;
      }
      const { frameOffset, capturedBytes, wireBytes, linkType } = capture.reader!;
      const number = numberBefore + packets + 1;
      comparison.judge(input.view, frameOffset, capturedBytes, wireBytes, linkType, fileIndex, number);
    }
    return PACKET_READ;
  }
}
