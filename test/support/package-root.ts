import { fileURLToPath } from 'node:url';

/** The package's root, seen from the compiled module `dist/test/support/package-root.js`. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
