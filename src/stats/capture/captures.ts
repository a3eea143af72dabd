import type { Logger } from '../../log.js';
import { CAPTURES_MAX, type CaptureMemory } from '../../memory/capture-layout.js';
import type { Clock } from '../../memory/clock.js';
import type { RulesNotice } from '../rule-series.js';
import { Capture, type CaptureConfig, type CaptureRequest, type CaptureSubject } from './capture.js';
import { CaptureOrders } from './capture-orders.js';
import { type CapturedPacket, CaptureReader } from './capture-reader.js';
import type { CaptureSink, SinkEvents } from './capture-sink.js';
import { type CaptureEnd, CaptureTotals } from './capture-totals.js';

/** How often the rings are emptied while there are captures, milliseconds: half of what they hold at 400 MB/s. */
const DRAIN_MS = 5;
/** Bytes that wait for a client or a disk at most; one that is further behind ends its capture. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;
/** Captures that have ended and are still told of. */
const REMEMBERED_MAX = 16;
/** How long the end of the engine waits for files and clients, milliseconds. */
const STOP_MS_MAX = 1000;

export interface CapturesConfig extends CaptureConfig {
  readonly memory: CaptureMemory;
}

export interface CapturesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** The rules in use. */
  readonly rules: () => RulesNotice;
}

/** Why there can be no capture now. */
export type CaptureRefusal =
  | { readonly kind: 'unknown_rule' }
  | { readonly kind: 'running'; readonly number: number }
  | { readonly kind: 'too_many' }
  | { readonly kind: 'stopping' };

/**
 * Makes the sink of a capture that nothing stands against.
 *
 * @param subject what is captured.
 * @param events what the sink has to tell.
 */
export type OpenSink = (subject: CaptureSubject, events: SinkEvents) => CaptureSink | Promise<CaptureSink>;

/** A capture that takes packets. */
interface Running {
  readonly capture: Capture;
  readonly order: number;
  /** What the workers have missed of this order until now, by worker. */
  readonly missed: Int32Array;
  /** Monotonic clock, milliseconds. */
  readonly untilMs: number;
  /**
   * Unix time less the monotonic clock as it began, microseconds: clocks are set, and machines sleep. One for all of it,
   * so that no time goes back in a file.
   */
  readonly unixOffsetUs: number;
}

/** Ends that give up what has not got to its file or its client: that it fails then is no other end. */
const GIVEN_UP: ReadonlySet<CaptureEnd | null> = new Set(['slow_reader', 'engine_stopped'] as const);

/**
 * The captures of an engine: orders their packets from the workers, and empties the rings into them. Lives on the
 * stats thread; nothing that happens here is waited for by a worker.
 */
export class Captures {
  readonly totals: CaptureTotals;
  private readonly orders: CaptureOrders;
  private readonly readers: readonly CaptureReader[];
  /** By number. */
  private readonly running = new Map<number, Running>();
  /** Those that take no packets any more, and whose file or client has not all of them yet. */
  private readonly ending = new Set<Capture>();
  /** The rules of captures whose sink is being made, with their numbers. */
  private readonly opening = new Map<string, number>();
  /** The latest first. */
  private ended: Capture[] = [];
  private timer: NodeJS.Timeout | null = null;
  private isStopping = false;
  /** The monotonic clock at the last look into the rings, microseconds. */
  private drainedUs = 0;

  constructor(
    private readonly config: CapturesConfig,
    private readonly deps: CapturesDeps,
  ) {
    const { memory } = config;
    this.totals = new CaptureTotals(memory.totals);
    this.orders = new CaptureOrders(memory.orders);
    this.readers = memory.rings.map((ring) => new CaptureReader(ring, memory.ringWords));
  }

  /** Captures that take packets. */
  get runningCount(): number {
    return this.running.size;
  }

  /** Those at work first, and then those that have ended, the latest first. */
  list(): Capture[] {
    const running = [...this.running.values()].map(({ capture }) => capture);
    return [...running, ...this.ending, ...this.ended];
  }

  /** The capture of a number, or `null` where none is known. */
  find(number: number): Capture | null {
    return this.list().find(({ subject }) => subject.number === number) ?? null;
  }

  /**
   * Begins a capture.
   *
   * @param fileOf the name of its file, given its number; `null` where it goes to the client.
   * @returns the capture, or why there can be none. Throws what `open` throws.
   */
  async begin(
    request: CaptureRequest,
    fileOf: (number: number) => string | null,
    open: OpenSink,
  ): Promise<Capture | CaptureRefusal> {
    const { rule } = request;
    const { live, generation } = this.deps.rules();
    const entry = live.find((own) => own.rule === rule);
    if (entry === undefined) return { kind: 'unknown_rule' };
    const refusal = this.refusalOf(rule);
    if (refusal !== null) return refusal;
    const number = this.orders.nextNumber();
    const beganMs = this.deps.clock.unixMs();
    const subject = { ...request, number, entry, generation, beganMs, file: fileOf(number) };
    this.opening.set(rule, number);
    try {
      // It may fail before there is a capture.
      let failure: CaptureEnd | null = null;
      const sink = await open(subject, {
        onWritten: (packets, bytes) => this.totals.countWritten(packets, bytes),
        onFailed: (end, why) => {
          failure = end;
          this.fail(number, end, why);
        },
      });
      const capture = new Capture(this.config, subject, sink);
      this.run(capture);
      this.log(capture, 'a capture begins');
      if (failure !== null) this.finish(number, failure);
      else if (this.isStopping) this.finish(number, 'engine_stopped');
      else this.rulesInUse(this.deps.rules());
      return capture;
    } finally {
      this.opening.delete(rule);
    }
  }

