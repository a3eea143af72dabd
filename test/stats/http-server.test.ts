import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { EnvironmentError } from '../../src/errors.js';
import { README_FILE } from '../../src/package-files.js';
import { ServerStandIn } from './server-stand-in.js';

async function start(t: { teardown(clean: () => Promise<void>): unknown }): Promise<ServerStandIn> {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  await standIn.start();
  await standIn.engine.pass();
  return standIn;
}

const ACCEPTS = [
  { accept: '*/*', contentType: 'text/plain; version=0.0.4; charset=utf-8', isOpenMetrics: false },
  {
    accept: 'text/plain;version=0.0.4',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    isOpenMetrics: false,
  },
  {
    accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1',
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    isOpenMetrics: true,
  },
];
for (const { accept, contentType, isOpenMetrics } of ACCEPTS) {
  t.test(`/metrics answers "${accept}" with ${contentType}`, async (t) => {
    const { url } = await start(t);
    const response = await fetch(`${url}/metrics`, { headers: { accept } });
    t.equal(response.status, 200);
    t.equal(response.headers.get('content-type'), contentType);
    const text = await response.text();
    t.match(text, '\nupe_rules 2\n');
    t.equal(text.endsWith('# EOF\n'), isOpenMetrics);
  });
}

t.test('a scrape runs a pass only when the last one is older than 100 ms', async (t) => {
  const standIn = await start(t);
  const { engine, url } = standIn;
  const scrape = async () => (await fetch(`${url}/metrics`)).text();
  engine.clock.ms += 100;
  await scrape();
  t.equal(standIn.passes, 0);
  engine.clock.ms += 1;
  engine.dataplane.rx.enqueue(0, 0, 64);
  t.match(await scrape(), '\nupe_rx_packets_total{interface="eth0"} 1\n');
  t.equal(standIn.passes, 1);
  await (await fetch(`${url}/`)).text();
  t.equal(standIn.passes, 1);
});

t.test('the landing page is HTML that may load nothing and run nothing but its own', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/`);
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  t.equal(response.headers.get('cache-control'), 'no-store');
  const policy = (response.headers.get('content-security-policy') ?? '').split('; ');
  t.ok(policy.includes("default-src 'none'"));
  t.ok(policy.includes("frame-ancestors 'none'"));
  t.notMatch(policy.join(), /unsafe|\*|https?:/);
  const page = await response.text();
  t.match(page, '<title>UPE</title>');
  const style = page.split('<style>')[1].split('</style>')[0];
  const hash = createHash('sha256').update(style).digest('base64');
  t.ok(policy.includes(`style-src 'self' 'sha256-${hash}'`), 'its style');
  t.ok(policy.includes("script-src 'self'"), 'scripts of this server, and none that stand in the page');
});

t.test('the landing page says why the engine is not ready', async (t) => {
  const standIn = await start(t);
  standIn.notReadyBecause = 'The rx thread is not running.';
  t.match(await (await fetch(`${standIn.url}/`)).text(), 'not ready: The rx thread is not running.');
});

t.test('every link of the landing page leads somewhere', async (t) => {
  const { url } = await start(t);
  const page = await (await fetch(`${url}/`)).text();
  const paths = [...page.matchAll(/<a href="([^"]+)"/g)].map(([, path]) => path);
  t.same(paths, ['/metrics', '/-/healthy', '/-/ready', '/docs']);
  for (const path of paths) t.equal((await fetch(`${url}${path}`)).status, 200, path);
});

t.test('/docs is the README, as text', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/docs`);
  t.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.equal(await response.text(), readFileSync(README_FILE, 'utf8'));
});

t.test('no answer is to be taken for another type than it says', async (t) => {
  const { url } = await start(t);
  for (const path of ['/', '/metrics', '/-/healthy', '/-/ready', '/docs', '/nothing']) {
    const { headers } = await fetch(`${url}${path}`);
    t.equal(headers.get('x-content-type-options'), 'nosniff', path);
    t.equal(headers.get('referrer-policy'), 'no-referrer', path);
  }
});

t.test('/-/healthy is good while the last pass is younger than 3 s', async (t) => {
  const { engine, url } = await start(t);
  for (const { ageMs, status, text } of [
    { ageMs: 0, status: 200, text: 'UPE is healthy.\n' },
    { ageMs: 2999, status: 200, text: 'UPE is healthy.\n' },
    { ageMs: 3000, status: 503, text: 'The last stats pass is 3 s old.\n' },
    { ageMs: 61_400, status: 503, text: 'The last stats pass is 61 s old.\n' },
  ]) {
    engine.clock.ms = engine.aggregator.totals.atMs + ageMs;
    const response = await fetch(`${url}/-/healthy`);
    t.equal(response.status, status, `${ageMs} ms`);
    t.equal(await response.text(), text);
  }
});

t.test('/-/healthy is bad before the first pass', async (t) => {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  await standIn.start();
  const response = await fetch(`${standIn.url}/-/healthy`);
  t.equal(response.status, 503);
  t.equal(await response.text(), 'There has been no stats pass yet.\n');
});

t.test('/-/ready says why it is not', async (t) => {
  const standIn = await start(t);
  const ready = await fetch(`${standIn.url}/-/ready`);
  t.same([ready.status, await ready.text()], [200, 'UPE is ready.\n']);
  standIn.notReadyBecause = 'The rx thread is not running.';
  const notReady = await fetch(`${standIn.url}/-/ready`);
  t.same([notReady.status, await notReady.text()], [503, 'The rx thread is not running.\n']);
});

t.test('other paths are not found, and the answer says what there is', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/nothing`);
  t.equal(response.status, 404);
  const said = await response.text();
  for (const path of ['/docs', '/metrics', '/api/v1/rules', '/-/healthy', '/-/ready']) t.match(said, path);
});

t.test('a port that is taken is an error that names the variable to set', async (t) => {
  const { url } = await start(t);
  const port = Number(new URL(url).port);
  const second = new ServerStandIn(port);
  t.teardown(() => second.stop());
  await t.rejects(second.start(), EnvironmentError);
  const third = new ServerStandIn(port);
  t.teardown(() => third.stop());
  await t.rejects(third.start(), {
    message: new RegExp(`port ${port} on 127.0.0.1 is in use.*UPE_HTTP_PORT`),
  });
});

t.test("an address that is not this machine's is an error that names the variable to set", async (t) => {
  // Set aside for documentation (RFC 5737), so nobody has it.
  const standIn = new ServerStandIn(0, '192.0.2.1');
  t.teardown(() => standIn.stop());
  await t.rejects(standIn.start(), { code: 'UPE_ENVIRONMENT', message: /192\.0\.2\.1.*UPE_HTTP_HOST/ });
});

t.test('after stop nothing listens, and a second stop does no harm', async (t) => {
  const standIn = await start(t);
  await standIn.stop();
  await standIn.stop();
  await t.rejects(fetch(`${standIn.url}/metrics`));
});
