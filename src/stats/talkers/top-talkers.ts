import { randomInt } from 'node:crypto';
import { FIRST_RULE_SLOT, FIRST_UNMATCHED_SLOT } from '../../counters/catalogue.js';
import type { Clock } from '../../memory/clock.js';
import {
  INTERVAL_MAX,
  LOSS_BYTES,
  LOSS_BYTES_VARIANCE,
  LOSS_PACKETS,
  LOSS_PACKETS_VARIANCE,
  LOSS_SAMPLES,
  RECORD_INTERVAL,
  RECORD_LOSS,
  RECORD_LOSS_CELL,
  RECORD_SLOT,
  type SampleRingMemory,
} from '../../ring/sample-ring-layout.js';
import { SampleRingReader, type SampleSink } from '../../ring/sample-ring-reader.js';
import { FollowedTraffic, type Loss, NO_LOSS } from './followed-traffic.js';
import { RecordHash } from './record-keys.js';
import { SampleBatch } from './sample-batch.js';
import { type RankingQuestion, rank, type TalkerRanking } from './talker-ranking.js';

/** How often the samples are fetched, milliseconds: to wake a thread that has slept costs as much as 1,000 samples. */
const DRAIN_MS = 500;
/**
 * Samples a second that are wanted of all workers together: at 1.6 us each of a million flows of one weight, and 0.2 us
 * where few flows are heavy, that is at most 0.4% of a core, whatever the traffic. Below this rate every packet is taken.
 */
const SAMPLES_A_SECOND = 2500;
/** The interval is left as it is while the rate would want one within these bounds of it. */
const INTERVAL_SLACK = 1.25;
/** A rate over a shorter time says nothing, milliseconds. */
const RATE_MS_MIN = 50;
/** Length of each of the two windows, milliseconds: an answer is of the last one to two of them. */
const WINDOW_MS = 60_000;
/**
 * Rules that are followed at a time, and entries of each of their 2 * 3 * 2 summaries (windows, keys, measures): at
 * most 18 MB, and some tens of KB for a rule of few flows. All traffic together has larger ones, 2.2 MB.
 */
const FOLLOWED_MAX = 32;
const RULE_ENTRIES = 512;
const ALL_ENTRIES = 2048;
/** Somebody who has asked about a rule may ask again: it is not given up for so long, milliseconds. */
const ASKED_MS = 600_000;

/** All packets with an IP header that rules have judged. */
export const ALL_TRAFFIC = -1;
/** Those of them that no rule has matched. */
export const UNMATCHED_TRAFFIC = FIRST_UNMATCHED_SLOT;
/** Whose talkers are asked for: one of these, or the slot of a rule. */
export type Subject = number;

export interface TalkersAnswer extends TalkerRanking {
  /** Unix time since which the subject's packets were sampled, milliseconds. */
  readonly sinceMs: number;
  readonly seconds: number;
  /** One packet in so many is sampled now. */
  readonly interval: number;
  /** Samples that found no room in these windows, and what they stood for: of all rules together. */
  readonly lost: { readonly samples: number; readonly packets: number; readonly bytes: number };
}

/**
 * The heaviest flows, sources and destinations of each rule and of all traffic, from what the workers sample. Lives on
 * the stats thread; knows nothing of what came before it.
 */
export class TopTalkers implements SampleSink {
  private readonly readers: readonly SampleRingReader[];
  /** What has been taken out of the rings and not been counted yet. */
  private readonly batch = new SampleBatch(new RecordHash(randomInt(2 ** 32) | 0));
  private readonly all: FollowedTraffic;
  private readonly followed = new Map<Subject, FollowedTraffic>();
  private recentLoss: Loss = NO_LOSS;
  private earlierLoss: Loss = NO_LOSS;
  private interval: number;
  /** Packets that the samples stood for since the rate was looked at. */
  private seen = 0;
  private rateMs: number;
  private drainedMs: number;
  private rotatedMs: number;
  /** Packets of rules that are not followed, in this drain, and one of these rules: by the weight of its packets. */
  private strangers = 0;
  private candidate: Subject | null = null;
  private timer: NodeJS.Timeout | null = null;

