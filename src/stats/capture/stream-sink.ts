import type { ServerResponse } from 'node:http';
import type { CaptureSink, SinkEvents } from './capture-sink.js';

/** What a client has not taken this long after the end, it never will, milliseconds. */
const LAST_MS_MAX = 10_000;

/** Writes a capture into the answer to the request that wants it. */
export class StreamSink implements CaptureSink {
  packets = 0;
  backlogBytes = 0;
  private readonly closed: Promise<void>;
  private isFinishing = false;

  /** @param response whose headers are sent, or will be with the first blocks. */
  constructor(
    private readonly response: ServerResponse,
    private readonly events: SinkEvents,
  ) {
    // Of a client that goes, 'close' tells; without a listener the error would end the thread.
    response.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      if (response.closed) resolve();
      response.once('close', resolve);
    });
    void this.closed.then(() => {
      const isComplete = this.isFinishing && response.writableFinished;
      if (!isComplete) events.onFailed('client_gone', 'the client has gone');
    });
  }

  write(blocks: Buffer, packets: number): void {
    const { response } = this;
    if (response.closed || this.isFinishing) return;
    this.backlogBytes += blocks.length;
    response.write(blocks, (error) => {
      this.backlogBytes -= blocks.length;
      if (error === null || error === undefined) this.note(packets, blocks.length);
    });
  }

  async finish(last: (delivered: null) => Buffer): Promise<void> {
    const { response } = this;
    if (response.closed) return;
    this.isFinishing = true;
    const late = setTimeout(() => this.abort(), LAST_MS_MAX);
    const block = last(null);
    response.end(block, () => {
      if (response.writableFinished) this.note(0, block.length);
    });
    await this.closed;
    clearTimeout(late);
  }

  abort(): void {
    this.response.destroy();
  }

  private note(packets: number, bytes: number): void {
    this.packets += packets;
    this.events.onWritten(packets, bytes);
  }
}
