import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCompose } from './compose-file.js';
import { type ContainerEngine, STORE } from './container-engine.js';
import { temporaryFolder } from './engine-fixture.js';
import { ROOT } from './package-root.js';
import { startProgram, type TestScope } from './upe-process.js';

/** The image that UPE's is made from, as the Dockerfile names it. */
export const NODE_IMAGE = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))![1];

const { upe: UPE_IMAGE, prometheus: PROMETHEUS_IMAGE } = readCompose(['compose.yaml'])['x-images'];

export { PROMETHEUS_IMAGE, UPE_IMAGE };

/** What tests of a stack with Grafana say of it. */
export const GRAFANA_NOT_RUN = 'Grafana is not run: these tests use no registry of images';

const DEBIAN = /-(\w+)-slim$/.exec(NODE_IMAGE)![1];

async function run(t: TestScope, program: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await startProgram(t, program, args).ended;
  if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.trim();
}

/**
 * Makes images while no other test does: what the first has made serves the others, which would make the same beside
 * it, each at the full price.
 */
async function oneAtATime(t: TestScope, make: () => Promise<void>): Promise<void> {
  // It has the lock for as long as this process keeps its standard input open.
  const args = ['--no-fork', join(STORE, 'images.lock'), 'sh', '-c', 'echo locked; exec cat'];
  const holder = spawn('flock', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => holder.kill());
  const ended = once(holder, 'exit');
  const isLocked = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    ended.then(() => false),
  ]);
  if (!isLocked) throw new Error('flock has ended without the lock of the images');
  try {
    await make();
  } finally {
    holder.stdin.end();
    await ended;
  }
}

/**
 * Makes the image of Node.js, unless there is one: Debian's smallest system with this machine's Node.js and
 * npm, where the real image has them. No registry of images is needed.
 */
async function makeNodeImage(t: TestScope, engine: ContainerEngine): Promise<void> {
  if (await engine.hasImage(t, NODE_IMAGE)) return;
  const folder = temporaryFolder(t);
  const root = join(folder, 'root');
  await run(t, 'debootstrap', '--variant=minbase', DEBIAN, root);
  const local = join(root, 'usr/local');
  await run(t, 'cp', process.execPath, join(local, 'bin/node'));
  const modules = await run(t, 'npm', 'root', '--global');
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true });
  await run(t, 'cp', '--archive', join(modules, 'npm'), join(local, 'lib/node_modules/npm'));
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
  }
  // These two are there as names only.
  mkdirSync(join(root, 'opt/yarn-v1'));
  for (const name of ['corepack', 'yarn', 'yarnpkg']) symlinkSync('node', join(local, 'bin', name));
  const archive = join(folder, 'root.tar');
  await run(t, 'tar', '--create', `--file=${archive}`, `--directory=${root}`, '.');
  await engine.ask(t, 'import', '--quiet', archive, NODE_IMAGE);
}

/**
 * Options of a build with which npm in it finds what npm on this machine finds: its settings and its
 * certificates. They are mounted while a step runs, and get into no image.
 */
async function npmOptions(t: TestScope, folder: string): Promise<string[]> {
  const settings: string[] = [];
  for (const name of ['globalconfig', 'userconfig']) {
    const file = await run(t, 'npm', 'config', 'get', name);
    if (existsSync(file)) settings.push(readFileSync(file, 'utf8'));
  }
  const fromSettings = await run(t, 'npm', 'config', 'get', 'cafile');
  const authorities = existsSync(fromSettings) ? fromSettings : process.env.NODE_EXTRA_CA_CERTS;
  const inside = '/run/authorities.crt';
  if (authorities !== undefined) settings.push(`cafile=${inside}`);
  const npmrc = join(folder, 'npmrc');
  writeFileSync(npmrc, `${settings.join('\n')}\n`, { mode: 0o600 });
  const mounts = [`--volume=${npmrc}:/root/.npmrc:ro`];
  if (authorities !== undefined) mounts.push(`--volume=${authorities}:${inside}:ro`);
  return mounts;
}

/** Builds UPE's image from the Dockerfile under the name that the Compose file has for it. */
export function buildUpeImage(t: TestScope, engine: ContainerEngine): Promise<void> {
  return oneAtATime(t, () => makeUpeImage(t, engine));
}

async function makeUpeImage(t: TestScope, engine: ContainerEngine): Promise<void> {
  await makeNodeImage(t, engine);
  const options = ['--network=host', '--format=docker', '--pull-never', `--tag=${UPE_IMAGE}`];
  const npm = await npmOptions(t, temporaryFolder(t));
  await engine.ask(t, 'build', '--quiet', ...options, ...npm, ROOT);
  // What earlier runs of this test have left behind; what this one has made may serve the next.
  await engine.ask(t, 'image', 'prune', '--force', '--filter=until=24h');
}

/** Makes an image of this machine's Prometheus, Debian's, under the name of the real one. */
export function buildPrometheusImage(t: TestScope, engine: ContainerEngine): Promise<void> {
  return oneAtATime(t, () => makePrometheusImage(t, engine));
}

async function makePrometheusImage(t: TestScope, engine: ContainerEngine): Promise<void> {
  await makeNodeImage(t, engine);
  const folder = temporaryFolder(t);
  const programs = ['prometheus', 'promtool'];
  for (const program of programs) {
    await run(t, 'cp', await run(t, 'sh', '-c', `command -v ${program}`), join(folder, program));
  }
  const dockerfile = [
    `FROM ${NODE_IMAGE}`,
    `COPY ${programs.join(' ')} /usr/bin/`,
    'RUN mkdir /prometheus && chown 65534:65534 /prometheus',
    'USER 65534:65534',
    'ENTRYPOINT ["prometheus"]',
  ];
  const file = join(folder, 'Dockerfile');
  writeFileSync(file, `${dockerfile.join('\n')}\n`);
  const options = ['--quiet', '--format=docker', '--pull-never', `--tag=${PROMETHEUS_IMAGE}`];
  await engine.ask(t, 'build', ...options, dirname(file));
}