  /** @param rings one a worker. */
  constructor(
    rings: readonly SampleRingMemory[],
    private readonly clock: Clock,
  ) {
    const nowMs = clock.nowMs();
    this.readers = rings.map((memory) => new SampleRingReader(memory));
    // From before this one's time.
    for (const reader of this.readers) reader.drain({ take: () => undefined });
    this.interval = this.readers[0].interval;
    this.all = new FollowedTraffic(ALL_ENTRIES, nowMs);
    this.rateMs = nowMs;
    this.drainedMs = nowMs;
    this.rotatedMs = nowMs;
  }

  start(): void {
    this.timer = setInterval(() => this.drain(), DRAIN_MS);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Does the next drain now, if it is near: whoever wakes this thread anyway calls it, and saves it a wake-up of its own. */
  drainEarly(): void {
    if (this.clock.nowMs() - this.drainedMs > DRAIN_MS / 2) this.drain();
  }

  /** Fetches what the workers have sampled, and sets the interval by it. The timer begins anew with it. */
  drain(): void {
    const nowMs = this.clock.nowMs();
    this.timer?.refresh();
    for (const reader of this.readers) reader.drain(this);
    this.countBatch();
    this.drainedMs = nowMs;
    this.admitCandidate(nowMs);
    if (nowMs - this.rateMs >= RATE_MS_MIN) this.setInterval(nowMs);
    if (nowMs - this.rotatedMs >= WINDOW_MS) this.rotate(nowMs);
  }

  take(words: Int32Array, word: number): void {
    if (words[word + RECORD_SLOT] === RECORD_LOSS) {
      this.noteLoss(words, word);
      return;
    }
    this.seen += words[word + RECORD_INTERVAL];
    if (this.batch.isFull) this.countBatch();
    this.batch.add(words, word);
  }

  private countBatch(): void {
    const { batch, all } = this;
    for (const [slot, last] of batch.lastOfSlot) {
      all.recent.add(batch, last);
      this.count(slot < FIRST_RULE_SLOT ? UNMATCHED_TRAFFIC : slot, last);
    }
    batch.clear();
  }

  /** @param last of the chain of the subject's flows in the batch. */
  private count(subject: Subject, last: number): void {
    const { batch } = this;
    let own = this.followed.get(subject);
    if (own === undefined && this.followed.size < FOLLOWED_MAX) {
      // What came since the last drain is all there was of it.
      own = new FollowedTraffic(RULE_ENTRIES, this.drainedMs);
      this.followed.set(subject, own);
    }
    if (own !== undefined) own.recent.add(batch, last);
    else this.noteStranger(subject, batch.packetsOf(last));
  }

  /**
   * The heaviest of a rule, or of all traffic. A rule that was not followed is followed from now on.
   *
   * @returns `null` where so many rules have been asked about that none can be given up for this one.
   */
  answer(subject: Subject, question: RankingQuestion): TalkersAnswer | null {
    this.drain();
    const nowMs = this.clock.nowMs();
    const own =
      subject === ALL_TRAFFIC ? this.all : (this.followed.get(subject) ?? this.follow(subject, nowMs));
    if (own === null) return null;
    own.askedMs = nowMs;
    const { recentLoss, earlierLoss } = this;
    const loss = {
      estimate: recentLoss[question.of].estimate + earlierLoss[question.of].estimate,
      variance: recentLoss[question.of].variance + earlierLoss[question.of].variance,
    };
    const aheadMs = this.clock.unixMs() - nowMs;
    return {
      ...rank([own.earlier, own.recent], loss, question),
      sinceMs: own.sinceMs + aheadMs,
      seconds: (nowMs - own.sinceMs) / 1000,
      interval: this.interval,
      lost: {
        samples: recentLoss.samples + earlierLoss.samples,
        packets: recentLoss.packets.estimate + earlierLoss.packets.estimate,
        bytes: recentLoss.bytes.estimate + earlierLoss.bytes.estimate,
      },
    };
  }

  /** These slots are given to other rules. */
  forget(slots: readonly number[]): void {
    this.drain();
    for (const slot of slots) this.followed.delete(slot);
  }

  /** Chooses among the rules that are not followed, with a probability by their packets. */
  private noteStranger(subject: Subject, packets: number): void {
    this.strangers += packets;
    if (Math.random() * this.strangers < packets) this.candidate = subject;
  }

  /**
   * One rule in each drain may take the place of another: with thousands of the same weight, each sample would be of
   * another one. What is heavy comes in soon, and stays; what is light takes the place of the last that came in.
   */
  private admitCandidate(nowMs: number): void {
    if (this.candidate !== null) this.follow(this.candidate, nowMs);
    this.candidate = null;
    this.strangers = 0;
  }

  /** Follows a rule, if need be in the place of the one with the fewest packets that nobody has asked about. */
  private follow(subject: Subject, sinceMs: number): FollowedTraffic | null {
    let own: FollowedTraffic;
    if (this.followed.size < FOLLOWED_MAX) own = new FollowedTraffic(RULE_ENTRIES, sinceMs);
    else {
      const lightest = this.lightest();
      if (lightest === null) return null;
      own = this.followed.get(lightest)!;
      this.followed.delete(lightest);
      own.restart(sinceMs);
    }
    this.followed.set(subject, own);
    return own;
  }

  private lightest(): Subject | null {
    const askedAfterMs = this.clock.nowMs() - ASKED_MS;
    let lightest: Subject | null = null;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [subject, { askedMs, packets }] of this.followed) {
      if (askedMs > askedAfterMs || packets >= fewest) continue;
      lightest = subject;
      fewest = packets;
    }
    return lightest;
  }

