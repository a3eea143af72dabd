import type { SlotEntry } from '../../rules/slot-registry.js';
import type { CapturedPacket } from './capture-reader.js';
import type { CaptureSink } from './capture-sink.js';
import type { CaptureEnd } from './capture-totals.js';
import { PcapngWriter } from './pcapng-writer.js';

/** Whichever comes first ends a capture; all from 1. */
export interface CaptureLimits {
  readonly packets: number;
  /** Bytes of the pcapng file. */
  readonly bytes: number;
  readonly seconds: number;
  /** Bytes of a frame that are kept. */
  readonly snapBytes: number;
}

/** What a client wants. */
export interface CaptureRequest {
  /** Name of the rule. */
  readonly rule: string;
  /** Who wants it, for the log. */
  readonly client: string;
  readonly limits: CaptureLimits;
}

/** What a capture is of. */
export interface CaptureSubject extends CaptureRequest {
  /** Number, from 1. */
  readonly number: number;
  readonly entry: SlotEntry;
  /** Of the rules in use when it began. */
  readonly generation: number;
  /** Unix time of that, milliseconds. */
  readonly beganMs: number;
  /** Name of the file in the folder of captures; `null`: it goes into the answer. */
  readonly file: string | null;
}

export interface CaptureConfig {
  readonly version: string;
  /** Names of the interfaces, by their index. */
  readonly interfaces: readonly string[];
  /** Link type of a file without packets. */
  readonly linkType: number;
}

/** Blocks are handed over in pieces of at least so many bytes while packets come, half a chunk of the writer. */
const PIECE_BYTES = 64 * 1024;
/** What the last block may need. */
const LAST_BLOCK_BYTES = 256;

/** One capture: its packets as pcapng, as far as its limits let them in. */
export class Capture {
  /** Why it takes no more packets; `null` while it does. */
  end: CaptureEnd | null = null;
  /** Unix time of that, milliseconds. */
  endedMs: number | null = null;
  /** Resolves when its file or its client has all that it will ever have. */
  readonly over: Promise<void>;
  /** Packets of its rule that it does not have: their worker's ring was full, or they were not written. */
  missed = 0;
  unwritten = 0;
  private accepted = 0;
  private handedOver = 0;
  private isOver = false;
  private resolveOver: () => void = () => undefined;
  private readonly writer: PcapngWriter;

  constructor(
    private readonly config: CaptureConfig,
    readonly subject: CaptureSubject,
    private readonly sink: CaptureSink,
  ) {
    this.over = new Promise((resolve) => {
      this.resolveOver = resolve;
    });
    const { entry, generation, limits } = subject;
    this.writer = new PcapngWriter({
      comment: `rule=${entry.rule} action=${entry.action} generation=${generation}`,
      application: `UPE ${config.version}`,
      interfaces: config.interfaces,
      snapBytes: limits.snapBytes,
    });
    this.flush();
  }

  /** `ending`: it takes no more packets, and its file or its client has not all of them yet. */
  get state(): 'running' | 'ending' | 'ended' {
    if (this.end === null) return 'running';
    return this.isOver ? 'ended' : 'ending';
  }

  /** Packets that are with its file or its client. */
  get packets(): number {
    return this.sink.packets;
  }

  /** Bytes of pcapng that were made. */
  get bytes(): number {
    return this.writer.bytes;
  }

  get backlogBytes(): number {
    return this.sink.backlogBytes;
  }

  /**
   * Takes a packet of its rule.
   *
   * @param unixUs its time, microseconds.
   * @returns the limit that it has reached, or `null`.
   */
  accept(packet: CapturedPacket, unixUs: number): CaptureEnd | null {
    const { entry, limits } = this.subject;
    const comment = `rule=${entry.rule} action=${entry.action} generation=${packet.generation}`;
    const frameBytes = Math.min(packet.frameBytes, limits.snapBytes);
    const needed = PcapngWriter.packetBytesMax(frameBytes, comment) + LAST_BLOCK_BYTES;
    if (this.writer.bytes + needed > limits.bytes) return 'bytes';
    this.writer.addPacket(packet, unixUs, comment);
    this.accepted++;
    if (this.writer.waitingBytes >= PIECE_BYTES) this.flush();
    return this.accepted >= limits.packets ? 'packets' : null;
  }

  /** Hands over what has come. */
  flush(): void {
    const blocks = this.writer.take();
    if (blocks.length === 0) return;
    const packets = this.accepted - this.handedOver;
    this.handedOver = this.accepted;
    this.sink.write(blocks, packets);
  }

  /**
   * Takes no more packets.
   *
   * @param nowMs Unix time, milliseconds.
   */
  finish(end: CaptureEnd, nowMs: number): void {
    this.end = end;
    this.endedMs = nowMs;
    this.flush();
    void this.sink
      .finish((delivered) => this.lastBlock(delivered ?? this.accepted, nowMs))
      .then(() => {
        this.unwritten = this.accepted - this.sink.packets;
        this.isOver = true;
        this.resolveOver();
      });
  }

  /** How it has ended, and what it lacks: what was missed, and what could not be written before this block. */
  private lastBlock(delivered: number, nowMs: number): Buffer {
    const dropped = this.missed + this.accepted - delivered;
    const statistics = { delivered, dropped, comment: `end=${this.end}` };
    this.writer.addStatistics(statistics, this.config.linkType, nowMs * 1000);
    return this.writer.take();
  }

  /** Gives up what has not got to its file or its client. */
  abort(): void {
    this.sink.abort();
  }
}
