import t from 'tap';
import { parseRuleFile } from '../../src/rules/rule-file.js';
import { Random } from '../protocol/random.js';
import { fuzzRuleFiles, sampleRuleFiles } from './rule-file-fuzz.js';

const FILES = 3000;
/** What it takes is a few milliseconds; this is for a machine that is busy with other tests. */
const FILE_MS_MAX = 3000;

t.test('the samples are valid before they are damaged', async (t) => {
  for (const bytes of sampleRuleFiles()) t.ok(parseRuleFile(bytes, 'f').rules.length >= 3);
});

t.test('damaged rule files are valid, or refused with the place of each mistake', async (t) => {
  const seed = Number(process.env.RULE_FILE_SEED ?? Random.newSeed());
  t.comment(`seed ${seed}: run again with RULE_FILE_SEED=${seed}`);
  const { files, valid, problems, slowestMs } = fuzzRuleFiles(new Random(seed), FILES);
  t.comment(`${files} files, ${valid} valid, ${problems} problems, slowest ${slowestMs.toFixed(0)} ms`);
  t.equal(files, FILES);
  // Damage that always breaks the file, or never, would prove little.
  t.ok(valid > FILES / 200, `${valid} valid`);
  t.ok(files - valid > FILES / 4, `${files - valid} refused`);
  t.ok(slowestMs < FILE_MS_MAX, `slowest ${slowestMs} ms`);
});
