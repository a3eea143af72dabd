import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { hashSync } from 'bcryptjs';
import t, { type Test } from 'tap';
import { Certificates, opensslMissing } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/engine-fixture.js';
import { exchange } from '../../support/raw-http.js';
import { eventually } from '../../support/upe-process.js';
import { ServerStandIn } from '../server-stand-in.js';

const skip = opensslMissing;
const folder = temporaryFolder(t);
const certificates = new Certificates(folder);
const server = skip ? undefined : certificates.make('server');
const ca = skip ? undefined : certificates.make('ca');
const client = skip ? undefined : certificates.make('client', ca);
const stranger = skip ? undefined : certificates.make('stranger');
const HASH = hashSync('secret', 4);
const TLS = 'tls_server_config: { cert_file: server.pem, key_file: server.key';
const USERS = `basic_auth_users: { alice: ${HASH} }\n`;
const PASSWORD = { authorization: `Basic ${Buffer.from('alice:secret').toString('base64')}` };

let files = 0;

/** A server under a web configuration. */
class SecuredServer {
  private constructor(
    readonly standIn: ServerStandIn,
    readonly file: string,
    readonly port: number,
  ) {}

  static async start(t: Test, text: string): Promise<SecuredServer> {
    const file = join(folder, `web-${files++}.yml`);
    writeFileSync(file, text);
    const standIn = new ServerStandIn(0, '127.0.0.1', { webConfigFile: file, lifecycle: true });
    t.teardown(() => standIn.stop());
    const port = await standIn.start();
    await standIn.engine.pass();
    return new SecuredServer(standIn, file, port);
  }

  /** Status of an answer by TLS, or the code of the error. */
  ask(path: string, options: RequestOptions = {}): Promise<number | string> {
    return statusOf((receive) =>
      request({ port: this.port, path, rejectUnauthorized: false, agent: false, ...options }, receive),
    );
  }

  askPlain(path: string, headers: Record<string, string> = {}): Promise<number | string> {
    return statusOf((receive) => plainRequest({ port: this.port, path, headers, agent: false }, receive));
  }

  replace(text: string): void {
    writeFileSync(`${this.file}.new`, text);
    renameSync(`${this.file}.new`, this.file);
  }
}

