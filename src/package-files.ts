import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's root, seen from the compiled module `dist/src/package-files.js`. */
const ROOT = new URL('../../', import.meta.url);

/** Version of UPE, as package.json has it. */
export const VERSION: string = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')).version;

/** The README, which npm puts into every package. */
export const README_FILE: string = fileURLToPath(new URL('README.md', ROOT));

/** The rule file that is used where none is configured. */
export const BUNDLED_RULES_FILE: string = fileURLToPath(new URL('deploy/rules/example.yaml', ROOT));
