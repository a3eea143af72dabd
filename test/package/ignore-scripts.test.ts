import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SAMPLE_CAPTURE, SAMPLE_REPORT, SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { Scrape } from '../support/scrape.js';
import { type Ended, eventually, type Program, startProgram } from '../support/upe-process.js';
import { MANIFEST, ROOT } from './lockfile.js';

t.setTimeout(120_000);

const asRoot = process.getuid?.() === 0 ? false : 'needs root: it opens an interface';

const folder = temporaryFolder(t);
const project = join(folder, 'project');
mkdirSync(project);
writeFileSync(join(project, 'package.json'), '{ "name": "project", "version": "1.0.0", "private": true }\n');

/** Runs npm in a folder. Under `npm test` it would take the outer package for its own. */
function npmIn(cwd: string, ...args: string[]): Promise<Ended> {
  return startProgram(t, 'npm', args, { cwd, env: { npm_config_local_prefix: cwd, INIT_CWD: cwd } }).ended;
}

/** Starts the installed program. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  return startProgram(t, join(project, 'node_modules/.bin/upe'), args, { cwd: project, env });
}

/** Starts `upe run`, waits until it has received packets, and stops it. */
async function packetsOf(
  env: Readonly<Record<string, string>>,
): Promise<{ packets: number; exitCode: number | null }> {
  const program = start(['run'], { UPE_HTTP_PORT: '0', ...env });
  const { msg } = await program.waitForLog('metrics at http://');
  const origin = msg.slice('metrics at '.length);
  const packets = await eventually('packet', async () => {
    const scrape = new Scrape(await (await fetch(new URL('/metrics', origin))).text());
    return scrape.sum('upe_rx_packets_total') || undefined;
  });
  program.signal('SIGTERM');
  return { packets, exitCode: (await program.ended).exitCode };
}

t.test('installed without running any script, everything works but raw-socket', async (t) => {
  const packed = await npmIn(ROOT, 'pack', '--ignore-scripts', '--pack-destination', folder);
  t.equal(packed.exitCode, 0, 'npm pack', { stderr: packed.stderr });
  const tarball = join(folder, `upe-${MANIFEST.version}.tgz`);
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const installed = await npmIn(project, 'install', ...flags, tarball);
  t.equal(installed.exitCode, 0, 'npm install', { stderr: installed.stderr });

  await t.test('upe replay', async (t) => {
    writeFileSync(join(project, 'sample.pcap'), SAMPLE_CAPTURE);
    writeFileSync(join(project, 'rules.yaml'), SAMPLE_RULES);
    const { exitCode, stdout } = await start(['replay', 'sample.pcap', '--json', '--rules', 'rules.yaml'])
      .ended;
    t.equal(exitCode, 0);
    t.strictSame(JSON.parse(stdout), {
      ...SAMPLE_REPORT,
      files: [{ file: 'sample.pcap', packets: 13, error: null }],
    });
  });

  await t.test('upe run, demo traffic', async (t) => {
    const { packets, exitCode } = await packetsOf({ UPE_SOURCE: 'demo' });
    t.ok(packets > 0, `${packets} packets`);
    t.equal(exitCode, 0);
  });

  await t.test('upe run, an interface: koffi brings its binary along', { skip: asRoot }, async (t) => {
    // The scrapes themselves are the traffic.
    const env = { UPE_SOURCE: 'afpacket', UPE_INTERFACE: 'lo', UPE_USER: 'root' };
    const { packets, exitCode } = await packetsOf(env);
    t.ok(packets > 0, `${packets} packets`);
    t.equal(exitCode, 0);
  });

  await t.test('raw-socket says in one line what it needs', async (t) => {
    const env = { UPE_SOURCE: 'raw-socket', UPE_RULES_FILE: 'rules.yaml', UPE_HTTP_PORT: '0' };
    const { exitCode, stderr } = await start(['run'], env).ended;
    t.equal(exitCode, 1);
    t.match(
      stderr,
      /^upe: UPE_SOURCE=raw-socket needs the npm package raw-socket, .*`npm install raw-socket`.*\n$/,
    );
    t.match(stderr, /^[^\n]+\n$/, 'one line');
  });
});
