import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import t from 'tap';
import { ConfigError, WebConfigError } from '../../../src/errors.js';
import { loadWebConfig } from '../../../src/stats/http/load-web-config.js';
import { Certificates, opensslMissing } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/engine-fixture.js';

const HASH = hashSync('secret', 4);
const folder = temporaryFolder(t);
const file = join(folder, 'web.yml');
mkdirSync(join(folder, 'folder'));
writeFileSync(join(folder, 'text'), 'no certificate\n');
writeFileSync(join(folder, 'large'), new Uint8Array(1024 * 1024 + 1));

if (opensslMissing === false) {
  const certificates = new Certificates(folder);
  for (const name of ['server', 'other']) certificates.make(name);
  const encrypt = ['-aes128', '-passout', 'pass:x', '-in', join(folder, 'server.key')];
  execFileSync('openssl', ['ec', ...encrypt, '-out', join(folder, 'encrypted.key')], { stdio: 'pipe' });
}

function load(text: string, mustAuthenticate = false) {
  writeFileSync(file, text);
  return loadWebConfig(file, mustAuthenticate);
}

function problemsOf(text: string, mustAuthenticate = false): readonly string[] {
  try {
    load(text, mustAuthenticate);
  } catch (error) {
    if (error instanceof WebConfigError)
      return error.message.split('\n').map((line) => line.slice(file.length + 1));
    throw error;
  }
  return [];
}

const TLS = 'cert_file: server.pem, key_file: server.key';
const tls = (more: string) => `tls_server_config: { ${TLS}, ${more} }\n`;
const headers = (more: string) => `http_server_config: { headers: { ${more} } }\n`;

