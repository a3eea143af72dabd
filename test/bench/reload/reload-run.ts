import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { largeRuleFile } from '../../support/large-rule-file.js';
import { median, spread } from '../measure.js';

/**
 * `reload-run.js RULES RUNS`: milliseconds from SIGHUP until all workers of `upe run` judge by the new table, with
 * the demo traffic under way, and what of it was parsing and compiling.
 */
const UPE_MAIN = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
/** More than any reload takes, milliseconds. */
const PATIENCE_MS = 60_000;

const [rules, runs] = process.argv.slice(2).map(Number);

interface Reload {
  readonly ms: number;
  readonly parseMs: number;
  readonly compileMs: number;
}

/** Lines of the program's log, as they come. */
class Log {
  private readonly lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line whose message begins so. Throws where the program has ended before that. */
  async next(message: string): Promise<Record<string, number>> {
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done === true) throw new Error(`upe has ended without "${message}" in its log`);
      const line = JSON.parse(value);
      if (line.msg.startsWith(message)) return line;
      if (line.level >= 50) throw new Error(value);
    }
  }
}

async function reloads(folder: string): Promise<Reload[]> {
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, largeRuleFile(rules, 0));
  const env = {
    ...process.env,
    UPE_SOURCE: 'demo',
    UPE_RULES_FILE: file,
    UPE_HTTP_PORT: '0',
    UPE_RULE_CAPACITY: String(Math.max(rules, 16_384)),
  };
  const child = spawn(process.execPath, [UPE_MAIN, 'run'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const tooLong = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS * (runs + 2));
  try {
    const log = new Log(child);
    await log.next('metrics at');
    const result: Reload[] = [];
    for (let run = 0; run <= runs; run++) {
      writeFileSync(file, largeRuleFile(rules, 1 + run));
      const beganMs = performance.now();
      child.kill('SIGHUP');
      const { parseMs, compileMs } = await log.next('rules loaded again');
      // The first one warms up.
      if (run > 0) result.push({ ms: performance.now() - beganMs, parseMs, compileMs });
    }
    return result;
  } finally {
    child.kill('SIGTERM');
    await ended;
    clearTimeout(tooLong);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'upe-bench-'));
try {
  const all = await reloads(folder);
  process.stdout.write(
    `${JSON.stringify({
      ...spread(all.map(({ ms }) => ms)),
      parseMs: median(all.map(({ parseMs }) => parseMs)),
      compileMs: median(all.map(({ compileMs }) => compileMs)),
    })}\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
