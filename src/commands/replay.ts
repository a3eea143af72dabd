import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { Engine } from '../engine/engine.js';
import { MonotonicClock } from '../memory/clock.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { endProcess } from './end-process.js';
import { engineSizes, rulesFileOf } from './engine-config.js';
import { startProgress } from './replay-progress.js';
import { type ReplayedFile, type ReplayReport, replayReport, replayTable } from './replay-report.js';

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
  const progress = startProgress(options.files, async () => {
    const { aggregator } = engine;
    if (aggregator === null) return null;
    await aggregator.pass(engine.series.notice.slotCount);
    const { sourceBytesRead, processed } = aggregator.totals;
    return { bytesRead: sourceBytesRead, packets: processed };
  });
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