/** Text, and the beginning of each line about it; `openssl` where it names files that openssl makes. */
const BAD: readonly [name: string, text: string, problems: readonly string[]][] = [
  ['an empty file', '', ['1:1: the file is empty']],
  ['a comment only', '# nothing\n', ['1:1: the file is empty']],
  ['a list', '- a\n', ['1:1: a web configuration must be a mapping']],
  ['a word', 'tls\n', ['1:1: a web configuration must be a mapping']],
  ['no YAML', 'basic_auth_users: {\n', ['2:1: not valid YAML']],
  ['a tab', 'basic_auth_users:\n\ta: b\n', ['2:1: a tab cannot indent YAML']],
  ['bytes that are no text', '\u0000', ['1:1: control character 0x00; a web configuration is plain text']],
  [
    'two documents',
    `basic_auth_users: { a: ${HASH} }\n---\na: b\n`,
    ['2:1: a second YAML document begins here'],
  ],
  [
    'an unknown key',
    'tls_config: {}\n',
    ['1:1: unknown key "tls_config" in a web configuration; the keys here are'],
  ],
  [
    'a mistyped key',
    'basic_auth_user: {}\n',
    ['1:1: unknown key "basic_auth_user" in a web configuration; did you mean "basic_auth_users"?'],
  ],
  ['a rule file', 'rules: []\n', ['1:1: unknown key "rules"']],
  ['a rate limit', 'rate_limit: { interval: 1s }\n', ['1:1: rate_limit: UPE has limits of its own']],
  [
    'a key given twice',
    `basic_auth_users: { a: ${HASH} }\nbasic_auth_users: { b: ${HASH} }\n`,
    ['2:1: duplicate key'],
  ],
  ['users that are a list', 'basic_auth_users: [a]\n', ['1:19: basic_auth_users must be a mapping']],
  ['users that are nothing', 'basic_auth_users:\n', ['1:1: basic_auth_users must be a mapping']],
  ['a password in the clear', 'basic_auth_users:\n  prom: secret\n', ['2:9: not a bcrypt hash']],
  ['an empty password', 'basic_auth_users:\n  prom: ""\n', ['2:9: not a bcrypt hash']],
  ['a number for a password', 'basic_auth_users:\n  prom: 12345\n', ['2:9: not a bcrypt hash']],
  ['a mapping for a password', 'basic_auth_users:\n  prom: { a: b }\n', ['2:9: not a bcrypt hash']],
  [
    'a hash that is too short',
    `basic_auth_users:\n  prom: ${HASH.slice(0, -1)}\n`,
    ['2:9: not a bcrypt hash'],
  ],
  ['a hash that is too long', `basic_auth_users:\n  prom: ${HASH}a\n`, ['2:9: not a bcrypt hash']],
  ['a hash of MD5', 'basic_auth_users:\n  prom: $apr1$abc$def\n', ['2:9: not a bcrypt hash']],
  ['an old bcrypt', `basic_auth_users:\n  prom: ${HASH.replace('$2b', '$2x')}\n`, ['2:9: not a bcrypt hash']],
  [
    'a cost of 16',
    `basic_auth_users:\n  prom: ${HASH.replace('$04$', '$16$')}\n`,
    ['2:9: a bcrypt hash of cost 16'],
  ],
  [
    'a cost of 3',
    `basic_auth_users:\n  prom: ${HASH.replace('$04$', '$03$')}\n`,
    ['2:9: a bcrypt hash of cost 3'],
  ],
  ['a user with a colon', `basic_auth_users:\n  "a:b": ${HASH}\n`, ['2:3: a user name cannot have a colon']],
  [
    'two mistakes',
    'basic_auth_users:\n  a: x\n  b: y\n',
    ['2:6: not a bcrypt hash', '3:6: not a bcrypt hash'],
  ],
  ['http that is a word', 'http_server_config: yes\n', ['1:21: http_server_config must be a mapping']],
  ['HTTP/2', 'http_server_config: { http2: true }\n', ['1:30: http2: UPE speaks HTTP/1.1']],
  ['HTTP/2 in a word', 'http_server_config: { http2: on }\n', ['1:30: http2 must be true or false']],
  [
    'an unknown key of http',
    'http_server_config: { http3: true }\n',
    ['1:23: unknown key "http3" in http_server_config'],
  ],
  ['headers that are a list', 'http_server_config: { headers: [] }\n', ['1:32: headers must be a mapping']],
  ['a header of another name', headers('Server: UPE'), ['1:34: unknown key "Server" in headers']],
  ['a header in lower case', headers('x-frame-options: deny'), ['1:34: unknown key "x-frame-options"']],
  [
    'a frame option that is none',
    headers('X-Frame-Options: allow'),
    ['1:51: X-Frame-Options must be deny or sameorigin'],
  ],
  [
    'a sniff option that is none',
    headers('X-Content-Type-Options: sniff'),
    ['1:58: X-Content-Type-Options must be nosniff'],
  ],
  [
    'a header of two lines',
    headers('Strict-Transport-Security: "a\\nb"'),
    ['1:61: Strict-Transport-Security has a character'],
  ],
  ['an empty header', headers('Content-Security-Policy: ""'), ['1:59: Content-Security-Policy must be text']],
  [
    'TLS that is nothing',
    'tls_server_config:\n',
    [
      '1:1: tls_server_config must be a mapping',
      '1:1: tls_server_config: cert_file is missing',
      '1:1: tls_server_config: key_file is missing',
    ],
  ],
  ['no key', 'tls_server_config: { cert_file: text }\n', ['1:20: tls_server_config: key_file is missing']],
  [
    'no certificate',
    'tls_server_config: { key_file: text }\n',
    ['1:20: tls_server_config: cert_file is missing'],
  ],
  [
    'files that are not there',
    'tls_server_config: { cert_file: a, key_file: b }\n',
    ['1:33: cert_file: ', '1:46: key_file: '],
  ],
  [
    'a folder',
    'tls_server_config: { cert_file: folder, key_file: /dev/null }\n',
    ['1:33: cert_file: ', '1:51: key_file: /dev/null is no plain file'],
  ],
  [
    'a large file',
    'tls_server_config: { cert_file: large, key_file: large }\n',
    ['1:33: cert_file: ', '1:50: key_file: '],
  ],
  [
    'text instead of certificates',
    'tls_server_config: { cert_file: text, key_file: text }\n',
    ['1:33: cert_file: there is no certificate (PEM) in this file'],
  ],
  [
    'a certificate in the file itself',
    'tls_server_config: { cert: a, key: b }\n',
    [
      '1:20: tls_server_config: cert_file is missing',
      '1:20: tls_server_config: key_file is missing',
      '1:22: cert: UPE reads it from a file; write cert_file',
      '1:31: key: UPE reads it from a file; write key_file',
    ],
  ],
];

