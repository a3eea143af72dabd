import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LOCKED_PACKAGES, MANIFEST, ROOT, RUN_TIME_PACKAGES } from './lockfile.js';
import { runTimeBillOfMaterials } from './sbom.js';

const RUN_TIME = { ...MANIFEST.dependencies, ...MANIFEST.optionalDependencies };

t.test('every package is locked to one content, and the lockfile names no registry', async (t) => {
  t.ok(LOCKED_PACKAGES.length > RUN_TIME_PACKAGES.length);
  for (const { path, integrity, resolved } of LOCKED_PACKAGES) {
    // SHA-512 in base64.
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')) t.fail(`${path}: integrity ${integrity}`);
    // Whoever has a mirror must be able to install from it; the content is held by its hash.
    if (resolved !== undefined) t.fail(`${path} names where it was fetched from: ${resolved}`);
  }
  t.comment(`${LOCKED_PACKAGES.length} packages, ${RUN_TIME_PACKAGES.length} of them at run time`);
});

t.test('every dependency is pinned to one version, the one that is locked', async (t) => {
  const pinned = { ...RUN_TIME, ...MANIFEST.devDependencies, ...MANIFEST.overrides };
  for (const [name, version] of Object.entries(pinned)) {
    t.match(version, /^\d+\.\d+\.\d+$/, name);
    const locked = LOCKED_PACKAGES.find(({ path }) => path === `node_modules/${name}`);
    t.equal(locked?.version, version, `${name} in the lockfile`);
  }
});

t.test('SECURITY.md says of each run-time dependency why it is there', async (t) => {
  const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  const section = text.split('\n## Run-time dependencies\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name, why]) => ({ name, why }));
  t.strictSame(rows.map(({ name }) => name).sort(), Object.keys(RUN_TIME).sort());
  for (const { name, why } of rows) t.ok(why.length > 20, `${name}: ${why}`);
});

t.test('two packages have install scripts: koffi, whose need not run, and raw-socket', async (t) => {
  const scripted = RUN_TIME_PACKAGES.filter(({ hasInstallScript }) => hasInstallScript === true);
  t.strictSame(scripted.map(({ name }) => name).sort(), ['koffi', 'raw-socket']);
});

t.test('the bill of materials lists exactly the run-time packages, each with its hash', async (t) => {
  const bill = runTimeBillOfMaterials();
  t.equal(bill.bomFormat, 'CycloneDX');
  t.match(bill.metadata.component, { name: MANIFEST.name, version: MANIFEST.version });
  const locked = RUN_TIME_PACKAGES.map(({ name, version, integrity }) => {
    const hash = Buffer.from(integrity!.slice('sha512-'.length), 'base64').toString('hex');
    return `${name}@${version} ${hash}`;
  });
  const listed = bill.components.map(({ name, version, hashes }) => {
    const [hash] = (hashes ?? []).filter(({ alg }) => alg === 'SHA-512');
    return `${name}@${version} ${hash?.content}`;
  });
  // A version that is installed in two places is one component.
  t.strictSame(listed.sort(), [...new Set(locked)].sort());

  const refs = new Set(bill.components.map((component) => component['bom-ref']));
  const direct = bill.dependencies.find(({ ref }) => ref === bill.metadata.component['bom-ref']);
  t.strictSame(
    [...(direct?.dependsOn ?? [])].sort(),
    Object.entries(RUN_TIME)
      .map(([name, version]) => `${name}@${version}`)
      .sort(),
    'what UPE itself depends on',
  );
  for (const { ref, dependsOn } of bill.dependencies) {
    for (const other of dependsOn) if (!refs.has(other)) t.fail(`${ref} depends on ${other}, not listed`);
  }
});