  /** Longer at once where more packets come; shorter by half at a time, because traffic comes in bursts. */
  private setInterval(nowMs: number): void {
    const perSecond = (this.seen * 1000) / (nowMs - this.rateMs);
    this.seen = 0;
    this.rateMs = nowMs;
    const wanted = Math.min(Math.max(Math.ceil(perSecond / SAMPLES_A_SECOND), 1), INTERVAL_MAX);
    const isNear = wanted <= this.interval * INTERVAL_SLACK && wanted >= this.interval / INTERVAL_SLACK;
    if (isNear) return;
    this.interval = Math.max(wanted, this.interval >> 1);
    for (const reader of this.readers) reader.interval = this.interval;
  }

  private rotate(nowMs: number): void {
    this.earlierLoss = this.recentLoss;
    this.recentLoss = NO_LOSS;
    this.all.rotate(this.rotatedMs);
    for (const [subject, own] of this.followed) {
      own.rotate(this.rotatedMs);
      if (own.packets === 0 && own.askedMs < nowMs - ASKED_MS) this.followed.delete(subject);
    }
    this.rotatedMs = nowMs;
  }

  private noteLoss(words: Int32Array, word: number): void {
    const cells = new Float64Array(words.buffer, words.byteOffset);
    const cell = word / 2 + RECORD_LOSS_CELL;
    const { samples, packets, bytes } = this.recentLoss;
    this.seen += cells[cell + LOSS_PACKETS];
    this.recentLoss = {
      samples: samples + cells[cell + LOSS_SAMPLES],
      packets: {
        estimate: packets.estimate + cells[cell + LOSS_PACKETS],
        variance: packets.variance + cells[cell + LOSS_PACKETS_VARIANCE],
      },
      bytes: {
        estimate: bytes.estimate + cells[cell + LOSS_BYTES],
        variance: bytes.variance + cells[cell + LOSS_BYTES_VARIANCE],
      },
    };
  }
}