const BAD_TLS: readonly [name: string, text: string, problems: readonly string[]][] = [
  [
    'text instead of a key',
    'tls_server_config: { cert_file: server.pem, key_file: text }\n',
    ['1:55: key_file: there is no private key'],
  ],
  [
    "another certificate's key",
    'tls_server_config: { cert_file: server.pem, key_file: other.key }\n',
    ['1:55: key_file: this key does not belong'],
  ],
  [
    'an encrypted key',
    'tls_server_config: { cert_file: server.pem, key_file: encrypted.key }\n',
    ['1:55: key_file: this key is encrypted'],
  ],
  ['TLS 1.1', tls('min_version: TLS11'), ['1:80: min_version must be one of TLS12, TLS13']],
  ['a version as OpenSSL writes it', tls('min_version: TLSv1.2'), ['1:80: min_version must be one of']],
  [
    'versions the wrong way round',
    tls('min_version: TLS13, max_version: TLS12'),
    ['1:100: max_version is below min_version'],
  ],
  [
    'an unknown client policy',
    tls('client_auth_type: Maybe'),
    ['1:85: client_auth_type must be one of NoClientCert'],
  ],
  [
    'a client policy without a CA',
    tls('client_auth_type: RequireAndVerifyClientCert'),
    ['1:85: client_auth_type: this one needs client_ca_file'],
  ],
  [
    'a CA without a policy',
    tls('client_ca_file: server.pem'),
    ['1:83: client_ca_file: nothing is verified with it'],
  ],
  [
    'a CA that is not there',
    tls('client_auth_type: RequireAndVerifyClientCert, client_ca_file: x.pem'),
    ['1:129: client_ca_file: '],
  ],
  [
    'a CA that is none',
    tls('client_auth_type: RequireAndVerifyClientCert, client_ca_file: text'),
    ['1:129: client_ca_file: there is no certificate'],
  ],
  [
    'names of clients',
    tls('client_allowed_sans: [a]'),
    ['1:67: client_allowed_sans: UPE lets in every certificate'],
  ],
  [
    'a cipher that is none',
    tls('cipher_suites: [ROT13]'),
    ['1:83: cipher_suites may hold TLS_AES_128_GCM_SHA256'],
  ],
  [
    'a cipher without forward secrecy',
    tls('cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]'),
    ['1:83: cipher_suites may hold'],
  ],
  [
    'ciphers that are no list',
    tls('cipher_suites: TLS_AES_128_GCM_SHA256'),
    ['1:82: cipher_suites must be a list'],
  ],
  ['a curve that is none', tls('curve_preferences: [P-256]'), ['1:87: curve_preferences may hold X25519']],
  [
    'a preference in a word',
    tls('prefer_server_cipher_suites: maybe'),
    ['1:96: prefer_server_cipher_suites must be true or false'],
  ],
];

function refuses(cases: typeof BAD, skip: string | false): void {
  for (const [name, text, expected] of cases) {
    t.test(`refused: ${name}`, { skip }, async (t) => {
      const problems = problemsOf(text);
      t.equal(problems.length, expected.length, problems.join('\n'));
      expected.forEach((begin, i) => {
        t.equal(problems[i]?.slice(0, begin.length), begin);
      });
      t.notMatch(problems.join('\n'), /secret|\$2b\$/, 'no secret is repeated');
    });
  }
}

refuses(BAD, false);
refuses(BAD_TLS, opensslMissing);

t.test('a file that cannot be read is one line, with the variable to set', async (t) => {
  for (const [path, reason] of [
    [join(folder, 'missing.yml'), 'does not exist'],
    [join(folder, 'text', 'x'), 'does not exist'],
    [join(folder, 'folder'), 'is a directory'],
    [join(folder, 'large'), 'is larger than 1048576 bytes'],
    ['/dev/zero', 'is no plain file'],
  ]) {
    t.throws(
      () => loadWebConfig(path, false),
      new ConfigError([`web configuration ${path} ${reason}; set UPE_WEB_CONFIG_FILE to another.`]),
    );
  }
});

t.test('what the format allows', { skip: opensslMissing }, async (t) => {
  const config = load(
    `tls_server_config:
  cert_file: server.pem
  key_file: ${join(folder, 'server.key')}
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: other.pem
  min_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: false
  headers: { Strict-Transport-Security: max-age=31536000, X-Frame-Options: sameorigin }
basic_auth_users:
  alice: ${HASH}
  "bob smith": ${HASH.replace('$2b', '$2y')}
`,
    true,
  );
  t.equal(config.tls?.clientCertificates, 'verified');
  t.match(config.tls?.context, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', honorCipherOrder: false });
  t.match(config.tls?.context.ciphers, /ECDHE-RSA-AES128-GCM-SHA256$/);
  t.equal(config.tls?.context.ecdhCurve, 'X25519:P-256');
  t.strictSame([...config.users.keys()], ['alice', 'bob smith']);
  t.equal(config.headers.get('x-frame-options'), 'sameorigin');
  t.strictSame(config.files, [
    file,
    join(folder, 'server.pem'),
    join(folder, 'server.key'),
    join(folder, 'other.pem'),
  ]);
});

t.test(
  'where others may change something, a configuration that asks nobody is refused',
  { skip: opensslMissing },
  async (t) => {
    const open = [
      tls('min_version: TLS12'),
      headers('X-Frame-Options: deny'),
      tls('client_auth_type: RequireAnyClientCert'),
      tls('client_auth_type: VerifyClientCertIfGiven, client_ca_file: server.pem'),
      'basic_auth_users: {}\n',
    ];
    for (const text of open) {
      t.strictSame(problemsOf(text), [], text);
      t.match(problemsOf(text, true), [/^1:1: nothing here asks who comes; UPE_HTTP_LIFECYCLE/], text);
    }
    t.strictSame(
      problemsOf(tls('client_auth_type: RequireAndVerifyClientCert, client_ca_file: server.pem'), true),
      [],
    );
    t.strictSame(problemsOf(`basic_auth_users: { a: ${HASH} }\n`, true), []);
  },
);
