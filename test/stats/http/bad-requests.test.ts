import { METHODS } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { SCRAPES_MAX } from '../../../src/stats/http/limits.js';
import { exchange } from '../../support/raw-http.js';
import { eventually } from '../../support/upe-process.js';
import { ServerStandIn } from '../server-stand-in.js';

/** `closed`: the connection ends without an answer. */
type Expected = number | 'closed';

interface BadRequest {
  readonly name: string;
  readonly bytes: string | Uint8Array;
  readonly expected: Expected | readonly Expected[];
}

const HOST = 'host: localhost\r\n';
const request = (line: string, headers = HOST, body = '') => `${line}\r\n${headers}\r\n${body}`;
const get = (path: string, headers = HOST, body = '') => request(`GET ${path} HTTP/1.1`, headers, body);
const post = (path: string, headers: string, body = '') =>
  request(`POST ${path} HTTP/1.1`, `${HOST}${headers}`, body);
const long = (count: number) => 'a'.repeat(count);

/** What is not even a request. */
const LINES: readonly [string, string | Uint8Array, BadRequest['expected']][] = [
  ['nothing', '', 'closed'],
  ['an empty line', '\r\n', 'closed'],
  ['empty lines only', '\r\n'.repeat(50), 'closed'],
  ['a word', 'metrics\r\n\r\n', 400],
  ['a method only', 'GET\r\n\r\n', 400],
  ['a method and a space', 'GET \r\n\r\n', 400],
  // Node.js answers these as it answers HTTP/1.1.
  ['no version', 'GET /metrics\r\n\r\n', 200],
  ['an HTTP version without number', 'GET /metrics HTTP\r\n\r\n', 400],
  ['a version with letters', 'GET /metrics HTTP/x.y\r\n\r\n', 400],
  ['HTTP/0.9', `GET /metrics HTTP/0.9\r\n${HOST}\r\n`, 200],
  ['HTTP/1.2', `GET /metrics HTTP/1.2\r\n${HOST}\r\n`, [400, 505]],
  ['HTTP/2.0', `GET /metrics HTTP/2.0\r\n${HOST}\r\n`, 200],
  ['HTTP/9.9', `GET /metrics HTTP/9.9\r\n${HOST}\r\n`, [400, 505]],
  ['HTTP/11.1', `GET /metrics HTTP/11.1\r\n${HOST}\r\n`, 400],
  ['http/1.1 in lower case', `GET /metrics http/1.1\r\n${HOST}\r\n`, 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 505]],
  ['another protocol', `GET /metrics FTP/1.1\r\n${HOST}\r\n`, 400],
  ['RTSP', `DESCRIBE / RTSP/1.0\r\n${HOST}\r\n`, 405],
  ['a method in lower case', `get /metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a method in mixed case', `Get /metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a method that does not exist', `FETCH /metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a method with a digit', `GET1 /metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a method with a NUL', `G\0ET /metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a long method', `${long(5000)} /metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a space in front', ` GET /metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a tab instead of a space', `GET\t/metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an answer instead of a request', 'HTTP/1.1 200 OK\r\n\r\n', 400],
  ['a TLS handshake', Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03), 400],
  ['an SSH greeting', 'SSH-2.0-OpenSSH_9.2\r\n', 400],
  ['SMTP', 'EHLO example.org\r\n', 400],
  ['a Redis command', '*1\r\n$4\r\nPING\r\n', 400],
  ['JSON', '{"jsonrpc":"2.0","method":"x"}\n', 400],
  ['zeros', new Uint8Array(512), 400],
  ['0xff', new Uint8Array(512).fill(0xff), 400],
  ['all bytes there are', Uint8Array.from({ length: 256 }, (_, i) => i), 400],
  ['a line that does not end', `GET /${long(100)}`, 400],
  ['headers that do not end', 'GET /metrics HTTP/1.1\r\nhost: x\r\n', 400],
  ['line feeds only', 'GET /metrics HTTP/1.1\nhost: x\n\n', [200, 400]],
  ['carriage returns only', 'GET /metrics HTTP/1.1\rhost: x\r\r', 400],
];