  /**
   * Ends a capture, with all packets that were captured until now; does nothing to one that has ended. Resolves when
   * its file or its client has all of it.
   */
  end(capture: Capture, end: CaptureEnd): Promise<void> {
    this.drain();
    this.finish(capture.subject.number, end);
    return capture.over;
  }

  /** Whoever is sent packets has been let in under another configuration: they come again, and are judged again. */
  endStreams(): void {
    for (const { capture } of [...this.running.values()]) {
      if (capture.subject.file === null) void this.end(capture, 'access_changed');
    }
  }

  /** Other rules are in use: a capture goes on with the slot of its rule, which stays the same, and ends without it. */
  rulesInUse({ live }: RulesNotice): void {
    if (this.running.size === 0) return;
    const slots = new Set(live.map(({ slot }) => slot));
    const gone = [...this.running.values()].filter(({ capture }) => !slots.has(capture.subject.entry.slot));
    if (gone.length > 0) this.drain();
    for (const { capture } of gone) this.finish(capture.subject.number, 'rule_gone');
  }

  /** No packet comes any more: ends all captures, within a second or so. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.drain();
    for (const number of [...this.running.keys()]) this.finish(number, 'engine_stopped');
    const late = setTimeout(() => {
      for (const capture of this.ending) capture.abort();
    }, STOP_MS_MAX);
    await Promise.all([...this.ending].map((capture) => capture.over));
    clearTimeout(late);
  }

  private refusalOf(rule: string): CaptureRefusal | null {
    if (this.isStopping) return { kind: 'stopping' };
    const atWork = [...this.running.values()].map(({ capture }) => capture);
    const same =
      atWork.find(({ subject }) => subject.rule === rule)?.subject.number ?? this.opening.get(rule);
    if (same !== undefined) return { kind: 'running', number: same };
    const count = this.running.size + this.ending.size + this.opening.size;
    return count >= CAPTURES_MAX ? { kind: 'too_many' } : null;
  }

  private run(capture: Capture): void {
    const { number, entry, limits } = capture.subject;
    // What is in the rings is of before it.
    this.drain();
    const { clock } = this.deps;
    const unixOffsetUs = (clock.unixMs() - clock.nowMs()) * 1000;
    const order = this.orders.give(number, entry.slot, limits.snapBytes);
    const missed = Int32Array.from(this.readers, (reader) => reader.missed(order));
    const untilMs = clock.nowMs() + limits.seconds * 1000;
    this.running.set(number, { capture, order, missed, untilMs, unixOffsetUs });
    this.timer ??= setInterval(() => this.look(), DRAIN_MS);
  }

  /** What the timer does while there are captures. */
  private look(): void {
    this.drain();
    const nowMs = this.deps.clock.nowMs();
    for (const [number, { capture, untilMs }] of [...this.running]) {
      if (capture.backlogBytes > BACKLOG_BYTES_MAX) this.finish(number, 'slow_reader');
      else if (nowMs >= untilMs) this.finish(number, 'seconds');
    }
  }

  private drain(): void {
    this.drainedUs = Math.round(this.deps.clock.nowMs() * 1000);
    for (const reader of this.readers) reader.drain(this.receive);
    for (const running of this.running.values()) {
      this.noteMissed(running);
      running.capture.flush();
    }
  }

  private readonly receive = (packet: CapturedPacket): void => {
    const running = this.running.get(packet.number);
    // It has ended, or the worker was at the change of the order.
    if (running === undefined || running.capture.subject.entry.slot !== packet.slot) return;
    // The stamp has 32 bits, and is less than half an hour old.
    const rxUs = this.drainedUs - ((this.drainedUs - packet.rxUs) | 0);
    const end = running.capture.accept(packet, Math.round(rxUs + running.unixOffsetUs));
    if (end !== null) this.finish(packet.number, end);
  };

  private noteMissed({ capture, order, missed }: Running): void {
    this.readers.forEach((reader, worker) => {
      const now = reader.missed(order);
      const more = (now - missed[worker]) | 0;
      if (more === 0) return;
      missed[worker] = now;
      capture.missed += more;
      this.totals.countDropped('ring_full', more);
    });
  }

  /** A file or a client takes no more. */
  private fail(number: number, end: CaptureEnd, why: string): void {
    const running = this.running.get(number);
    const capture = running?.capture ?? [...this.ending].find(({ subject }) => subject.number === number);
    if (capture === undefined) return;
    if (end === 'write_failed') this.log(capture, `a capture cannot be written: ${why}`, 'warn');
    if (running !== undefined) this.finish(number, end);
    else if (!GIVEN_UP.has(capture.end)) capture.end = end;
  }

  /** Does nothing where it has ended. */
  private finish(number: number, end: CaptureEnd): void {
    const running = this.running.get(number);
    if (running === undefined) return;
    const { capture, order } = running;
    this.orders.withdraw(order);
    this.noteMissed(running);
    this.running.delete(number);
    this.ending.add(capture);
    if (this.running.size === 0 && this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
    capture.finish(end, this.deps.clock.unixMs());
    void capture.over.then(() => {
      this.ending.delete(capture);
      this.ended = [capture, ...this.ended].slice(0, REMEMBERED_MAX);
      this.totals.countEnd(capture.end ?? end);
      this.totals.countDropped('unwritten', capture.unwritten);
      this.log(capture, 'a capture has ended');
    });
  }

  private log(
    { subject, end, packets, missed, unwritten }: Capture,
    message: string,
    level: 'info' | 'warn' = 'info',
  ) {
    const { number, rule, client, file } = subject;
    this.deps.log[level]({ capture: number, rule, client, file, end, packets, missed, unwritten }, message);
  }
}
