import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Test } from 'tap';
import { isSupportedLinkType } from '../../src/protocol/link-type.js';
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

/** Replays captures in one process and compares what it says of each of them with the manifest. */
export async function assertReplay(t: Test, captures: readonly SharedCapture[]): Promise<void> {
  const { exitCode, stdout, stderr } = await runUpe(t, [
    'replay',
    '--json',
    ...captures.map(({ file }) => file),
  ]);
  const name = captures.length === 1 ? captures[0].file : `${captures.length} files`;
  const report = JSON.parse(stdout);
  const expectedPackets = captures.map(({ records, isReadable }) => (isReadable ? records : 0));
  t.equal(exitCode, captures.every(({ isReadable }) => isReadable) ? 0 : 1, name);
  t.equal(report.balanced, true, name);
  t.strictSame(
    report.files.map(({ file, packets }: { file: string; packets: number }) => ({ file, packets })),
    captures.map(({ file }, i) => ({ file, packets: expectedPackets[i] })),
    name,
  );
  t.equal(
    report.received.packets,
    expectedPackets.reduce((sum, packets) => sum + packets, 0),
    name,
  );
  t.strictSame(report.dropped, {}, name);
  const errors: (string | null)[] = report.files.map(({ error }: { error: string | null }) => error);
  for (const [i, { file, isReadable }] of captures.entries()) {
    if (isReadable) t.equal(errors[i], null, file);
    else t.ok(errors[i]?.startsWith(`${file}: byte `), `${errors[i]}`);
  }
  const lines = errors.filter((error) => error !== null).map((error) => `upe: ${error}\n`);
  t.equal(stderr, lines.join(''), name);
}

/** Replays each capture in a process of its own, two at a time: most of it is waiting for Node.js to start. */
export async function assertReplayOfEach(t: Test, captures: readonly SharedCapture[]): Promise<void> {
  const left = [...captures];
  const replayLeft = async () => {
    for (let capture = left.shift(); capture !== undefined; capture = left.shift()) {
      await assertReplay(t, [capture]);
    }
  };
  await Promise.all([replayLeft(), replayLeft()]);
}