/** Headers that no request should have. */
const HEADERS: readonly [string, string, BadRequest['expected']][] = [
  ['no host', '', 400],
  ['two hosts', 'host: a\r\nhost: b\r\n', [200, 400]],
  ['a header without a colon', `${HOST}nonsense\r\n`, 400],
  ['a header without a name', `${HOST}: x\r\n`, 400],
  ['a space before the colon', `${HOST}x-a : b\r\n`, 400],
  ['a space in the name', `${HOST}x a: b\r\n`, 400],
  ['a NUL in the name', `${HOST}x\0a: b\r\n`, 400],
  ['a NUL in the value', `${HOST}x-a: b\0c\r\n`, 400],
  ['a control character in the value', `${HOST}x-a: b\x01c\r\n`, 400],
  ['a bare carriage return in the value', `${HOST}x-a: b\rc\r\n`, 400],
  ['a folded header', `${HOST}x-a: b\r\n c\r\n`, [200, 400]],
  ['a header that begins with a space', ` x-a: b\r\n${HOST}`, 400],
  ['a name in UTF-8', `${HOST}x-\u00e4: b\r\n`, 400],
  ['a header of 8 kB', `${HOST}x-a: ${long(8192)}\r\n`, 431],
  ['a header of 1 MB', `${HOST}x-a: ${long(1_000_000)}\r\n`, [431, 'closed']],
  ['a header name of 10 kB', `${HOST}${long(10_000)}: b\r\n`, 431],
  ['1,000 headers', `${HOST}${'x-a: bcdefgh\r\n'.repeat(1000)}`, 431],
  ['10,000 short headers', `${HOST}${'a:\r\n'.repeat(10_000)}`, [431, 'closed']],
  ['a cookie of 9 kB', `${HOST}cookie: ${long(9000)}\r\n`, 431],
  ['an expectation that nobody meets', `${HOST}expect: the moon\r\n`, 417],
  ['a negative length', `${HOST}content-length: -1\r\n`, 400],
  ['a length with a sign', `${HOST}content-length: +5\r\n`, 400],
  ['a length that is no number', `${HOST}content-length: many\r\n`, 400],
  ['a length in hexadecimal', `${HOST}content-length: 0x10\r\n`, 400],
  ['a length with a comma', `${HOST}content-length: 5, 5\r\n`, 400],
  ['a length beyond 64 bits', `${HOST}content-length: 99999999999999999999\r\n`, 400],
  ['two lengths', `${HOST}content-length: 5\r\ncontent-length: 6\r\n`, 400],
  ['the same length twice', `${HOST}content-length: 5\r\ncontent-length: 5\r\n`, 400],
  ['a length and chunks', `${HOST}content-length: 5\r\ntransfer-encoding: chunked\r\n`, 400],
  ['chunks and a length', `${HOST}transfer-encoding: chunked\r\ncontent-length: 5\r\n`, 400],
  ['an unknown transfer encoding', `${HOST}transfer-encoding: gzip\r\n`, 400],
  ['chunked is not the last encoding', `${HOST}transfer-encoding: chunked, gzip\r\n`, 400],
  ['chunked behind a tab', `${HOST}transfer-encoding:\tchunked\r\n`, 400],
  ['chunked with a letter too many', `${HOST}transfer-encoding: xchunked\r\n`, 400],
  ['an upgrade to WebSocket', `${HOST}connection: upgrade\r\nupgrade: websocket\r\n`, 200],
  ['an upgrade to HTTP/2', `${HOST}connection: upgrade, http2-settings\r\nupgrade: h2c\r\n`, 200],
  ['a range', `${HOST}range: bytes=0-10,5-99999999\r\n`, 200],
  ['an accept that is no list', `${HOST}accept: ;;;,,,q=q=q\r\n`, 200],
  ['an accept of 7 kB', `${HOST}accept: ${'a/b;q=0.1,'.repeat(700)}\r\n`, 200],
  ['an authorization that is none', `${HOST}authorization: Basic !!!!\r\n`, 200],
  ['a host that is none', 'host: <script>\r\n', 200],
  ['a forwarded address', `${HOST}x-forwarded-for: 127.0.0.1\r\nx-real-ip: ::1\r\n`, 200],
  ['a method override', `${HOST}x-http-method-override: DELETE\r\n`, 200],
  ['a path override', `${HOST}x-original-url: /-/reload\r\nx-rewrite-url: /-/reload\r\n`, 200],
];

