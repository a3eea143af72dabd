import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** One line of `bench --json`. */
export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The program measured alternately in the same run, and UPE's rate over its rate: more is better. */
  readonly peer?: string;
  readonly ratio?: number;
  /** Smallest and largest of the runs, in `unit`. */
  readonly min: number;
  readonly max: number;
  /** What the figure has to be, and whether it is: bars.ts. */
  readonly bar?: string;
  readonly holds?: boolean;
  /** Options of the case. */
  readonly [option: string]: string | number | boolean | undefined;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs a program and parses the last line that it prints as JSON. */
export function runJson(program: string, args: readonly (string | number)[]): Record<string, number> {
  const output = execFileSync(program, args.map(String), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

/** Runs a module of this folder in a process of its own. */
export function runModule(module: string, args: readonly (string | number)[]): Record<string, number> {
  return runJson(process.execPath, [fileURLToPath(new URL(module, import.meta.url)), ...args]);
}

export function spread(values: readonly number[]): { value: number; min: number; max: number } {
  return { value: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Of the ratios of neighbours. */
export function ratioSpread(
  ratios: readonly number[],
): Required<Pick<BenchResult, 'ratio'>> & { readonly ratioMin: number; readonly ratioMax: number } {
  return { ratio: median(ratios), ratioMin: Math.min(...ratios), ratioMax: Math.max(...ratios) };
}
