import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Test } from 'tap';
import { engineSizes } from '../../src/commands/engine-config.js';
import { type ReplayedFile, type ReplayReport, replayReport } from '../../src/commands/replay-report.js';
import { loadConfig } from '../../src/config/load.js';
import type { CreateThread } from '../../src/engine/thread.js';
import { BUNDLED_RULES_FILE } from '../../src/package-files.js';
import { isSupportedLinkType } from '../../src/protocol/link-type.js';
import { loadRuleFile } from '../../src/rules/rule-file.js';
import { createEngine } from './engine-fixture.js';
import { runUpe } from './upe-process.js';

const DIRECTORY = resolve(process.cwd(), '../shared/captures');
const MANIFEST = resolve(DIRECTORY, 'MANIFEST.tsv');

/** Why tests of the shared captures cannot run here; `false` when they can. */
export const withoutSharedCaptures = existsSync(MANIFEST) ? false : `${MANIFEST} is not there`;

export interface SharedCapture {
  readonly file: string;
  /** Frames in it. */
  readonly records: number;
  /** True when the file is sound and of a link type that UPE knows. */
  readonly isReadable: boolean;
}

/** The captures that the manifest lists. */
export function sharedCaptures(): SharedCapture[] {
  const [head, ...lines] = readFileSync(MANIFEST, 'utf8').trimEnd().split('\n');
  const columns = head.split('\t');
  return lines.map((line) => {
    const cells = line.split('\t');
    const cell = (column: string) => cells[columns.indexOf(column)];
    return {
      file: resolve(DIRECTORY, cell('file')),
      records: Number(cell('records')),
      isReadable: cell('container_error') === '-' && isSupportedLinkType(Number(cell('linktypes'))),
    };
  });
}

/** Replays captures in a process and compares what it says of each of them with the manifest. */
export async function assertReplay(t: Test, captures: readonly SharedCapture[]): Promise<void> {
  const { exitCode, stdout, stderr } = await runUpe(t, [
    'replay',
    '--json',
    ...captures.map(({ file }) => file),
  ]);
  const report: ReplayReport = JSON.parse(stdout);
  assertReport(t, report, captures);
  const name = nameOf(captures);
  t.equal(exitCode, captures.every(({ isReadable }) => isReadable) ? 0 : 1, name);
  const errors = report.files.map(({ error }) => error).filter((error) => error !== null);
  t.equal(stderr, errors.map((error) => `upe: ${error}\n`).join(''), name);
}

/** Replays each capture by an engine of its own in this process, two at a time, and compares likewise. */
export async function assertReplayOfEach(t: Test, captures: readonly SharedCapture[]): Promise<void> {
  const left = [...captures];
  const replayLeft = async () => {
    for (let capture = left.shift(); capture !== undefined; capture = left.shift()) {
      assertReport(t, await replayedHere(capture.file), [capture]);
    }
  };
  await Promise.all([replayLeft(), replayLeft()]);
}

function nameOf(captures: readonly SharedCapture[]): string {
  return captures.length === 1 ? captures[0].file : `${captures.length} files`;
}

function assertReport(t: Test, report: ReplayReport, captures: readonly SharedCapture[]): void {
  const name = nameOf(captures);
  const expectedPackets = captures.map(({ records, isReadable }) => (isReadable ? records : 0));
  t.equal(report.balanced, true, name);
  t.strictSame(
    report.files.map(({ file, packets }) => ({ file, packets })),
    captures.map(({ file }, i) => ({ file, packets: expectedPackets[i] })),
    name,
  );
  t.equal(
    report.received.packets,
    expectedPackets.reduce((sum, packets) => sum + packets, 0),
    name,
  );
  t.strictSame(report.dropped, {}, name);
  for (const [i, { file, isReadable }] of captures.entries()) {
    const { error } = report.files[i];
    if (isReadable) t.equal(error, null, file);
    else t.ok(error?.startsWith(`${file}: byte `), `${error}`);
  }
}

/** What `upe replay` says of one file, of an engine with the same sizes and rules. */
async function replayedHere(file: string): Promise<ReplayReport> {
  const files: ReplayedFile[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const engine = createEngine(
    {
      ...engineSizes(loadConfig({}, {})),
      source: { kind: 'pcap', files: [file], pace: { kind: 'max' }, loop: false },
      ruleSet: loadRuleFile(BUNDLED_RULES_FILE),
    },
    { onFile: (report) => files.push(report), onFinished: () => finish(), createThread: startAtOnce },
  );
  try {
    await engine.start();
    await finished;
  } finally {
    await engine.stop();
  }
  return replayReport(engine, files, await engine.stop());
}

/** Threads that do not warm up, as those do not that follow a dead one: there are few packets. */
const startAtOnce: CreateThread = (file, options) =>
  new Worker(file, { ...options, workerData: { ...options.workerData, isSuccessor: true } });
