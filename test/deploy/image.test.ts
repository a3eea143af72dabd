import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ethernet, ipv4, tcp } from '../fixtures/frames.js';
import {
  type Container,
  ContainerEngine,
  containersMissing,
  networkOf,
  READ_ONLY,
} from '../support/container-engine.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import { ROOT } from '../support/package-root.js';
import { accountOf, NOBODY_AT_ALL } from '../support/process-account.js';
import { rulePackets } from '../support/rules-file.js';
import { Scrape } from '../support/scrape.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { buildUpeImage, NODE_IMAGE, UPE_IMAGE } from '../support/test-images.js';
import { eventually, type TestScope } from '../support/upe-process.js';

// The first run on a machine makes the base image.
// The first of these tests on a machine makes the base of the images, and the others wait for it.
t.setTimeout(600_000);

const skip = containersMissing() || labMissing(['tcpreplay', 'curl', 'sysctl']);
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const ADDED_BYTES_MAX = 60_000_000;
const DEMO = ['--env=UPE_SOURCE=demo', '--publish=127.0.0.1::9912'];

/** What the README's line for an interface gives the container, beside the host's network. */
const LIVE = [
  '--user=0:0',
  '--cap-drop=ALL',
  ...['NET_RAW', 'SETUID', 'SETGID'].map((name) => `--cap-add=${name}`),
  '--env=UPE_SOURCE=afpacket',
  '--env=UPE_HTTP_HOST=127.0.0.1',
  '--env=UPE_INTERFACE=eth0',
];

let engine: ContainerEngine;

t.test('the image is built from the Dockerfile', { skip }, async (t) => {
  t.comment('run on this machine only: arm64 is not run');
  engine = new ContainerEngine();
  await buildUpeImage(t, engine);
  const sizeOf = async (image: string) =>
    Number(await engine.ask(t, 'image', 'inspect', '--format={{.Size}}', image));
  const addedBytes = (await sizeOf(UPE_IMAGE)) - (await sizeOf(NODE_IMAGE));
  t.comment(`it adds ${(addedBytes / 1e6).toFixed(1)} MB to its base`);
  t.ok(addedBytes > 0 && addedBytes < ADDED_BYTES_MAX, `${addedBytes} bytes added`);
});

t.test('what the image says of itself', { skip }, async (t) => {
  const config = JSON.parse(await engine.ask(t, 'image', 'inspect', '--format={{json .Config}}', UPE_IMAGE));
  t.match(config, { User: '65534:65534', Entrypoint: ['upe'], Cmd: ['run'] });
  t.strictSame(Object.keys(config.ExposedPorts), ['9912/tcp']);
  t.match(config.Labels, {
    'org.opencontainers.image.title': /^UPE/,
    'org.opencontainers.image.description': /./,
    'org.opencontainers.image.licenses': 'MIT',
    'org.opencontainers.image.version': version,
  });
  const health = await engine.ask(t, 'image', 'inspect', '--format={{json .HealthCheck}}', UPE_IMAGE);
  t.strictSame(JSON.parse(health).Test, ['CMD', 'upe', 'healthcheck']);
  t.equal(await engine.ask(t, 'run', '--rm', UPE_IMAGE, '--version'), `upe ${version}`);
});

t.test('it holds no package manager, no compiler and nothing of the build', { skip }, async (t) => {
  const inside = (script: string) =>
    engine.ask(t, 'run', '--rm', '--user=0', '--entrypoint=sh', UPE_IMAGE, '-c', script);
  const programs = 'npm npx corepack yarn yarnpkg tsc gcc cc g++ make python3';
  t.equal(await inside(`for program in ${programs}; do command -v $program; done; true`), '');
  t.equal(await inside('find / -xdev \\( -name npm -o -name "*npmrc" -size +0 \\)'), '');
  t.equal(
    await inside('cd /opt/upe && ls -A'),
    'LICENSE\nREADME.md\ndeploy\ndist\nnode_modules\npackage.json',
  );
  t.equal(
    await inside('cd /opt/upe/node_modules && ls -d typescript tap raw-socket nan 2>/dev/null; true'),
    '',
  );
});

async function scrapeOf(t: TestScope, container: Container): Promise<Scrape> {
  const answer = await fetch(`http://${await container.address(t, 9912)}/metrics`);
  return new Scrape(await answer.text());
}

