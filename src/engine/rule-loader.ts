import { Worker } from 'node:worker_threads';
import { EnvironmentError, RuleFileError, type RuleProblem, RuleTableSizeError } from '../errors.js';
import type { RuleSet } from '../rules/rule.js';

/** What the loader thread is given. */
export interface RuleLoaderData {
  readonly file: string;
  /** Labels of the source's interfaces. */
  readonly interfaces: readonly string[];
}

/** Rules, and what takes time to make of them. */
export interface RulesAside {
  readonly ruleSet: RuleSet;
  /** Of `compileRules`. */
  readonly compiled: SharedArrayBuffer | null;
  /** Of `packRules`. */
  readonly packed: SharedArrayBuffer;
  /** How long reading and checking the file and compiling its rules took, milliseconds. */
  readonly parseMs: number;
  readonly compileMs: number;
}

/** What the loader thread answers. */
export type LoadedRules =
  | ({ readonly kind: 'rules' } & RulesAside)
  | { readonly kind: 'tooLarge'; readonly bytesMax: number }
  | { readonly kind: 'invalid'; readonly file: string; readonly problems: readonly RuleProblem[] }
  | { readonly kind: 'unreadable'; readonly message: string };

/** What a thread may fail of that is no defect: open files, and memory. */
const EXHAUSTED = ['EMFILE', 'ENFILE', 'ERR_WORKER_INIT_FAILED', 'ERR_WORKER_OUT_OF_MEMORY'];

/**
 * Reads a rule file and compiles it on a thread of its own: parsing ten thousand rules takes seconds, and
 * main has signals to answer.
 *
 * @param interfaces labels of the source's interfaces.
 * @throws RuleFileError or EnvironmentError, as `loadRuleFile` does, and RuleTableSizeError.
 */
export async function loadRulesAside(file: string, interfaces: readonly string[]): Promise<RulesAside> {
  const worker = new Worker(new URL('./rule-loader-thread.js', import.meta.url), {
    name: 'rules',
    workerData: { file, interfaces } satisfies RuleLoaderData,
  });
  const loaded = await new Promise<LoadedRules>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) => reject(exhaustion(error) ?? error));
    worker.once('exit', () => reject(new Error('the rule loader thread ended without an answer')));
  });
  switch (loaded.kind) {
    case 'rules':
      return loaded;
    case 'invalid':
      throw new RuleFileError(loaded.file, loaded.problems);
    case 'tooLarge':
      throw new RuleTableSizeError(loaded.bytesMax);
    case 'unreadable':
      throw new EnvironmentError(loaded.message);
  }
}

/** An engine that works need not end because it cannot load other rules just now. */
function exhaustion(error: NodeJS.ErrnoException): EnvironmentError | null {
  if (!EXHAUSTED.includes(error.code ?? '')) return null;
  return new EnvironmentError(`the rules cannot be read, because something has run out: ${error.message}`);
}
