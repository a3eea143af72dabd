import { ANOMALY_KINDS, anomalyBit, FIRST_UNMATCHED_SLOT } from '../../counters/catalogue.js';
import { PARSED, Packet } from '../../protocol/packet.js';
import { parseFrame } from '../../protocol/parser.js';
import { buildRuleTable } from '../build-rule-table.js';
import { createMatcher } from '../create-matcher.js';
import { packetFlowText } from '../explain/flow-text.js';
import type { Matcher } from '../matcher.js';
import { NO_MATCH } from '../matcher.js';
import type { Action, RuleSet } from '../rule.js';
import { RuleTable } from '../rule-table.js';
import { FlowTable } from './flow-table.js';

/** Flows that are told apart, over all changes; packets of others are counted without. */
export const FLOWS_MAX = 65_536;
/** Pairs of an old and a new outcome that are told apart. */
export const CHANGES_MAX = 16_384;
/** First packets of each change that are kept as examples. */
const EXAMPLES = 3;
const OVERSIZE = anomalyBit('oversize');

/** What takes a packet, in one of the tables: a rule, or (`null`) the default action. */
export interface Outcome {
  readonly rule: string | null;
  readonly action: Action;
  readonly outInterface: string | null;
}

/** Where a packet is: file, from 0, and its number in that, from 1. */
export interface PacketPlace {
  readonly fileIndex: number;
  readonly number: number;
}

/** A packet that a change is shown by. */
export interface Example extends PacketPlace {
  /** As `flowText` writes it. */
  readonly flow: string;
}

/** What has gone from one outcome to another. */
export interface Change {
  readonly before: Outcome;
  readonly after: Outcome;
  packets: number;
  bytes: number;
  /** Different flows among them, as far as they could be told apart. */
  flows: number;
  /** Packets whose flows could not. */
  packetsOfOtherFlows: number;
  readonly examples: Example[];
}

/** One table with what it has counted. */
class CountingTable {
  readonly outcomes: readonly Outcome[];
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly matcher: Matcher;

  constructor(ruleSet: RuleSet, interfaces: readonly string[]) {
    const { rules, defaultAction } = ruleSet;
    const positions = rules.map((_, position) => position);
    const memory = buildRuleTable(ruleSet, positions, interfaces, 1);
    this.matcher = createMatcher(memory, new RuleTable(memory));
    this.outcomes = [
      ...rules.map(({ name, action, outInterface }) => ({ rule: name, action, outInterface })),
      { rule: null, action: defaultAction, outInterface: null },
    ];
    this.packets = new Float64Array(this.outcomes.length);
    this.bytes = new Float64Array(this.outcomes.length);
  }

  /** Returns the position of the outcome: the last one is the default action. */
  count(packet: Packet, bytes: number): number {
    const matched = this.matcher.match(packet);
    const outcome = matched === NO_MATCH ? this.outcomes.length - 1 : matched;
    this.packets[outcome] += 1;
    this.bytes[outcome] += bytes;
    return outcome;
  }
}

/** Judges packets by two rule sets, and counts both outcomes and what differs. */
export class TableComparison {
  readonly before: CountingTable;
  readonly after: CountingTable;
  /** By outcome slot of the catalogue: what reaches no rule, in either table. */
  readonly unjudged = new Float64Array(FIRST_UNMATCHED_SLOT);
  readonly anomalies = new Float64Array(ANOMALY_KINDS.length);
  received = 0;
  receivedBytes = 0;
  readonly changes: Change[] = [];
  readonly flows = new FlowTable(FLOWS_MAX);
  /** What has changed beyond `CHANGES_MAX`. */
  otherPackets = 0;
  otherBytes = 0;
  /** Of that, what something else becomes of. */
  otherVerdictPackets = 0;
  otherVerdictBytes = 0;
  private readonly packet = new Packet();
  /** By outcome before: the outcome after that is the same, or -1. */
  private readonly sameAfter: Int32Array;
  /** Number of a change, by its two outcomes. */
  private readonly changeOf = new Map<number, number>();

