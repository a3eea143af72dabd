import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import t from 'tap';
import { CaptureFileError } from '../../../src/errors.js';
import { isSupportedLinkType } from '../../../src/protocol/link-type.js';
import { playFiles } from './play-capture.js';

const directory = resolve(process.cwd(), '../shared/captures');
const manifest = resolve(directory, 'MANIFEST.tsv');
const withoutCaptures = existsSync(manifest) ? false : `${manifest} is not there`;
const withoutTcpdump = spawnSync('tcpdump', ['--version']).error ? 'tcpdump is not installed' : false;

/** The manifest's rows by column name. */
function rows(): Record<string, string>[] {
  const [head, ...lines] = readFileSync(manifest, 'utf8').trimEnd().split('\n');
  const columns = head!.split('\t');
  return lines.map((line) => Object.fromEntries(line.split('\t').map((cell, i) => [columns[i]!, cell])));
}

function isReadable(row: Record<string, string>): boolean {
  return row.container_error === '-' && isSupportedLinkType(Number(row.linktypes));
}

/** What tcpdump counts, by its own account, so that no line of output has to be interpreted. */
function countOfTcpdump(file: string): number {
  const { stdout } = spawnSync('tcpdump', ['--count', '-nr', file], { encoding: 'utf8' });
  return Number(/^(\d+) packets?$/m.exec(stdout)?.[1] ?? Number.NaN);
}

t.test(
  'readable captures give as many packets as the manifest says',
  { skip: withoutCaptures },
  async (t) => {
    const readable = rows().filter(isReadable);
    t.ok(readable.length >= 40, `${readable.length} captures`);
    for (const row of readable) {
      const { packets, reports } = playFiles([resolve(directory, row.file!)]);
      t.equal(reports[0]?.error, null, row.file);
      t.equal(packets.length, Number(row.records), row.file);
      t.equal(Math.max(0, ...packets.map((packet) => packet.bytes.length)), Number(row.max_caplen), row.file);
    }
  },
);

t.test('and as many as tcpdump counts', { skip: withoutCaptures || withoutTcpdump }, async (t) => {
  for (const row of rows().filter(isReadable)) {
    const file = resolve(directory, row.file!);
    t.equal(playFiles([file]).packets.length, countOfTcpdump(file), row.file);
  }
});

t.test('the other captures give an error and no packet', { skip: withoutCaptures }, async (t) => {
  const others = rows().filter((row) => !isReadable(row));
  t.ok(others.length >= 4, `${others.length} captures`);
  for (const row of others) {
    const { packets, reports } = playFiles([resolve(directory, row.file!)]);
    t.type(reports[0]?.error, CaptureFileError, row.file);
    t.equal(packets.length, 0, row.file);
  }
});
