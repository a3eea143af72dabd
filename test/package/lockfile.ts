import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root, seen from the compiled module `dist/test/package/lockfile.js`. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What package.json says, as far as it is looked at here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

export const MANIFEST: Manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** One package in the lockfile. */
export interface LockedPackage {
  readonly name: string;
  /** Where it is installed, `node_modules/...`. */
  readonly path: string;
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  /** True for what only development needs. */
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

/** Every package in the lockfile, the root excepted. */
export const LOCKED_PACKAGES: readonly LockedPackage[] = Object.entries(
  JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages as Record<string, LockedPackage>,
)
  .filter(([path]) => path !== '')
  .map(([path, locked]) => ({ ...locked, path, name: path.slice(path.lastIndexOf('node_modules/') + 13) }));

export const RUN_TIME_PACKAGES: readonly LockedPackage[] = LOCKED_PACKAGES.filter(({ dev }) => dev !== true);
