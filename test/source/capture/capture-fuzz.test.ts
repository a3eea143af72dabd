import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../protocol/random.js';
import { fuzzCaptures, readGuarded } from './capture-fuzz.js';
import { captureDirectory } from './play-capture.js';
import { BUILT_CAPTURES, sampleCaptures } from './sample-captures.js';

const FILES = 5000;
/** What it takes is well below a millisecond; this is for a machine that is busy with other tests. */
const FILE_MS_MAX = 1000;

const directory = captureDirectory();
t.teardown(() => rmSync(directory, { recursive: true }));

const samples = sampleCaptures();

t.test('damaged captures break no reader, whatever lies behind them and wherever they are cut', async (t) => {
  const seed = Number(process.env.CAPTURE_SEED ?? Random.newSeed());
  t.comment(`seed ${seed}: run again with CAPTURE_SEED=${seed}`);
  const fuzz = fuzzCaptures(join(directory, 'damaged'), samples, new Random(seed), FILES);
  const { files, packets, damaged, slowestMs } = fuzz;
  t.comment(
    `${samples.length} samples, ${files} damaged files, ${packets} packets, damage found in ${damaged}, ` +
      `slowest ${slowestMs.toFixed(1)} ms`,
  );
  t.equal(files, FILES);
  // Damage that is always found at once, or never, would prove little.
  t.ok(packets > FILES, 'packets before the damage');
  t.ok(damaged > FILES / 4 && damaged < FILES, 'damage found, and damage that makes no difference');
  t.ok(slowestMs < FILE_MS_MAX, `slowest ${slowestMs} ms`);
});

t.test('every truncation of every built capture is read alike, whatever lies behind it', async (t) => {
  const file = join(directory, 'cut');
  let cuts = 0;
  for (const { name, bytes } of BUILT_CAPTURES) {
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(file, bytes.subarray(0, length));
      const zeros = readGuarded(file, length, 4096, 0x00);
      const ones = readGuarded(file, length, 4096, 0xff);
      cuts++;
      if (zeros.packets !== ones.packets || zeros.damage !== ones.damage || zeros.digest !== ones.digest) {
        t.strictSame(ones, zeros, `${name}, ${length} bytes`);
      }
    }
  }
  t.ok(cuts > 5000, `${cuts} cuts`);
});