/** Paths, and what is there: nothing of the file system, ever. */
const PATHS: readonly [string, BadRequest['expected']][] = [
  ['/../../../../etc/passwd', 404],
  ['/metrics/../../etc/passwd', 404],
  ['/docs/../../../etc/passwd', 404],
  ['/docs/..%2f..%2f..%2fetc%2fpasswd', 404],
  ['/%2e%2e/%2e%2e/etc/passwd', 404],
  ['/..%5c..%5cwindows', 404],
  ['/..%c0%af..%c0%afetc/passwd', [400, 404]],
  ['//etc/passwd', 404],
  ['//metrics', 404],
  ['/metrics/', 404],
  ['/METRICS', 404],
  ['/metrics;a=b', 404],
  ['/metrics%00', 404],
  ['/metrics%0d%0aset-cookie:%20a=b', 404],
  ['/metrics%20', 404],
  ['/metrics%2f', 404],
  ['/%', 400],
  ['/%zz', 400],
  ['/%f', 400],
  ['/%ff', 400],
  ['/%e0%80', 400],
  ['/%c3%28', 400],
  ['/.', 404],
  ['/..', 404],
  ['/.git/config', 404],
  ['/.env', 404],
  ['/package.json', 404],
  ['/dist/src/main.js', 404],
  ['/__proto__', 404],
  ['/constructor', 404],
  ['/-/quit', 404],
  ['/-/', 404],
  ['/-/healthy/', 404],
  ['/-/healthy/x', 404],
  ['/-/Ready', 404],
  ['/debug/pprof/', 404],
  ['/api/v1/admin/tsdb/snapshot', 404],
  ['/api/v1/rules?limit=0', 400],
  ['/api/v1/rules?limit=99999999999999999999', 400],
  ['/api/v1/rules?limit=1&limit=2', 400],
  ['/api/v1/rules?sort=up', 400],
  ['/api/v1/rules?sort[]=name', 400],
  ['/api/v1/rules?__proto__=1', 400],
  ['/api/v1/rules?matched', 400],
  ['/api/v1/rules/', 404],
  ['/api/v1/rules/nobody', 404],
  ['/api/v1/rules/..%2f..%2fetc%2fpasswd', 404],
  ['/api/v1/rules/%ff', 400],
  ['/api/v1/rules/__proto__', 404],
  ['/api/v1/openapi.json/', 404],
  ['/api/v1/', 404],
  ['*', 200],
  [`/${long(7000)}`, [404, 414]],
  [`/${long(9000)}`, 431],
  [`/metrics?${long(7000)}`, 200],
  ['/metrics?a=%zz', 200],
  ['/metrics?__proto__[x]=1', 200],
  ['/metrics#fragment', [200, 400, 404]],
  ['/?<script>alert(1)</script>', [200, 400]],
  ['http://localhost/metrics', [200, 404]],
  ['http://elsewhere.example/metrics', [200, 404]],
  ['file:///etc/passwd', 404],
  ['/\u00e4', 400],
  ['/a b', 400],
  ['metrics', 400],
  ['?', 400],
  ['\\metrics', 400],
];

