import { isLoopback } from '../config/http-problems.js';
import { ConfigError, EnvironmentError } from '../errors.js';
import { readSmallFile } from '../stats/http/small-file.js';
import { readHeaders } from './headers-file.js';

/** Where an engine is, and what lets in who asks it. */
export interface EngineAccess {
  /** Without a path; `null`: at the configured port of this machine. */
  readonly origin: URL | null;
  /** Sent with every request. They are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM: of the authority that has signed the engine's certificate, and one's own. */
  readonly tls: TlsFiles;
}

export interface TlsFiles {
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

/** Flags that have to be given together. */
const PAIRS = [
  ['username', 'password-file'],
  ['cert-file', 'key-file'],
] as const;

/**
 * Checks the flags that commands share which ask an engine.
 *
 * @param texts values of the command's own flags, by flag.
 * @param problems what is wrong is added to it, a line each.
 * @returns what reads the files that they name; it throws EnvironmentError where one cannot be read, ConfigError where
 *   one holds something else, or a secret would cross the network in the clear.
 */
export function accessOf(texts: ReadonlyMap<string, string>, problems: string[]): () => EngineAccess {
  const place = placeOf(texts.get('url'), problems);
  for (const [one, other] of PAIRS) {
    if (texts.has(one) === texts.has(other)) continue;
    problems.push(`--${one} and --${other} go together: give both, or neither.`);
  }
  return () => {
    const headers = headersOf(texts, place?.user ?? null);
    const origin = place?.origin ?? null;
    if (origin !== null) refuseInTheClear(origin, headers);
    return { origin, headers, tls: tlsOf(texts) };
  };
}

/** Secrets cross the network by TLS only. Throws a ConfigError where they would not. */
export function refuseInTheClear(
  { protocol, hostname, origin }: URL,
  headers: EngineAccess['headers'],
): void {
  if (Object.keys(headers).length === 0 || protocol === 'https:') return;
  if (isLoopback(hostname.replace(/^\[|\]$/g, ''))) return;
  throw new ConfigError([
    `${origin} speaks without TLS, and a password would cross the network in the clear.`,
  ]);
}

interface User {
  readonly name: string;
  readonly password: string;
}

interface Place {
  readonly origin: URL;
  readonly user: User | null;
}

function placeOf(text: string | undefined, problems: string[]): Place | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isOrigin =
    url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash === '';
  if (!isOrigin) {
    // The text is not repeated: it may hold a password.
    problems.push('--url must be the address of an engine, like https://upe.example:9912, without a path.');
    return null;
  }
  const user = userOf(url);
  if (user === undefined) {
    problems.push('--url has a user or a password with a % that is no escape: write %25 for it.');
    return null;
  }
  url.username = '';
  url.password = '';
  return { origin: url, user };
}

/** Who stands in an address: `null` when nobody does, `undefined` when it cannot be read. */
function userOf({ username, password }: URL): User | null | undefined {
  if (username === '') return null;
  try {
    return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}

/** A user that is named wins over the one in the address, and both over a header of the file. */
function headersOf(texts: ReadonlyMap<string, string>, userInUrl: User | null): Record<string, string> {
  const headersFile = texts.get('headers-file');
  const headers = headersFile === undefined ? {} : readHeaders(headersFile);
  const name = texts.get('username');
  const passwordFile = texts.get('password-file');
  const user =
    name === undefined || passwordFile === undefined
      ? userInUrl
      : {
          name,
          password: Buffer.from(read(passwordFile))
            .toString()
            .replace(/\r?\n$/, ''),
        };
  if (user !== null) {
    headers.authorization = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  }
  return headers;
}

function tlsOf(texts: ReadonlyMap<string, string>): TlsFiles {
  const tls: { ca?: Uint8Array; cert?: Uint8Array; key?: Uint8Array } = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const file = texts.get(`${part}-file`);
    if (file !== undefined) tls[part] = read(file);
  }
  return tls;
}

function read(file: string): Uint8Array {
  const content = readSmallFile(file);
  if (typeof content === 'string') throw new EnvironmentError(`${file} ${content}`);
  return content;
}
