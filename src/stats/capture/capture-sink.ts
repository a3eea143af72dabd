/** What a sink has to say of itself. */
export interface SinkEvents {
  /** So much more is with the file or the client. */
  onWritten(packets: number, bytes: number): void;
  /** It takes no more. `why`: for the log. */
  onFailed(end: 'client_gone' | 'write_failed', why: string): void;
}

/** Where a capture goes: a file, or the answer to a request. It never makes anybody wait. */
export interface CaptureSink {
  /** Packets that are with the file or the client. */
  readonly packets: number;
  /** Bytes that are not with them yet. */
  readonly backlogBytes: number;
  /**
   * Takes blocks, of which it may not keep a part without the rest; nothing after it has failed.
   *
   * @param blocks whole ones; the sink's own from here on.
   * @param packets how many of them are packets.
   */
  write(blocks: Buffer, packets: number): void;
  /**
   * Takes the last block. Resolves when all is with the file or the client, or never will be.
   *
   * @param last makes it, once it is known how many packets are before it; `null`: all that were given, or it is not
   *   there either.
   */
  finish(last: (delivered: number | null) => Buffer): Promise<void>;
  /** Gives up what has not got there, so that `finish` resolves. */
  abort(): void;
}
