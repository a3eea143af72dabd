import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What the altered code calls before every statement. */
declare global {
  var beforeStatement: () => void;
}
globalThis.beforeStatement = () => undefined;

/** The code that a worker or rx runs between two looks at its control block, and what brings it in order again. */
const MORTAL = ['counters', 'kernel', 'memory', 'ring', 'source', 'tx', 'worker'];
const COMPILED = fileURLToPath(new URL('../../src', import.meta.url));
const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** What ends the code in the midst of its work; nothing in src catches it. */
export class Death extends Error {}

/**
 * A copy of the compiled source whose code can be ended before any statement, which is where
 * `worker.terminate()` can end it and more: V8 looks for that at calls and at the end of each loop only. Code
 * that is written for its speed keeps the form that it has; what is tested is that code, statement by statement.
 *
 * @param folder where the copy goes.
 * @returns imports a module of the copy, by its path in src.
 */
export function mortalCode(folder: string): <Module>(path: string) => Promise<Module> {
  mkdirSync(folder, { recursive: true });
  cpSync(COMPILED, join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  rmSync(join(folder, 'node_modules'), { force: true });
  symlinkSync(MODULES, join(folder, 'node_modules'));
  for (const part of MORTAL) {
    for (const name of readdirSync(join(folder, 'src', part))) {
      if (!name.endsWith('.js')) continue;
      const file = join(folder, 'src', part, name);
      writeFileSync(file, withDeaths(readFileSync(file, 'utf8')));
    }
  }
  return (path) => import(pathToFileURL(join(folder, 'src', path)).href);
}

/** Beginnings of lines that are statements in what tsc writes. */
const STATEMENT =
  /^ +(this\.|words\[|cells\[|control\[|Atomics\.|[a-z]\w*(\.\w+)*\(|[a-z]\w*\.\w+|if \(|for \(|return\b|const |let |[a-z]\w*(\+\+|--| [-+]?= ))/;

/** Puts a call before each statement, and braces around those that have none. */
function withDeaths(code: string): string {
  // In a class that is where its fields are.
  const indent = /\n(export )?(abstract )?class /.test(code) ? 8 : 4;
  let before = '';
  return code
    .split('\n')
    .map((line) => {
      const last = before;
      if (line.trim() !== '' && !/^\s*(\/\/|\/?\*)/.test(line)) before = line.trimEnd();
      if (!line.startsWith(' '.repeat(indent)) || !STATEMENT.test(line)) return line;
      const call = 'globalThis.beforeStatement();';
      if (/^\s*((for|if|while) \(.*\)|else)$/.test(last) || /^\s*else if \(.*\)$/.test(last)) {
        return line.endsWith(';') ? `{ ${call} ${line.trim()} }` : line;
      }
      return /[;{}]$/.test(last) && !/^\s+\w+(, \w+)*,?$/.test(line) && /[;{)]$/.test(line) && !isMethod(line)
        ? `${call} ${line}`
        : line;
    })
    .join('\n');
}

/** `name(...) {` in a class: only what has a keyword in front is a statement then. */
function isMethod(line: string): boolean {
  return line.endsWith('{') && !/^\s*(if|for|while|const|let|return)\b/.test(line);
}
