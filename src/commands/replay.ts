import { statSync } from 'node:fs';
import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { Engine } from '../engine/engine.js';
import { MonotonicClock } from '../memory/clock.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { endProcess } from './end-process.js';
import { engineSizes, rulesFileOf } from './engine-config.js';
import { type ReplayedFile, type ReplayReport, replayReport, replayTable } from './replay-report.js';

/** Below this many bytes a replay is over before a progress line could be read. */
const PROGRESS_BYTES_MIN = 8 * 1024 * 1024;
const PROGRESS_MS = 200;

export interface ReplayOptions {
  readonly files: readonly string[];
  readonly json: boolean;
}

/**
 * `upe replay`: pushes capture files through the engine, losing nothing, and prints the totals.
 *
 * @returns the exit code: 1 when a file was damaged or the accounting does not hold.
 */
export async function replay(flags: FlagValues, options: ReplayOptions): Promise<0 | 1> {
  const config = loadConfig(process.env, flags);
  const files: ReplayedFile[] = [];
  let finish: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const engine = new Engine(
    {
      ...engineSizes(config),
      source: { kind: 'pcap', files: options.files, pace: { kind: 'max' }, loop: false },
      ruleSet: loadRuleFile(rulesFileOf(config)),
      acceptForward: true,
      stats: null,
      account: null,
      // A worker that is replaced has lost a packet, and a replay gives the whole truth or none.
      restarts: null,
    },
    {
      clock: new MonotonicClock(),
      onFile: ({ file, packets, error }) => files.push({ file, packets, error }),
      onFinished: finish,
      onRestart: () => undefined,
      onDeath: (_thread, error) => fail(error),
      onWarning: (message) => process.stderr.write(`upe: ${message}\n`),
      onLink: () => undefined,
      onReloadWanted: async () => ({ kind: 'stopping' }),
    },
  );
  const interrupt = () => {
    process.stderr.write('upe: interrupted: the totals are of the packets read so far\n');
    process.exitCode = 1;
    finish();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const progress = startProgress(engine, options.files);
  try {
    await engine.start();
    await finished;
  } finally {
    progress.stop();
    await engine.stop();
  }
  const report = replayReport(engine, files, await engine.stop());
  printReport(report, options);
  const isGood = report.balanced && files.every((file) => file.error === null) && process.exitCode !== 1;
  if (engine.hasStuckThread) endProcess(engine, 1);
  return isGood ? 0 : 1;
}

function printReport(report: ReplayReport, options: ReplayOptions): void {
  for (const { error } of report.files) if (error !== null) process.stderr.write(`upe: ${error}\n`);
  // A table of zeros would only hide the reason.
  const isNothing = report.received.packets === 0 && report.files.some(({ error }) => error !== null);
  if (isNothing && !options.json) return;
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : replayTable(report));
}

/** On a terminal, and where there is something to wait for: how far it is. */
function startProgress(engine: Engine, files: readonly string[]): { stop(): void } {
  const totalBytes = files.reduce((sum, file) => sum + fileBytes(file), 0);
  if (!process.stderr.isTTY || totalBytes < PROGRESS_BYTES_MIN) return { stop: () => undefined };
  const { aggregator } = engine;
  const beganMs = performance.now();
  const timer = setInterval(async () => {
    if (aggregator === null) return;
    await aggregator.pass(engine.series.notice.slotCount);
    const { sourceBytesRead, processed } = aggregator.totals;
    const share = Math.min(sourceBytesRead / totalBytes, 1);
    const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '·');
    const seconds = (performance.now() - beganMs) / 1000;
    const rate = (processed / seconds / 1e6).toFixed(2);
    process.stderr.write(
      `\r${bar} ${Math.floor(share * 100)}%  ${processed.toLocaleString('en-US')} packets, ${rate} M/s `,
    );
  }, PROGRESS_MS);
  return {
    stop: () => {
      clearInterval(timer);
      process.stderr.write('\r\u001b[K');
    },
  };
}

/** Standard input, and what is not there, have no size to be counted. */
function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
