import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { PrometheusError } from '../errors.js';

/** A query that takes longer is given up, milliseconds: servers give up long before, after two minutes by default. */
const ANSWER_MS_MAX = 300_000;
/** Longest answer that is read, bytes: beyond it a question has to be asked in parts. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
/** Longest part of somebody else's message that is repeated, characters. */
const SHOWN_CHARACTERS_MAX = 300;
/** Statuses of what a server could not work out, or not in time: the question may have been too large for it. */
const TOO_LARGE_STATUSES: readonly (number | undefined)[] = [413, 422, 503, 504];

export type Labels = Readonly<Record<string, string>>;

/** One series of an answer, with its value at one time. */
export interface InstantSeries {
  readonly labels: Labels;
  readonly value: number;
}

/** One series of an answer over a range. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

export interface Point {
  /** Unix time, seconds. */
  readonly time: number;
  readonly value: number;
}

/** Times of a range query: Unix times and the step between two looks, seconds. */
export interface TimeRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

interface Answer {
  readonly status?: string;
  readonly data?: unknown;
  readonly error?: string;
}

interface RawAnswer {
  readonly status: number | undefined;
  readonly location: string | undefined;
  readonly text: string;
}

interface ApiSeries {
  readonly metric: Labels;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/**
 * The HTTP API of a Prometheus, or of what answers as one (Thanos, Mimir, VictoriaMetrics). Not by `fetch`, which
 * refuses the ports that browsers keep away from. Redirects are not followed: the headers may hold a secret.
 */
export class PrometheusApi {
  /** The address without a password, for messages. */
  readonly shownUrl: string;
  private readonly base: URL;
  private readonly headers: Readonly<Record<string, string>>;

  /**
   * @param url where the API is, a path in front of `/api/v1` included; a user and a password in it are sent by basic
   * authentication.
   * @param headers sent with every request.
   */
  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    this.base = new URL(url);
    const { username, password } = this.base;
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const basic = username === '' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
    this.headers = { ...basic, ...headers };
    this.base.username = '';
    this.base.password = '';
    this.shownUrl = this.base.href.replace(/\/$/, '');
  }

  /** The server's own time, Unix time in seconds. */
  async time(): Promise<number> {
    const result = this.resultOf(await this.ask('query', { query: 'time()' }));
    const [time] = Array.isArray(result) ? result : [];
    if (typeof time === 'number' && Number.isFinite(time)) return time;
    throw this.nonsense('no time');
  }

  /** An instant query. @param time Unix time, seconds. */
  async query(expression: string, time: number): Promise<InstantSeries[]> {
    const data = await this.ask('query', { query: expression, time: String(time) });
    return this.series(data).map(({ metric, value }) => ({ labels: metric, value: Number(value?.[1]) }));
  }

  /** A range query. */
  async queryRange(expression: string, { start, end, step }: TimeRange): Promise<RangeSeries[]> {
    const times = { start: String(start), end: String(end), step: String(step) };
    const data = await this.ask('query_range', { query: expression, ...times });
    return this.series(data).map(({ metric, values = [] }) => ({
      labels: metric,
      points: values.map(([time, value]) => ({ time, value: Number(value) })),
    }));
  }

  /** The values that a label has in series of a selector, at least those of a time range. */
  async labelValues(label: string, selector: string, start: number, end: number): Promise<string[]> {
    const parameters = { 'match[]': selector, start: String(start), end: String(end) };
    const values = await this.ask(`label/${label}/values`, parameters, 'GET');
    if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values;
    throw this.nonsense('no values of a label');
  }

  private resultOf(data: unknown): unknown {
    if (typeof data === 'object' && data !== null && 'result' in data) return data.result;
    throw this.nonsense('no result');
  }

  private series(data: unknown): readonly ApiSeries[] {
    const result = this.resultOf(data);
    const isSeries = (own: Partial<ApiSeries> | null) => typeof own?.metric === 'object';
    if (Array.isArray(result) && result.every(isSeries)) return result;
    throw this.nonsense('no series');
  }

  /** By POST, where there may be more to ask than an address has room for. */
  private async ask(path: string, parameters: Labels, method: 'GET' | 'POST' = 'POST'): Promise<unknown> {
    const { status, location, text } = await this.send(path, String(new URLSearchParams(parameters)), method);
    if (status !== undefined && status >= 300 && status < 400) {
      throw this.error(`answers ${status}, and leads to ${location}: give the address that it leads to`);
    }
    if (status === 401 || status === 403) {
      throw this.error(`lets nobody in like this (${status}): see --headers-file`);
    }
    const answer = answerOf(text);
    if (answer?.status === 'success') return answer.data;
    if (answer?.status !== 'error') throw this.nonsense(`status ${status}, and no JSON of its API`, status);
    throw this.error(`refuses a query: ${shown(answer.error ?? `status ${status}`)}`, status);
  }

  private send(path: string, parameters: string, method: 'GET' | 'POST'): Promise<RawAnswer> {
    const url = new URL(`${this.base.pathname.replace(/\/$/, '')}/api/v1/${path}`, this.base);
    const form = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(parameters),
    };
    if (method === 'GET') url.search = parameters;
    const options: RequestOptions = {
      method,
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      headers: { ...(method === 'POST' ? form : {}), ...this.headers },
    };
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) =>
        reject(error instanceof PrometheusError ? error : this.error(`does not answer: ${reasonOf(error)}`));
      const receive = (response: IncomingMessage) => {
        const { statusCode: status, headers } = response;
        this.read(response).then((text) => resolve({ status, location: headers.location, text }), fail);
      };
      const own =
        url.protocol === 'https:' ? requestTls(url, options, receive) : request(url, options, receive);
      own.on('error', fail);
      own.end(method === 'POST' ? parameters : undefined);
    });
  }

  private async read(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX)
        throw this.error(`answers with more than ${ANSWER_BYTES_MAX / 2 ** 20} MiB`, 413);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  private nonsense(what: string, status?: number): PrometheusError {
    return this.error(`does not answer as a Prometheus does: ${what}`, status);
  }

  private error(what: string, status?: number): PrometheusError {
    return new PrometheusError(`${this.shownUrl} ${what}`, TOO_LARGE_STATUSES.includes(status));
  }
}

function answerOf(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' ? (answer as Answer) : null;
  } catch {
    return null;
  }
}

function reasonOf({ name, code, message }: NodeJS.ErrnoException): string {
  if (name === 'AbortError' || name === 'TimeoutError')
    return `nothing came within ${ANSWER_MS_MAX / 1000} s`;
  // Where a name has several addresses and all refuse, the message is empty.
  return message || String(code);
}

/** On one line, and no longer than anybody reads. */
function shown(message: string): string {
  const line = message.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > SHOWN_CHARACTERS_MAX ? `${line.slice(0, SHOWN_CHARACTERS_MAX)}...` : line;
}
