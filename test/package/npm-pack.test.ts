import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SAMPLE_CAPTURE, SAMPLE_REPORT, SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { ROOT } from '../support/package-root.js';
import { type Ended, startProgram } from '../support/upe-process.js';

t.setTimeout(120_000);

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const folder = temporaryFolder(t);
const project = join(folder, 'project');
mkdirSync(project);
writeFileSync(join(project, 'package.json'), '{ "name": "project", "version": "1.0.0", "private": true }\n');

/** Runs npm or npx in a folder. Under `npm test` they would take the outer package for their own. */
function runIn(cwd: string, command: string, ...args: string[]): Promise<Ended> {
  return startProgram(t, command, args, { cwd, env: { npm_config_local_prefix: cwd, INIT_CWD: cwd } }).ended;
}

t.test('the package holds the program and the example rules, and no tests', async (t) => {
  const packed = await runIn(ROOT, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder);
  t.equal(packed.exitCode, 0, 'npm pack', { stderr: packed.stderr });
  const [{ filename, files }] = JSON.parse(packed.stdout);
  t.equal(filename, `upe-${version}.tgz`);
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  for (const needed of [
    'package.json',
    'dist/src/main.js',
    'dist/src/page/main.js',
    'dist/src/rules/wasm/search.wasm',
    'deploy/rules/example.yaml',
  ]) {
    t.ok(paths.includes(needed), needed);
  }
  const allowed =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/src\/.*\.js|dist\/src\/rules\/wasm\/search\.wasm|deploy\/rules\/.*\.yaml)$/;
  t.strictSame(
    paths.filter((path) => !allowed.test(path)),
    [],
    'nothing else',
  );
});

t.test('installed into an empty project, it works', async (t) => {
  const tarball = join(folder, `upe-${version}.tgz`);
  const installed = await runIn(
    project,
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    tarball,
  );
  t.equal(installed.exitCode, 0, 'npm install', { stderr: installed.stderr });

  await t.test('upe --version', async (t) => {
    const { exitCode, stdout } = await runIn(project, 'npx', '--no-install', 'upe', '--version');
    t.equal(exitCode, 0);
    t.equal(stdout, `upe ${version}\n`);
  });

  await t.test('upe check, with the rules that came along', async (t) => {
    const { exitCode, stdout } = await runIn(project, 'npx', '--no-install', 'upe', 'check');
    t.equal(exitCode, 0);
    t.match(stdout, /node_modules\/upe\/deploy\/rules\/example\.yaml: \d+ rules, valid\n$/);
  });

  await t.test('upe replay', async (t) => {
    writeFileSync(join(project, 'sample.pcap'), SAMPLE_CAPTURE);
    writeFileSync(join(project, 'rules.yaml'), SAMPLE_RULES);
    const args = ['upe', 'replay', 'sample.pcap', '--json', '--rules', 'rules.yaml'];
    const { exitCode, stdout } = await runIn(project, 'npx', '--no-install', ...args);
    t.equal(exitCode, 0);
    t.strictSame(JSON.parse(stdout), {
      ...SAMPLE_REPORT,
      files: [{ file: 'sample.pcap', packets: 13, error: null }],
    });
  });
});
