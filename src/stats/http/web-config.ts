import type { TlsSettings } from './tls-settings.js';

/** What the HTTP server asks of who comes, and what it says to all. */
export interface WebConfig {
  /** `null`: HTTP without TLS. */
  readonly tls: TlsSettings | null;
  /** Headers of every answer, by their lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** bcrypt hashes of passwords by user; empty: nobody is asked for one. */
  readonly users: ReadonlyMap<string, string>;
  /** The files that this was read from. */
  readonly files: readonly string[];
}

/** Without a file: whoever reaches the address may ask. */
export const OPEN_TO_ALL: WebConfig = { tls: null, headers: new Map(), users: new Map(), files: [] };

/** Whether nobody is let in who has neither password nor client certificate. */
export function asksWhoComes({ users, tls }: WebConfig): boolean {
  return users.size > 0 || tls?.clientCertificates === 'verified';
}
