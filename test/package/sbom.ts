import { spawnSync } from 'node:child_process';
import { MANIFEST, ROOT } from './lockfile.js';

/** One package, as CycloneDX has it (https://cyclonedx.org/docs/1.5/json). */
export interface Component {
  readonly 'bom-ref': string;
  name: string;
  readonly version: string;
  readonly scope: 'required' | 'optional';
  readonly purl: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

/** The part of a CycloneDX document that is looked at here. */
export interface BillOfMaterials {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  components: Component[];
  dependencies: { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * What UPE consists of at run time: what `npm sbom` makes of the lockfile, without the packages that only
 * development needs.
 *
 * `npm sbom --omit dev` is not used: it also leaves out what a run-time and a development package both need
 * (npm 11.19: ajv, yaml and five more of ours). Unasked, it marks what is for development alone.
 *
 * @throws Error with npm's own words when it fails.
 */
export function runTimeBillOfMaterials(): BillOfMaterials {
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}${stdout}`);
  const bill: BillOfMaterials = JSON.parse(stdout);
  bill.components = bill.components.filter((component) => !isForDevelopment(component));
  const kept = new Set(
    [bill.metadata.component, ...bill.components].map((component) => component['bom-ref']),
  );
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));
  // npm calls the root by its folder, which may have any name.
  bill.metadata.component.name = MANIFEST.name;
  return bill;
}

function isForDevelopment({ properties = [] }: Component): boolean {
  return properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
}
