/**
 * Writes the dashboards' JSON beside their source; with `--check` it only says which files differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allDashboards, fileOf, textOf } from './all-dashboards.js';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

for (const dashboard of allDashboards()) {
  const file = fileOf(dashboard);
  const text = textOf(dashboard);
  if (!values.check) {
    writeFileSync(file, text);
  } else if (committed(file) !== text) {
    console.error(`${fileURLToPath(file)} is not what its source makes: run npm run dashboards`);
    process.exitCode = 1;
  }
}

/** The file as it is; `null` where there is none. */
function committed(file: URL): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