function statusOf(
  ask: (receive: (response: IncomingMessage) => void) => ClientRequest,
): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = ask((response) => {
      void text(response).then(() => resolve(response.statusCode!));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}

t.test('TLS 1.2 and 1.3, and nothing older or plainer', { skip }, async (t) => {
  const secured = await SecuredServer.start(t, `${TLS} }\n`);
  t.equal(await secured.ask('/metrics', { maxVersion: 'TLSv1.2' }), 200);
  t.equal(await secured.ask('/metrics', { minVersion: 'TLSv1.3' }), 200);
  t.equal(
    await secured.ask('/metrics', { ca: server!.cert, rejectUnauthorized: true, host: 'localhost' }),
    200,
  );
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  t.type(await secured.ask('/metrics', old), 'string');
  t.equal(await secured.askPlain('/metrics'), 'ECONNRESET');
});

t.test('a server of TLS 1.3 only', { skip }, async (t) => {
  const secured = await SecuredServer.start(t, `${TLS}, min_version: TLS13 }\n`);
  t.equal(await secured.ask('/metrics'), 200);
  t.type(await secured.ask('/metrics', { maxVersion: 'TLSv1.2' }), 'string');
});

t.test('each client policy lets in whom it says', { skip }, async (t) => {
  const ask = `${TLS}, client_auth_type`;
  const CLIENT_CA = 'client_ca_file: ca.pem';
  const none = {};
  for (const [policy, ofNobody, ofCa, ofStranger] of [
    ['NoClientCert', 200, 200, 200],
    ['RequestClientCert', 200, 200, 200],
    ['RequireAnyClientCert', 403, 200, 200],
    [`VerifyClientCertIfGiven, ${CLIENT_CA}`, 200, 200, 'ECONNRESET'],
    [`RequireAndVerifyClientCert, ${CLIENT_CA}`, 403, 200, 'ECONNRESET'],
  ] as const) {
    const secured = await SecuredServer.start(t, `${ask}: ${policy} }\n`);
    const { key, cert } = client!;
    t.equal(await secured.ask('/metrics', none), ofNobody, `${policy}: no certificate`);
    t.equal(await secured.ask('/metrics', { key, cert }), ofCa, `${policy}: of the CA`);
    t.equal(
      await secured.ask('/metrics', { key: stranger!.key, cert: stranger!.cert }),
      ofStranger,
      `${policy}: of another`,
    );
    t.equal(await secured.ask('/-/healthy'), 200, `${policy}: health needs none`);
  }
});

t.test('passwords protect everything but two sentences', async (t) => {
  const secured = await SecuredServer.start(t, USERS);
  for (const path of [
    '/',
    '/metrics',
    '/docs',
    '/-/reload',
    '/nothing',
    '/-/healthy/',
    '/%2D/healthy',
    '//-/healthy',
  ]) {
    t.equal(await secured.askPlain(path), 401, path);
    t.not(await secured.askPlain(path, PASSWORD), 401, `${path} with the password`);
  }
  for (const path of ['/-/healthy', '/-/ready']) t.equal(await secured.askPlain(path), 200, path);
  const wrong = { authorization: `Basic ${Buffer.from('alice:Secret').toString('base64')}` };
  t.equal(await secured.askPlain('/metrics', wrong), 401);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const { statuses } = await exchange(secured.port, `${method} /-/healthy HTTP/1.1\r\nhost: x\r\n\r\n`);
    t.equal(statuses[0], 401, `${method} /-/healthy`);
  }
  const { text } = await exchange(secured.port, 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
  t.match(text, 'www-authenticate: Basic realm="UPE", charset="UTF-8"\r\n');
  t.equal(secured.standIn.reloads, 0);
});

t.test('a reload needs the password, and then any name of the server will do', async (t) => {
  const secured = await SecuredServer.start(t, USERS);
  const post = (headers: string) =>
    exchange(
      secured.port,
      `POST /-/reload HTTP/1.1\r\nhost: upe.example\r\ncontent-length: 0\r\n${headers}\r\n`,
      // Node.js takes a client that says nothing more for one that has gone.
      { keepOpen: true },
    );
  t.equal((await post('')).statuses[0], 401);
  t.equal(secured.standIn.reloads, 0);
  t.equal((await post(`authorization: ${PASSWORD.authorization}\r\n`)).statuses[0], 200);
  t.equal(
    (await post(`authorization: ${PASSWORD.authorization}\r\norigin: http://elsewhere.example\r\n`))
      .statuses[0],
    403,
  );
});

t.test('headers of the configuration are on every answer, the page keeps its own policy', async (t) => {
  const policy = "default-src 'self'";
  const secured = await SecuredServer.start(
    t,
    `http_server_config: { headers: { X-Frame-Options: sameorigin, Content-Security-Policy: "${policy}" } }\n`,
  );
  for (const [bytes, status] of [
    ['GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n', 200],
    ['GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n', 404],
    ['nonsense\r\n\r\n', 400],
  ] as const) {
    const { text, statuses } = await exchange(secured.port, bytes);
    t.equal(statuses[0], status);
    t.match(text, 'x-frame-options: sameorigin\r\n');
    t.match(text, `content-security-policy: ${policy}\r\n`);
  }
  const page = await exchange(secured.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  t.match(page.text, "content-security-policy: default-src 'none'; style-src");
});

t.test('a change is taken over, a broken one is not, and said once', { skip }, async (t) => {
  const secured = await SecuredServer.start(t, `${TLS} }\n${USERS}`);
  t.equal(await secured.ask('/metrics', { headers: PASSWORD }), 200);
  const changed = hashSync('changed', 4);
  const NEW_PASSWORD = { authorization: `Basic ${Buffer.from('alice:changed').toString('base64')}` };
  secured.replace(`${TLS} }\nbasic_auth_users: { alice: ${changed} }\n`);
  await eventually(
    'the new password',
    async () => (await secured.ask('/metrics', { headers: NEW_PASSWORD })) === 200,
  );
  t.equal(await secured.ask('/metrics', { headers: PASSWORD }), 401, 'the old one is remembered no more');

  // Whoever breaks it locks nobody out, and lets nobody in.
  for (const text of ['basic_auth_users: {}\n', `${TLS} }\nbasic_auth_users: { alice: x }\n`, '']) {
    secured.replace(text);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    t.equal(await secured.ask('/metrics', { headers: NEW_PASSWORD }), 200, text);
    t.equal(await secured.ask('/metrics'), 401, text);
  }
});

t.test('a new certificate is used for new connections, and the old connections end', { skip }, async (t) => {
  const secured = await SecuredServer.start(t, `${TLS} }\n`);
  const served = () =>
    exchange(secured.port, 'GET /-/ready HTTP/1.1\r\nhost: x\r\n\r\n', {
      tls: { ca: next.cert, rejectUnauthorized: true, servername: 'localhost' },
    });
  const next = certificates.make('next');
  t.strictSame((await served()).statuses, [], 'the client knows the new one only');
  const idle = exchange(secured.port, 'GET /-/ready HTTP/1.1\r\nhost: x\r\n\r\n', {
    tls: {},
    answers: 2,
    keepOpen: true,
  });
  copyFileSync(next.certFile, join(folder, 'server.pem'));
  copyFileSync(next.keyFile, join(folder, 'server.key'));
  await eventually('the new certificate', async () => (await served()).statuses[0] === 200);
  t.equal((await idle).isClosed, true);
});
