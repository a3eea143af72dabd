import { get, type IncomingMessage } from 'node:http';
import type { CountsEvent, PassEvent, TableEvent } from '../../src/page/events.js';
import { eventually, type TestScope } from './upe-process.js';

interface Told {
  readonly table: TableEvent;
  readonly counts: CountsEvent;
  readonly pass: PassEvent;
}

/** A client of `GET /api/v1/events` that keeps all that it is told. */
export class EventStream {
  /** Everything as it came, comments included. */
  text = '';
  isOver = false;
  private read = 0;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    response.on('error', () => undefined);
    response.once('close', () => {
      this.isOver = true;
    });
  }

  static async open(
    t: TestScope,
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${url}/api/v1/events`, { headers, agent: false }, resolve).once('error', reject);
    });
    t.teardown(() => response.destroy());
    return new EventStream(response);
  }

  get status(): number | undefined {
    return this.response.statusCode;
  }

  get headers(): IncomingMessage['headers'] {
    return this.response.headers;
  }

  /** Bytes that have come so far. */
  get bytes(): number {
    return Buffer.byteLength(this.text);
  }

  /** The next event of a kind, those of other kinds before it left out. */
  async next<Kind extends keyof Told>(kind: Kind): Promise<Told[Kind]> {
    const head = `event: ${kind}\ndata: `;
    return eventually(`event ${kind}`, () => {
      const start = this.text.indexOf(head, this.read);
      const end = start < 0 ? -1 : this.text.indexOf('\n\n', start);
      if (end < 0) return undefined;
      this.read = end;
      return JSON.parse(this.text.slice(start + head.length, end)) as Told[Kind];
    });
  }

  close(): void {
    this.response.destroy();
  }
}