t.test('the demo runs as nobody, on a root that is read-only', { skip }, async (t) => {
  const upe = await engine.start(t, UPE_IMAGE, [...DEMO, ...READ_ONLY]);
  await upe.waitForLog(t, 'metrics at http://');
  t.strictSame(accountOf(t, await upe.pid(t)), NOBODY_AT_ALL);
  await eventually('packet', async () => (await scrapeOf(t, upe)).sum('upe_rx_packets_total') > 0);
  t.equal((await upe.health(t)).exitCode, 0, 'healthy');
  t.not((await upe.exec(t, 'touch', '/tmp/file')).exitCode, 0, 'nothing can be written');
  t.equal(await upe.stop(t), 0, 'SIGTERM ends it as the first process');
  t.match((await upe.logs(t)).stdout, /"holds":true.*every packet is accounted for/);
});

t.test('the health check of somebody who does not answer fails', { skip }, async (t) => {
  const { exitCode, stderr } = await engine.podman(t, 'run', '--rm', UPE_IMAGE, 'healthcheck');
  t.equal(exitCode, 1);
  t.match(stderr, /^upe: no answer from [^\n]*ECONNREFUSED[^\n]*\n$/);
});

t.test('live it sees the packets of its interface, and keeps no capability', { skip }, async (t) => {
  const { left, mid } = watchLab(t);
  const upe = await engine.start(t, UPE_IMAGE, [...LIVE, ...READ_ONLY, networkOf(mid)]);
  await upe.waitForLog(t, 'metrics at http://127.0.0.1:9912/');
  t.strictSame(accountOf(t, await upe.pid(t)), NOBODY_AT_ALL);
  const frames = join(temporaryFolder(t), 'frames.pcap');
  writeFrames(frames, Array(100).fill(ethernet({ payload: ipv4({ payload: tcp({ dstPort: 443 }) }) })));
  t.equal((await tcpreplay(left, 'eth0', frames)).packets, 100);
  await eventually('count of 100 packets', async () => {
    const { output } = await mid.finish('curl', '--silent', 'http://127.0.0.1:9912/metrics');
    return new Scrape(output).value(rulePackets('https')) === 100;
  });
  t.equal((await upe.health(t)).exitCode, 0, 'healthy');
  t.equal(await upe.stop(t), 0);
});

interface BadInput {
  readonly name: string;
  readonly options: readonly string[];
  readonly exitCode: number;
  readonly says: RegExp;
}

for (const { name, options, exitCode, says } of [
  { name: 'no source', options: [], exitCode: 2, says: /^upe: UPE_SOURCE is not set, [^\n]*\n$/ },
  {
    name: 'a bad variable',
    options: [...DEMO, '--env=UPE_WORKERS=4x'],
    exitCode: 2,
    says: /^upe: UPE_WORKERS is "4x", [^\n]*\n$/,
  },
  {
    name: 'a rule file that is not there',
    options: [...DEMO, '--env=UPE_RULES_FILE=/etc/upe/rules.yaml'],
    exitCode: 1,
    says: /^[^\n]*\/etc\/upe\/rules\.yaml[^\n]*\n$/,
  },
  {
    name: 'an interface without the capability',
    options: LIVE.filter((option) => !option.endsWith('NET_RAW')).map((o) => o.replace('eth0', 'lo')),
    exitCode: 1,
    says: /^upe: [^\n]*CAP_NET_RAW[^\n]*--cap-add NET_RAW[^\n]*\n$/,
  },
] satisfies BadInput[]) {
  t.test(`one line about ${name}`, { skip }, async (t) => {
    const ended = await engine.podman(t, 'run', '--rm', ...options, UPE_IMAGE);
    t.equal(ended.exitCode, exitCode);
    t.match(ended.stderr, says);
    t.equal(ended.stdout, '');
  });
}

t.test('one line about a port that is taken', { skip }, async (t) => {
  const first = await engine.start(t, UPE_IMAGE, DEMO);
  await first.waitForLog(t, 'metrics at http://');

  await t.test('on the network that it shares, by UPE', async (t) => {
    const options = [`--network=container:${first.name}`, '--env=UPE_SOURCE=demo'];
    const { exitCode, stderr } = await engine.podman(t, 'run', '--rm', ...options, UPE_IMAGE);
    t.equal(exitCode, 1);
    t.match(stderr, /^upe: [^\n]*9912[^\n]*\n$/);
  });

  await t.test('on this machine, by the container engine', async (t) => {
    const taken = `--publish=${await first.address(t, 9912)}:9912`;
    const { exitCode, stderr } = await engine.podman(
      t,
      'run',
      '--rm',
      taken,
      '--env=UPE_SOURCE=demo',
      UPE_IMAGE,
    );
    t.equal(exitCode, 126);
    t.match(stderr, /^Error: [^\n]*address already in use\n$/);
  });
});
