import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { eventually, runUpe, startUpe } from '../support/upe-process.js';

t.test('a healthy engine: exit code 0, and what it says of itself', async (t) => {
  const { port, get } = await startUpe(t, { UPE_SOURCE: 'demo' });
  // Health is judged by the stats passes, and the first whole one may come up to an interval after the start.
  await eventually('healthy engine', async () => (await get('/-/healthy')).ok);
  const env = { UPE_HTTP_PORT: String(port) };
  t.strictSame(await runUpe(t, ['healthcheck'], { env }), {
    exitCode: 0,
    stdout: 'UPE is healthy.\n',
    stderr: '',
  });
  t.strictSame(await runUpe(t, ['healthcheck', '--ready'], { env }), {
    exitCode: 0,
    stdout: 'UPE is ready.\n',
    stderr: '',
  });
  const flags = ['--http-port', String(port), '--http-host', '0.0.0.0'];
  t.equal(
    (await runUpe(t, ['healthcheck', ...flags])).exitCode,
    0,
    'every address is asked on the loopback one',
  );
});

t.test('an engine that is not well: exit code 1 and its reason', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(503, { 'content-type': 'text/plain' }).end('The last stats pass is 9 s old.\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  t.strictSame(await runUpe(t, ['healthcheck', '--http-port', String(port)]), {
    exitCode: 1,
    stdout: '',
    stderr: `upe: http://127.0.0.1:${port}/-/healthy: 503 The last stats pass is 9 s old.\n`,
  });
});

t.test('nothing listens: exit code 1 and one line', async (t) => {
  // Ports 1 and 6000 are among those that fetch refuses to ask; nothing may stand in the way of asking.
  for (const port of ['1', '6000']) {
    t.strictSame(await runUpe(t, ['healthcheck', '--http-port', port]), {
      exitCode: 1,
      stdout: '',
      stderr: `upe: no answer from http://127.0.0.1:${port}/-/healthy: connect ECONNREFUSED 127.0.0.1:${port}\n`,
    });
  }
});