  /**
   * @param interfaces labels of the source's interfaces; all packets come in by the first.
   * @param keptBytes bytes of a packet buffer.
   */
  constructor(
    before: RuleSet,
    after: RuleSet,
    interfaces: readonly string[],
    private readonly keptBytes: number,
  ) {
    this.before = new CountingTable(before, interfaces);
    this.after = new CountingTable(after, interfaces);
    const afterByIdentity = new Map(this.after.outcomes.map((outcome, i) => [identityOf(outcome), i]));
    this.sameAfter = Int32Array.from(
      this.before.outcomes,
      (own) => afterByIdentity.get(identityOf(own)) ?? -1,
    );
  }

  /** Judges one frame; its place is noted where it is an example. */
  judge(
    view: DataView,
    byteOffset: number,
    capturedBytes: number,
    wireBytes: number,
    linkType: number,
    fileIndex: number,
    number: number,
  ): void {
    const { packet, before, after } = this;
    const keptBytes = Math.min(capturedBytes, this.keptBytes);
    this.received += 1;
    this.receivedBytes += wireBytes;
    const status = parseFrame(view, byteOffset, keptBytes, wireBytes, linkType, packet);
    if (keptBytes < capturedBytes) packet.anomalies |= OVERSIZE;
    if (packet.anomalies !== 0) this.countAnomalies(packet.anomalies);
    if (status !== PARSED) {
      this.unjudged[status] += 1;
      return;
    }
    const was = before.count(packet, wireBytes);
    const is = after.count(packet, wireBytes);
    if (this.sameAfter[was] !== is) this.note(was, is, wireBytes, fileIndex, number);
  }

  private note(was: number, is: number, bytes: number, fileIndex: number, number: number): void {
    const pair = was * this.after.outcomes.length + is;
    let index = this.changeOf.get(pair);
    if (index === undefined) {
      if (this.changes.length === CHANGES_MAX) {
        this.noteOther(was, is, bytes);
        return;
      }
      index = this.changes.length;
      this.changeOf.set(pair, index);
      this.changes.push({
        before: this.before.outcomes[was],
        after: this.after.outcomes[is],
        packets: 0,
        bytes: 0,
        flows: 0,
        packetsOfOtherFlows: 0,
        examples: [],
      });
    }
    const change = this.changes[index];
    change.packets += 1;
    change.bytes += bytes;
    if (change.examples.length < EXAMPLES) {
      change.examples.push({ fileIndex, number, flow: packetFlowText(this.packet) });
    }
    const isNew = this.flows.add(index, this.packet, bytes, fileIndex, number);
    if (isNew > 0) change.flows += 1;
    else if (isNew < 0) change.packetsOfOtherFlows += 1;
  }

  private noteOther(was: number, is: number, bytes: number): void {
    this.otherPackets += 1;
    this.otherBytes += bytes;
    if (!changesVerdict({ before: this.before.outcomes[was], after: this.after.outcomes[is] })) return;
    this.otherVerdictPackets += 1;
    this.otherVerdictBytes += bytes;
  }

  private countAnomalies(anomalies: number): void {
    for (let kind = 0; kind < ANOMALY_KINDS.length; kind++) {
      if ((anomalies & (1 << kind)) !== 0) this.anomalies[kind] += 1;
    }
  }
}

/** True when something else becomes of a packet, and not only another rule counts it. */
export function changesVerdict({ before, after }: Pick<Change, 'before' | 'after'>): boolean {
  return before.action !== after.action || before.outInterface !== after.outInterface;
}

/** Outcomes of two tables are the same when they count in the same series and send the same way. */
function identityOf({ rule, action, outInterface }: Outcome): string {
  return JSON.stringify([rule, action, outInterface]);
}
