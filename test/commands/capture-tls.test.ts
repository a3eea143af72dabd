import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Certificates, opensslMissing } from '../support/certificates.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { readPcapng } from '../support/pcapng-packets.js';
import { runUpe, startUpe } from '../support/upe-process.js';

t.test('upe capture by TLS, with a certificate and without', { skip: opensslMissing }, async (t) => {
  const folder = temporaryFolder(t);
  const certificates = new Certificates(folder);
  const [server, client, stranger] = ['server', 'client', 'stranger'].map((name) => certificates.make(name));
  const webConfig = join(folder, 'web.yml');
  writeFileSync(
    webConfig,
    'tls_server_config: { cert_file: server.pem, key_file: server.key, ' +
      'client_auth_type: RequireAndVerifyClientCert, client_ca_file: client.pem }\n',
  );
  const upe = await startUpe(t, {
    UPE_SOURCE: 'demo',
    UPE_HTTP_LIFECYCLE: 'true',
    UPE_WEB_CONFIG_FILE: webConfig,
  });
  const url = ['--url', `https://127.0.0.1:${upe.port}`];
  const ca = ['--ca-file', server.certFile];
  const own = ['--cert-file', client.certFile, '--key-file', client.keyFile];
  const file = join(folder, 'dns.pcapng');
  const wanted = ['capture', '--rule', 'dns', '--packets', '20', '--write', file];
  const good = await runUpe(t, [...wanted, ...url, ...ca, ...own]);
  t.equal(good.exitCode, 0, good.stderr);
  t.equal(readPcapng(readFileSync(file)).packets.length, 20);
  const place = { UPE_HTTP_PORT: String(upe.port), UPE_WEB_CONFIG_FILE: webConfig };
  const configured = await runUpe(t, [...wanted, ...ca, ...own], { env: place });
  t.equal(configured.exitCode, 0, 'at the configured port');
  const nobody = await runUpe(t, [...wanted, ...url, ...ca]);
  t.equal(nobody.exitCode, 1);
  t.match(nobody.stderr, /^upe: https:[^\n]* 403 A client certificate is needed here\.\n$/);
  const other = ['--cert-file', stranger.certFile, '--key-file', stranger.keyFile];
  t.match(
    (await runUpe(t, [...wanted, ...url, ...ca, ...other])).stderr,
    /^upe: no answer from https:[^\n]*\n$/,
  );
  const unknown = await runUpe(t, [...wanted, ...url, ...own]);
  t.equal(unknown.exitCode, 1, 'nothing is told to a server that cannot be verified');
  t.match(unknown.stderr, /^upe: no answer from https:[^\n]*self-signed certificate[^\n]*\n$/);
  t.equal((await upe.stop()).exitCode, 0);
});