/** Bodies, where there is nothing that would read one, and on the one path that may have one. */
const BODIES: readonly [string, string, BadRequest['expected']][] = [
  ['a body on a GET', get('/metrics', `${HOST}content-length: 5\r\n`, 'hello'), 400],
  ['a body on a GET that never comes', get('/metrics', `${HOST}content-length: 5\r\n`), 400],
  ['1 GB announced on a GET', get('/metrics', `${HOST}content-length: 1000000000\r\n`, long(1000)), 400],
  [
    'chunks on a GET',
    get('/metrics', `${HOST}transfer-encoding: chunked\r\n`, '5\r\nhello\r\n0\r\n\r\n'),
    400,
  ],
  ['a body on a HEAD', request('HEAD /metrics HTTP/1.1', `${HOST}content-length: 1\r\n`, 'x'), 400],
  ['a body on the health check', get('/-/healthy', `${HOST}content-length: 1\r\n`, 'x'), 400],
  ['a body on nothing', get('/nothing', `${HOST}content-length: 1\r\n`, 'x'), 400],
  ['a POST with chunks', post('/-/reload', 'transfer-encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'), 411],
  [
    'a POST with endless chunks',
    post('/-/reload', 'transfer-encoding: chunked\r\n', `fffff\r\n${long(9999)}`),
    411,
  ],
  [
    'a chunk of a size that is none',
    post('/-/reload', 'transfer-encoding: chunked\r\n', 'xyz\r\n'),
    [400, 411],
  ],
  ['a POST of 1,025 bytes', post('/-/reload', 'content-length: 1025\r\n', long(1025)), 413],
  ['a POST of 1 MB', post('/-/reload', 'content-length: 1000000\r\n', long(1_000_000)), [413, 'closed']],
  ['a POST that ends too early', post('/-/reload', 'content-length: 100\r\n', 'x'), [400, 'closed']],
  ['a POST of 1 kB', post('/-/reload', 'content-length: 1024\r\n', long(1024)), 200],
  [
    'a POST of broken JSON',
    post('/-/reload', 'content-type: application/json\r\ncontent-length: 1\r\n', '{'),
    200,
  ],
  [
    'a POST of a form',
    post('/-/reload', 'content-type: multipart/form-data\r\ncontent-length: 1\r\n', 'x'),
    200,
  ],
  [
    'a POST of a type that is none',
    post('/-/reload', 'content-type: ;;\r\ncontent-length: 1\r\n', 'x'),
    [200, 415],
  ],
  [
    'a POST from another site',
    post('/-/reload', 'origin: http://elsewhere.example\r\ncontent-length: 0\r\n'),
    403,
  ],
  ['a POST from a sandboxed page', post('/-/reload', 'origin: null\r\ncontent-length: 0\r\n'), 403],
  [
    'a POST from the other scheme',
    post('/-/reload', 'origin: https://localhost\r\ncontent-length: 0\r\n'),
    403,
  ],
  ['a POST from another port', post('/-/reload', 'origin: http://localhost:1\r\ncontent-length: 0\r\n'), 403],
  [
    'a POST that the browser calls cross-site',
    post('/-/reload', 'sec-fetch-site: cross-site\r\ncontent-length: 0\r\n'),
    403,
  ],
  [
    'a POST that the browser calls same-site',
    post('/-/reload', 'sec-fetch-site: same-site\r\ncontent-length: 0\r\n'),
    403,
  ],
  [
    'a POST by a name that was made to lead here',
    request(
      'POST /-/reload HTTP/1.1',
      'host: rebound.example\r\norigin: http://rebound.example\r\ncontent-length: 0\r\n',
    ),
    403,
  ],
  [
    'a POST by an IPv6 name',
    request('POST /-/reload HTTP/1.1', 'host: [::1]:9912\r\ncontent-length: 0\r\n'),
    200,
  ],
  ['a GET of what only a POST does', get('/-/reload'), 405],
  ['a POST to an encoded path', post('/%2D/reload', 'content-length: 0\r\n'), 405],
  ['a POST to a longer path', post('/-/reload/x', 'content-length: 0\r\n'), 405],
  ['a POST to /-/healthy', post('/-/healthy', 'content-length: 0\r\n'), 405],
  ['a POST with a query', post('/-/reload?a=b', 'content-length: 0\r\n'), 200],
];

/** Two requests in one go, the second of which is bad: the first one's answer must be whole. */
const PIPELINES: readonly [string, string, readonly number[]][] = [
  ['two good requests', get('/-/ready') + get('/-/ready'), [200, 200]],
  ['a good and an unknown one', get('/-/ready') + get('/nothing'), [200, 404]],
  // What comes in one piece is judged as one.
  ['a good one and nonsense', `${get('/-/ready')}nonsense\r\n\r\n`, [400]],
  [
    'a body that looks like a request',
    get('/-/ready', `${HOST}content-length: 40\r\n`, get('/metrics')),
    [400],
  ],
  ['as many as may be', get('/-/ready').repeat(2), [200, 200]],
];

