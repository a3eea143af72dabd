import { closeSync, openSync, readSync } from 'node:fs';
import type { Firewall } from '../config/commands.js';
import { EnvironmentError, ImportError } from '../errors.js';
import type { ForeignTable } from '../rules/import/foreign-rules.js';
import { type ImportedRules, importRules, placeAndText } from '../rules/import/import-rules.js';
import { readIptables } from '../rules/import/iptables/iptables-table.js';
import { readNftables } from '../rules/import/nftables/nftables-table.js';

/** The name under which users mean standard input. */
const STANDARD_INPUT = '-';
/** A ruleset of 100,000 elements has about 3 MiB. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface ImportOptions {
  readonly firewall: Firewall;
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly chain: string | null;
  readonly ipv6: boolean;
}

/**
 * `upe import`: prints rules of another firewall as a rule file, and on standard error what it could not say.
 *
 * @returns the exit code: 3 when a rule is left out.
 * @throws UpeError when the input cannot be read, or is none.
 */
export function importFirewall({ firewall, file, chain, ipv6 }: ImportOptions): 0 | 3 {
  const label = file === STANDARD_INPUT ? 'standard input' : file;
  const text = readInput(file, label);
  const imported = inFile(label, () => importRules(tableOf(firewall, text, chain, ipv6)));
  process.stdout.write(imported.text);
  process.stderr.write(reportOf(imported));
  return imported.findings.some(({ kind }) => kind === 'left out') ? 3 : 0;
}

function tableOf(firewall: Firewall, text: string, chain: string | null, ipv6: boolean): ForeignTable {
  return firewall === 'nftables' ? readNftables(text, chain) : readIptables(text, chain, ipv6);
}

/** What was not said, what was said with a difference, and the sum: a line each. */
function reportOf({ findings, saidCount, text }: ImportedRules): string {
  const lines = findings.map(({ kind, rule, reason }) => `${kind}: ${placeAndText(rule)}: ${reason}`);
  const leftOut = new Set(findings.filter(({ kind }) => kind === 'left out').map(({ rule }) => rule)).size;
  const written = text.match(/^ {2}- name: /gm)?.length ?? 0;
  const rules = (count: number) => (count === 1 ? '1 rule' : `${count} rules`);
  const sum = `${rules(saidCount)} said in ${rules(written)} of UPE, ${rules(leftOut)} left out`;
  return `${[...lines, sum].map((line) => `upe: ${line}`).join('\n')}\n`;
}

/** Says which input an error is about. */
function inFile<Result>(label: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof ImportError) throw new ImportError(`${label}: ${error.message}`);
    throw error;
  }
}

function readInput(file: string, label: string): string {
  const chunks: Buffer[] = [];
  let total = 0;
  let descriptor = -1;
  try {
    descriptor = file === STANDARD_INPUT ? 0 : openSync(file, 'r');
    for (;;) {
      const chunk = Buffer.allocUnsafe(256 * 1024);
      const count = readSync(descriptor, chunk, 0, chunk.length, null);
      if (count === 0) break;
      total += count;
      if (total > INPUT_BYTES_MAX) throw new ImportError(`${label}: larger than ${INPUT_BYTES_MAX} bytes`);
      chunks.push(chunk.subarray(0, count));
    }
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw unreadable(label, error as NodeJS.ErrnoException);
  } finally {
    if (descriptor > 0) closeSync(descriptor);
  }
  return Buffer.concat(chunks, total).toString('utf8');
}

function unreadable(label: string, { code, message }: NodeJS.ErrnoException): EnvironmentError {
  const reasons: Record<string, string> = {
    ENOENT: 'does not exist; check the path',
    ENOTDIR: 'does not exist; check the path',
    EISDIR: 'is a directory; give a file',
    EACCES: `may not be read by user ${process.getuid?.()}`,
  };
  return new EnvironmentError(`${label}: ${(code && reasons[code]) ?? `cannot be read (${message})`}`);
}
