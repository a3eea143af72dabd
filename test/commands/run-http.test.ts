import t from 'tap';
import { eventually, runUpe, startUpe } from '../support/upe-process.js';

t.test('what the engine serves besides metrics', async (t) => {
  const { get, port, program } = await startUpe(t, { UPE_SOURCE: 'demo' });
  // Health is judged by the stats passes, and the first whole one may come up to an interval after the start.
  await eventually('healthy engine', async () => (await get('/-/healthy')).ok);

  await t.test('health and readiness, in a word', async (t) => {
    for (const [path, text] of [
      ['/-/healthy', 'UPE is healthy.\n'],
      ['/-/ready', 'UPE is ready.\n'],
    ]) {
      const response = await get(path);
      t.equal(response.status, 200, path);
      t.equal(await response.text(), text);
    }
  });

  await t.test('the log says where the metrics are, and where the page', async (t) => {
    const origin = `http://127.0.0.1:${port}`;
    t.equal(
      (await program.waitForLog('metrics at')).msg,
      `metrics at ${origin}/metrics, a page for people at ${origin}/`,
    );
  });

  await t.test('a page that names the endpoints and shows that everything adds up', async (t) => {
    const response = await get('/');
    t.equal(response.status, 200);
    t.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    const page = await response.text();
    for (const endpoint of ['/metrics', '/-/healthy', '/-/ready']) {
      t.match(page, `<a href="${endpoint}">${endpoint}</a>`);
    }
    t.match(page, 'Every packet is accounted for.');
    t.match(page, 'block-telnet');
  });

  await t.test('404 in plain text elsewhere', async (t) => {
    for (const path of ['/metric', '/-/', '/favicon.ico', '/metrics/../etc/passwd']) {
      const response = await get(path);
      t.equal(response.status, 404, path);
      t.equal(response.headers.get('content-type'), 'text/plain');
      t.match(await response.text(), '/metrics');
    }
  });

  await t.test('metrics in both formats', async (t) => {
    const plain = await get('/metrics');
    t.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    t.match(await plain.text(), /^upe_rx_packets_total\{interface="demo"\} \d+$/m);

    // What Prometheus sends.
    const accept =
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;q=0.5,text/plain;q=0.1';
    const open = await get('/metrics', { accept });
    t.equal(open.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    const text = await open.text();
    t.match(text, /^# TYPE upe_rx_packets counter$/m);
    t.match(text, /^upe_rx_packets_total\{interface="demo"\} \d+$/m);
    t.ok(text.endsWith('# EOF\n') || text.endsWith('# EOF'), 'ends with # EOF');

    const again = await (await get('/metrics')).text();
    t.match(again, /^# TYPE upe_rx_packets_total counter$/m, 'one format leaves the other alone');
  });
});

t.test('the version is that of the package', async (t) => {
  const { stdout, exitCode } = await runUpe(t, ['--version']);
  t.match(stdout, /^upe \d+\.\d+\.\d+\n$/);
  t.equal(exitCode, 0);
});
