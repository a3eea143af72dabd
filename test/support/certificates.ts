import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why there can be no certificates here, or `false`: for tap's `skip`. */
export const opensslMissing = spawnSync('openssl', ['version']).status !== 0 && 'not installed: openssl';

/** A certificate and its key, as files and as what they hold. */
export interface Identity {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Makes certificates in a folder, good for two days. */
export class Certificates {
  constructor(private readonly folder: string) {}

  /**
   * Makes a key and a certificate for it.
   *
   * @param issuer who signs it; without one it signs itself.
   */
  make(name: string, issuer?: Identity): Identity {
    const [certFile, keyFile] = [join(this.folder, `${name}.pem`), join(this.folder, `${name}.key`)];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
    ];
    const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const signer = issuer === undefined ? [] : ['-CA', issuer.certFile, '-CAkey', issuer.keyFile];
    execFileSync('openssl', [...args, ...names, ...signer, '-keyout', keyFile, '-out', certFile], {
      stdio: 'pipe',
    });
    return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
  }
}
