import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzParser } from '../protocol/parser-fuzz.js';
import { Random } from '../protocol/random.js';
import { fuzzRuleFiles } from '../rules/rule-file-fuzz.js';
import { fuzzCaptures } from '../source/capture/capture-fuzz.js';
import { sampleCaptures } from '../source/capture/sample-captures.js';

const USAGE = `usage: npm run fuzz -- [options]

  --packets N      bent frames for the parser (100000000)
  --captures N     damaged capture files (200000)
  --rule-files N   damaged rule files (100000)
  --seed N         1 to 2147483647; a new one where none is given

Exit code 0: everything held; 1: something did not, and it is shown with its seed; 2: a wrong option.
`;

/** A file that takes longer than this has a loop in its reader that it should not have. */
const FILE_MS_MAX = 5000;

class UsageError extends Error {}

function count(text: string, flag: string, min: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > 2 ** 31 - 1) {
    throw new UsageError(`--${flag} must be an integer from ${min} to 2147483647, not ${text}`);
  }
  return value;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function rate(done: number, startMs: number): string {
  return `${Math.round((done / (performance.now() - startMs)) * 1000)}/s`;
}

function fuzzPackets(packets: number, seed: number): void {
  const startMs = performance.now();
  const { seen, difference } = fuzzParser(packets, seed, (done) => {
    if (done % 10_000_000 === 0) say(`  ${done / 1_000_000} million frames, ${rate(done, startMs)}`);
  });
  if (difference !== null) {
    const { what, actual, expected } = difference;
    throw new Error(
      `${what}\n  read as   ${JSON.stringify(actual)}\n  should be ${JSON.stringify(expected)}`,
    );
  }
  const words = [...seen].map(([word, times]) => `${word} ${times}`);
  say(`parser: ${packets} frames read as the plain parser reads them, ${rate(packets, startMs)}`);
  say(`  ${words.sort().join(', ')}`);
}

/** Removes its folder only where nothing was found: the file that shows it lies there. */
function fuzzCaptureFiles(files: number, seed: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'upe-fuzz-'));
  const fuzz = fuzzCaptures(join(folder, 'damaged'), sampleCaptures(), new Random(seed), files);
  say(
    `captures: ${files} files, ${fuzz.packets} packets, damage found in ${fuzz.damaged}, ` +
      `slowest ${fuzz.slowestMs.toFixed(1)} ms`,
  );
  checkTime(fuzz.slowestMs);
  rmSync(folder, { recursive: true });
}

function fuzzRules(files: number, seed: number): void {
  const { valid, problems, slowestMs } = fuzzRuleFiles(new Random(seed), files);
  say(
    `rule files: ${files} files, ${valid} valid, ${problems} problems found in the others, ` +
      `slowest ${slowestMs.toFixed(1)} ms`,
  );
  checkTime(slowestMs);
}

function checkTime(slowestMs: number): void {
  if (slowestMs > FILE_MS_MAX) throw new Error(`a file took ${slowestMs} ms; the limit is ${FILE_MS_MAX}`);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      packets: { type: 'string', default: '100000000' },
      captures: { type: 'string', default: '200000' },
      'rule-files': { type: 'string', default: '100000' },
      seed: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const packets = count(values.packets, 'packets', 0);
  const captures = count(values.captures, 'captures', 0);
  const ruleFiles = count(values['rule-files'], 'rule-files', 0);
  const seed = values.seed === undefined ? Random.newSeed() : count(values.seed, 'seed', 1);
  say(`seed ${seed}: run again with --seed ${seed}`);
  if (captures > 0) fuzzCaptureFiles(captures, seed);
  if (ruleFiles > 0) fuzzRules(ruleFiles, seed);
  if (packets > 0) fuzzPackets(packets, seed);
}

try {
  main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`fuzz: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
