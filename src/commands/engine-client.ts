import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Config } from '../config/schema.js';
import { EnvironmentError } from '../errors.js';
import { type EngineAccess, refuseInTheClear } from './engine-access.js';
import { askEngine, reasonOf } from './engine-request.js';
import { harmless } from './harmless-text.js';

/** An engine begins to answer at once; only a password has to be looked at. Milliseconds. */
const BEGIN_MS_MAX = 15_000;
/** What one can do who gets no answer; behind the reason. */
const WHETHER_THERE = '; see whether UPE runs there, or say where with --url or --http-port';

/** Asks one engine, as somebody whom it lets in. */
export class EngineClient {
  private constructor(
    private readonly place: URL,
    private readonly access: EngineAccess,
  ) {}

  /**
   * The engine that is meant: the one of `access`, or what answers at the configured port. By which of HTTP and HTTPS
   * that is to be reached is found out without any secret.
   *
   * @throws EnvironmentError when nobody answers there; ConfigError when the port is any free one, or a secret would
   *   cross the network in the clear.
   */
  static async find(config: Config, access: EngineAccess): Promise<EngineClient> {
    if (access.origin !== null) return new EngineClient(access.origin, access);
    const { url } = await askEngine(config, '/-/healthy').catch((error: Error) => {
      throw error instanceof EnvironmentError
        ? new EnvironmentError(`${error.message}${WHETHER_THERE}`)
        : error;
    });
    const origin = new URL(new URL(url).origin);
    refuseInTheClear(origin, access.headers);
    return new EngineClient(origin, access);
  }

  /** Where it is, for messages. */
  get shownUrl(): string {
    return this.place.origin;
  }

  /**
   * Sends a request.
   *
   * @param path from / on, with its query.
   * @param body sent as JSON.
   * @returns the answer, whatever its status. Throws an EnvironmentError when none begins.
   */
  send(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const content = body === undefined ? null : JSON.stringify(body);
    const headers: Record<string, string | number> = { ...this.access.headers };
    if (content !== null) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = Buffer.byteLength(content);
    }
    return new Promise((resolve, reject) => {
      const sent = this.open(new URL(path, this.place), { method, headers, agent: false });
      const late = setTimeout(() => {
        sent.destroy(new Error(`nothing came within ${BEGIN_MS_MAX / 1000} s`));
      }, BEGIN_MS_MAX);
      sent.once('response', (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      sent.once('error', (error) => {
        clearTimeout(late);
        reject(new EnvironmentError(`no answer from ${this.shownUrl}: ${reasonOf(error)}${WHETHER_THERE}`));
      });
      sent.end(content ?? undefined);
    });
  }

  /** The error for an answer that refuses what was asked. */
  async refusal(answer: IncomingMessage): Promise<EnvironmentError> {
    const { statusCode } = answer;
    const hint = statusCode === 401 ? ` ${this.accessHint()}` : '';
    return new EnvironmentError(`${this.shownUrl}: ${statusCode} ${await problemOf(answer)}${hint}`);
  }

  /** What one does who was not let in. */
  private accessHint(): string {
    if (this.access.headers.authorization === undefined) {
      return 'Give --username and --password-file, or --headers-file.';
    }
    return 'See whether both are those of the web configuration.';
  }

  private open(url: URL, options: RequestOptions): ClientRequest {
    if (url.protocol !== 'https:') return httpRequest(url, options);
    try {
      return httpsRequest(url, { ...options, ...this.access.tls } as RequestOptions);
    } catch (error) {
      const { message } = error as Error;
      throw new EnvironmentError(`the files for TLS cannot be used: ${message}; they have to be PEM`);
    }
  }
}

/** What the engine says against it, in one line. */
async function problemOf(answer: IncomingMessage): Promise<string> {
  const content = await text(answer);
  try {
    const { detail } = JSON.parse(content) as { detail?: unknown };
    if (typeof detail === 'string') return harmless(detail);
  } catch {
    // It is no engine that answers, or an old one: what it says is shown as it is.
  }
  return harmless(content.trim().split('\n')[0].slice(0, 200));
}
