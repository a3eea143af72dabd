import type { ServerResponse } from 'node:http';
import type { PassEvent } from '../../page/events.js';
import { EVENT_BYTES_WAITING_MAX, EVENT_STREAMS_MAX, HEARTBEAT_MS } from '../http/limits.js';
import type { RuleChanges } from './rule-changes.js';

export interface EventStreamsDeps {
  readonly changes: RuleChanges;
  /** The figures of the last pass. */
  readonly pass: () => PassEvent;
}

/** What a browser waits before it comes again, milliseconds. */
const RETRY_MS = 2000;
/** What a client has to read the rest, milliseconds: one that does not read would keep its place for ever. */
const END_MS_MAX = 10_000;

/**
 * Tells clients of every pass, as server-sent events (HTML standard, 9.2). What is told is written out once for all of
 * them, and nothing is while there are none. A client that does not read is not waited for: what is kept for it has a
 * bound, and beyond it its connection ends.
 */
export class EventStreams {
  private readonly responses = new Set<ServerResponse>();
  private heartbeat: NodeJS.Timeout | null = null;

  constructor(private readonly deps: EventStreamsDeps) {}

  get isFull(): boolean {
    return this.responses.size >= EVENT_STREAMS_MAX;
  }

  get count(): number {
    return this.responses.size;
  }

  /**
   * Takes on a client. The first thing that it is told is the table, all its counts, and the last pass.
   *
   * @param response whose headers are not sent yet and that is not closed.
   */
  add(response: ServerResponse): void {
    const { changes, pass } = this.deps;
    if (this.responses.size === 0) changes.begin();
    this.responses.add(response);
    response.once('close', () => this.forget(response));
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // Of proxies that would collect an answer before they pass it on.
      'x-accel-buffering': 'no',
    });
    response.write(
      `retry: ${RETRY_MS}\n\n${told('table', changes.table)}${told('counts', changes.whole())}${told('pass', pass())}`,
    );
    this.heartbeat ??= setInterval(() => this.write(':\n\n'), HEARTBEAT_MS).unref();
  }

  /** Tells everybody of the last pass. */
  publish(): void {
    if (this.responses.size === 0) return;
    const { changes, pass } = this.deps;
    const { isOtherTable, counts } = changes.next();
    const table = isOtherTable ? told('table', changes.table) : '';
    this.write(`${table}${told('counts', counts)}${told('pass', pass())}`);
  }

  /** Ends all streams; who may have one comes again. */
  end(): void {
    for (const response of this.responses) {
      response.end();
      setTimeout(() => response.destroy(), END_MS_MAX).unref();
    }
  }

  private write(text: string): void {
    for (const response of this.responses) {
      if (response.writableLength > EVENT_BYTES_WAITING_MAX) response.destroy();
      else if (!response.writableEnded) response.write(text);
    }
  }

  private forget(response: ServerResponse): void {
    this.responses.delete(response);
    if (this.responses.size > 0 || this.heartbeat === null) return;
    clearInterval(this.heartbeat);
    this.heartbeat = null;
  }
}

function told(event: string, content: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(content)}\n\n`;
}
