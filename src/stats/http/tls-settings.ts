import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isAbsolute, join } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { YamlEntry } from '../../rules/yaml-tree.js';
import { readSmallFile } from './small-file.js';
import type { Fields, YamlFields } from './yaml-fields.js';

/**
 * What is asked of clients: nothing; a certificate, looked at by nobody (`offered`); any one (`any`); one that,
 * if it is given, must be of the client CA (`verified-if-given`); one of the client CA (`verified`).
 */
export type ClientCertificates = 'none' | 'offered' | 'any' | 'verified-if-given' | 'verified';

export interface TlsSettings {
  readonly context: SecureContextOptions;
  readonly clientCertificates: ClientCertificates;
}

const INLINE = (key: string) => `UPE reads it from a file; write ${key}_file`;
const UNSUPPORTED = {
  cert: INLINE('cert'),
  key: INLINE('key'),
  client_ca: INLINE('client_ca'),
  client_allowed_sans: 'UPE lets in every certificate of the client CA; give that file a CA of its own',
};
const KEYS = [
  'cert_file',
  'key_file',
  'client_auth_type',
  'client_ca_file',
  'min_version',
  'max_version',
  'cipher_suites',
  'prefer_server_cipher_suites',
  'curve_preferences',
];
/** The names are those of Go's crypto/tls, as in the format. */
const CLIENT_AUTH_TYPES: Readonly<Record<string, ClientCertificates>> = {
  NoClientCert: 'none',
  RequestClientCert: 'offered',
  RequireClientCert: 'any',
  RequireAnyClientCert: 'any',
  VerifyClientCertIfGiven: 'verified-if-given',
  RequireAndVerifyClientCert: 'verified',
};
const VERSIONS = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;
const TLS13_SUITES = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
};
/** Those that have forward secrecy and authenticated encryption, with OpenSSL's names. */
const TLS12_SUITES = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
};
const CURVES = { X25519: 'X25519', CurveP256: 'P-256', CurveP384: 'P-384', CurveP521: 'P-521' };

/** Reads the files that a web configuration names, and remembers which. */
export class TlsFiles {
  readonly read: string[] = [];

  /** @param folder what relative paths are relative to. */
  constructor(private readonly folder: string) {}

  /** The file that a key names; `null`, and a problem, when there is none. */
  content(fields: Fields, key: string, yaml: YamlFields): Buffer | null {
    const path = yaml.text(fields, key);
    if (path === null) return null;
    const file = isAbsolute(path) ? path : join(this.folder, path);
    this.read.push(file);
    const content = readSmallFile(file);
    if (typeof content !== 'string') return Buffer.from(content);
    yaml.problem(fields.get(key)!, `${key}: ${file} ${content}`);
    return null;
  }
}

/** Reads `tls_server_config`. Where a problem was reported, the result is a stand-in that nobody will see. */
export function readTlsSettings(section: YamlEntry, yaml: YamlFields, files: TlsFiles): TlsSettings {
  const fields = yaml.fields(section.node, 'tls_server_config', KEYS, UNSUPPORTED);
  const identity = readIdentity(section, fields, yaml, files);
  const ca = files.content(fields, 'client_ca_file', yaml);
  const minVersion = yaml.choice(fields, 'min_version', VERSIONS) ?? VERSIONS.TLS12;
  const maxVersion = yaml.choice(fields, 'max_version', VERSIONS) ?? VERSIONS.TLS13;
  if (minVersion > maxVersion) yaml.problem(fields.get('max_version')!, 'max_version is below min_version');
  const clientCertificates = yaml.choice(fields, 'client_auth_type', CLIENT_AUTH_TYPES) ?? 'none';
  const verifies = clientCertificates === 'verified' || clientCertificates === 'verified-if-given';
  if (verifies && !fields.has('client_ca_file')) {
    yaml.problem(fields.get('client_auth_type')!, 'client_auth_type: this one needs client_ca_file');
  }
  if (!verifies && fields.has('client_ca_file')) {
    const remedy = 'write client_auth_type: RequireAndVerifyClientCert, or remove it';
    yaml.problem(fields.get('client_ca_file')!, `client_ca_file: nothing is verified with it; ${remedy}`);
  }
  if (ca !== null && certificateIn(ca) === null) {
    yaml.problem(fields.get('client_ca_file')!, 'client_ca_file: there is no certificate (PEM) in this file');
  }
  const context: SecureContextOptions = {
    ...identity,
    ...(ca === null ? {} : { ca }),
    minVersion,
    maxVersion,
    ...readPreferences(fields, yaml),
    honorCipherOrder: yaml.flag(fields, 'prefer_server_cipher_suites') ?? true,
    // A client that makes the server negotiate again and again costs it much and itself little. And tickets
    // would let in, after a change, who was let in before it.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
  if (identity !== null) refuseUnusable(context, section, yaml);
  return { context, clientCertificates };
}

/** Certificate and key, or `null` with a problem. */
function readIdentity(
  section: YamlEntry,
  fields: Fields,
  yaml: YamlFields,
  files: TlsFiles,
): { cert: Buffer; key: Buffer } | null {
  for (const key of ['cert_file', 'key_file']) {
    if (!fields.has(key)) yaml.problem(section, `tls_server_config: ${key} is missing`);
  }
  const cert = files.content(fields, 'cert_file', yaml);
  const key = files.content(fields, 'key_file', yaml);
  if (cert === null || key === null) return null;
  const certificate = certificateIn(cert);
  if (certificate === null) {
    yaml.problem(fields.get('cert_file')!, 'cert_file: there is no certificate (PEM) in this file');
    return null;
  }
  const secret = privateKeyIn(key);
  if (typeof secret === 'string') yaml.problem(fields.get('key_file')!, `key_file: ${secret}`);
  else if (!certificate.checkPrivateKey(secret)) {
    yaml.problem(
      fields.get('key_file')!,
      'key_file: this key does not belong to the certificate of cert_file',
    );
  } else return { cert, key };
  return null;
}

/** The first certificate of a file. */
function certificateIn(pem: Buffer): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

/** The key, or why there is none. */
function privateKeyIn(pem: Buffer): KeyObject | string {
  try {
    return createPrivateKey(pem);
  } catch {
    const isEncrypted = pem.includes('ENCRYPTED');
    if (isEncrypted) return 'this key is encrypted, and nobody is there to give its passphrase';
    return 'there is no private key (PEM) in this file';
  }
}

function readPreferences(
  fields: Fields,
  yaml: YamlFields,
): Pick<SecureContextOptions, 'ciphers' | 'ecdhCurve'> {
  const suites = yaml.choices(fields, 'cipher_suites', { ...TLS13_SUITES, ...TLS12_SUITES });
  const curves = yaml.choices(fields, 'curve_preferences', CURVES);
  // As in Go, whose names these are: the list is that of TLS 1.2, and 1.3 keeps all of its few.
  const tls12 = suites?.filter((name) => !Object.hasOwn(TLS13_SUITES, name)) ?? [];
  return {
    ciphers: [
      ...Object.values(TLS13_SUITES),
      ...(tls12.length > 0 ? tls12 : Object.values(TLS12_SUITES)),
    ].join(':'),
    ...(curves === null ? {} : { ecdhCurve: curves.join(':') }),
  };
}

/** OpenSSL has the last word: on keys that are too short, for one. */
function refuseUnusable(context: SecureContextOptions, section: YamlEntry, yaml: YamlFields): void {
  try {
    createSecureContext(context);
  } catch (error) {
    yaml.problem(section, `tls_server_config: TLS refuses this: ${(error as Error).message}`);
  }
}