const CASES: readonly BadRequest[] = [
  ...LINES.map(([name, bytes, expected]) => ({ name, bytes, expected })),
  ...HEADERS.map(([name, headers, expected]) => ({ name, bytes: get('/-/ready', headers), expected })),
  ...PATHS.map(([path, expected]) => ({
    name: `path ${path.slice(0, 60)}`,
    bytes: Buffer.from(get(path), 'utf8'),
    expected,
  })),
  ...BODIES.map(([name, bytes, expected]) => ({ name, bytes, expected })),
  ...METHODS.filter((method) => method !== 'GET' && method !== 'HEAD').map(
    (method): BadRequest => ({
      name: `method ${method}`,
      bytes: request(`${method} /metrics HTTP/1.1`),
      // Node.js gives nobody else a tunnel to think about.
      expected: method === 'CONNECT' ? 'closed' : 405,
    }),
  ),
  { name: 'HTTP/1.0 without a host', bytes: 'GET /-/ready HTTP/1.0\r\n\r\n', expected: 200 },
  {
    name: 'HTTP/1.0 with chunks',
    bytes: 'POST /-/reload HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    expected: [400, 411, 403],
  },
];

t.test('each bad request has its answer, or none, and the server goes on', async (t) => {
  const standIn = new ServerStandIn(0, '127.0.0.1', { lifecycle: true });
  t.teardown(() => standIn.stop());
  const port = await standIn.start();
  await standIn.engine.pass();
  for (const { name, bytes, expected } of CASES) {
    const { statuses, text } = await exchange(port, bytes);
    const allowed: readonly Expected[] = typeof expected === 'object' ? expected : [expected];
    const got = statuses.length === 0 ? 'closed' : statuses[0];
    t.ok(allowed.includes(got), `${name}: ${got}, one of ${allowed.join(' ')}`);
    t.notMatch(text, /root:|node_modules|\bat .*\.js:/, `${name}: nothing of the machine`);
    // These two Node.js answers by itself.
    const isOurs = got !== 'closed' && got !== 417 && name !== 'no host';
    if (isOurs) t.match(text.toLowerCase(), 'x-content-type-options: nosniff', name);
    const alive = await exchange(port, get('/-/ready'));
    t.equal(alive.statuses[0], 200, `${name}: the server goes on`);
  }
  // With the 400 and more bad configurations and rule files, 600.
  t.ok(CASES.length >= 200);
  t.comment(`${CASES.length} bad requests`);
});

t.test('answers to pipelined requests do not mix', async (t) => {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  const port = await standIn.start();
  await standIn.engine.pass();
  for (const [name, bytes, expected] of PIPELINES) {
    const { statuses } = await exchange(port, bytes, { answers: expected.length });
    t.strictSame(statuses.slice(0, expected.length), expected, name);
  }
});

t.test('a longer pipeline ends the connection', async (t) => {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  const port = await standIn.start();
  const { isClosed } = await exchange(port, get('/metrics').repeat(3), { answers: 3, keepOpen: true });
  t.equal(isClosed, true);
  const { statuses } = await exchange(port, get('/-/healthy'));
  t.equal(statuses.length, 1, 'the server goes on');
});

t.test('pipelines whose clients leave at once hold nothing', async (t) => {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  const port = await standIn.start();
  await standIn.engine.pass();
  const { engine } = standIn;
  const pass = engine.pass.bind(engine);
  // Answers wait for a pass that does not end, one behind the other: more than there are places for scrapes.
  engine.pass = () => new Promise(() => undefined);
  engine.clock.ms += 1000;
  for (let round = 1; round <= 2; round++) {
    const sockets = Array.from({ length: 300 }, () =>
      connect(port, '127.0.0.1').on('error', () => undefined),
    );
    for (const socket of sockets) socket.write(get('/metrics').repeat(2));
    await eventually(`scrapes of round ${round}`, () => standIn.passes >= round * SCRAPES_MAX);
    for (const socket of sockets) socket.resetAndDestroy();
    await sleep(300);
  }
  engine.pass = pass;
  await pass();
  await eventually('an answer to a scrape', async () => {
    return (await exchange(port, get('/metrics'), { keepOpen: true })).statuses[0] === 200;
  });
});

t.test('a reload is asked of the engine only by the requests that may', async (t) => {
  const standIn = new ServerStandIn(0, '127.0.0.1', { lifecycle: true });
  t.teardown(() => standIn.stop());
  const port = await standIn.start();
  const refused = BODIES.filter(
    ([, bytes, expected]) => bytes.startsWith('POST') && expected !== 200 && !Array.isArray(expected),
  );
  for (const [, bytes] of refused) await exchange(port, bytes);
  t.ok(refused.length > 10);
  t.equal(standIn.reloads, 0);
  await exchange(port, post('/-/reload', 'content-length: 0\r\n'));
  t.equal(standIn.reloads, 1);
});
