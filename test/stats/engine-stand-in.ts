import {
  ANOMALY_KINDS,
  FIRST_RULE_SLOT,
  FIRST_UNMATCHED_SLOT,
  malformedSlot,
  unclassifiedSlot,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import { createLogger } from '../../src/log.js';
import { createCaptureMemory } from '../../src/memory/capture-layout.js';
import type { Clock } from '../../src/memory/clock.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import type { RuleSet } from '../../src/rules/rule.js';
import type { SlotPlan } from '../../src/rules/slot-registry.js';
import { Aggregator } from '../../src/stats/aggregator.js';
import { CAPTURE_ENDS } from '../../src/stats/capture/capture-totals.js';
import { Captures } from '../../src/stats/capture/captures.js';
import type { EngineState } from '../../src/stats/engine-state.js';
import { RuleSeries, type RulesNotice } from '../../src/stats/rule-series.js';
import { rule, ruleSet } from '../rules/build-rules.js';
import { DataplaneStandIn, RULE_CAPACITY } from './dataplane-stand-in.js';

/** Since when every rule of a stand-in is in its table, Unix time in milliseconds. */
export const LOADED_MS = 1_699_999_990_500;
/** Of a worker's ring to the captures. */
const CAPTURE_RING_WORDS = 4096;
const INTERFACES = ['eth0', 'eth1', 'eth2'];

/** What stats is told of a table, made from a set and its plan. */
export function noticeOf(set: RuleSet, plan: SlotPlan, generation: number): RulesNotice {
  return {
    generation,
    sha256: set.sha256,
    defaultAction: set.defaultAction,
    live: set.rules.map((own, i) => ({
      slot: plan.slots[i],
      rule: own.name,
      action: own.action,
      priority: own.priority,
      matchText: own.matchText,
      outInterface: own.outInterface,
      inTableSinceMs: LOADED_MS,
    })),
    retired: plan.retired,
    folded: plan.folded,
    slotCount: plan.slotCount,
    table: buildRuleTable(set, plan.slots, INTERFACES, generation, null).buffer,
  };
}

/** A clock that stands still until the test moves it. */
export class ClockStandIn implements Clock {
  ms = 1_700_000_000_000;
  /** How far somebody has set the system's clock. */
  setByMs = 0;

  nowMs(): number {
    return this.ms;
  }

  unixMs(): number {
    return this.ms + this.setByMs;
  }
}

export const ALL_SLOTS = FIRST_RULE_SLOT + RULE_CAPACITY;
/** Slots of the stand-in's rules: two live ones, one retired. */
export const TELNET_SLOT = FIRST_RULE_SLOT;
export const MIRROR_SLOT = FIRST_RULE_SLOT + 1;
export const OLD_SLOT = FIRST_RULE_SLOT + 2;
/** What each interface has lost, once there is traffic. */
const LOSSES = [
  { missed: 31, dropped: 41 },
  { missed: 0, dropped: 42 },
  { missed: 33, dropped: 0 },
];
/** Everything that a label or a page has to escape. */
export const AWKWARD_TEXT = 'dscp: "46", <b>&\\\n\'x\'';

const RULES = ruleSet(
  [
    rule('block-telnet', 'drop', { priority: 10, matchText: AWKWARD_TEXT }),
    rule('mirror', 'forward', { priority: 20, outInterface: 'eth1' }),
  ],
  'count',
);

/** An engine with one retired rule that reads two interfaces and sends to three, and a dataplane that the test moves. */
export class EngineStandIn {
  readonly clock = new ClockStandIn();
  readonly dataplane = new DataplaneStandIn(INTERFACES, 2);
  readonly aggregator = new Aggregator(this.dataplane.config, this.clock);
  readonly series = new RuleSeries(
    noticeOf(
      RULES,
      {
        slots: [TELNET_SLOT, MIRROR_SLOT],
        retired: [{ slot: OLD_SLOT, rule: 'old', action: 'count' }],
        folded: [],
        slotCount: OLD_SLOT + 1,
      },
      3,
    ),
  );
  readonly captureMemory = createCaptureMemory(2, CAPTURE_RING_WORDS);
  readonly captures = new Captures(
    { memory: this.captureMemory, version: '1.2.3', interfaces: INTERFACES, linkType: LINK_ETHERNET },
    { clock: this.clock, log: createLogger('silent', 'test'), rules: () => this.state.rulesInUse },
  );
  readonly state: EngineState = {
    version: '1.2.3',
    source: 'afpacket',
    uptimeMs: 93_784_000,
    mode: 'watch',
    aggregator: this.aggregator,
    readInterfaceCount: 2,
    live: {
      isUp: (interfaceIndex) => interfaceIndex !== 1,
      losses: (interfaceIndex) => (this.hasTraffic ? LOSSES[interfaceIndex] : { missed: 0, dropped: 0 }),
    },
    unjudged: { unclassified: 'count', malformed: 'count' },
    series: this.series,
    rulesInUse: this.series.notice,
    shadowedRules: new Set([1]),
    eventLoopThreads: [
      { thread: 'main', busySeconds: 0.5, heapBytes: 1000, lagSeconds: 0.002, gcSeconds: 0.25 },
      { thread: 'stats', busySeconds: 1.25, heapBytes: 2000, lagSeconds: 0, gcSeconds: 0.5 },
    ],
    threadHealth: () =>
      ['main', 'rx', 'worker0', 'worker1', 'stats'].map((thread, i) => ({
        thread,
        restarts: this.hasTraffic ? i : 0,
        heartbeatAgeSeconds: i / 4,
      })),
    ringSlots: 1024,
    ringUsedSlots: (worker) => 3 + worker,
    poolBuffers: 4096,
    bufferBytes: 2048,
    poolFreeBuffers: () => 4000,
    talkers: null,
    reload: { generation: 3, successful: true, successMs: LOADED_MS, failure: null },
    isSourceFinished: false,
    captures: this.captures,
  };

  private hasTraffic = false;

  /** Brings the totals up to date. */
  pass(): Promise<boolean> {
    return this.aggregator.pass(this.series.notice.slotCount);
  }

  /** Traffic of every kind, so that hardly any metric is 0. */
  fillTraffic(): void {
    this.hasTraffic = true;
    const { dataplane } = this;
    const { rx, workers } = dataplane;
    dataplane.pass(0, TELNET_SLOT, 3);
    dataplane.pass(1, TELNET_SLOT, 2);
    dataplane.pass(1, MIRROR_SLOT, 4);
    dataplane.pass(0, OLD_SLOT, 5);
    dataplane.pass(0, FIRST_UNMATCHED_SLOT, 6);
    dataplane.pass(1, malformedSlot('ipv4_truncated'), 1);
    dataplane.pass(1, unclassifiedSlot('arp'), 7);
    rx.enqueue(1, 0, 64);
    rx.drop(0, 'pool_exhausted', 1500);
    rx.drop(1, 'ring_full', 60);
    rx.drop(1, 'ring_full', 60);
    rx.loseInKernel(0, 21);
    rx.loseInKernel(1, 22);
    for (const bytes of [100, 100, 60]) workers[1].send(1, bytes);
    workers[0].send(2, 1500);
    workers[1].failToSend(2, 'interface_down');
    workers[0].addTotal(WORKER_TOTALS.firstAnomaly + ANOMALY_KINDS.indexOf('udp_length'), 8);
    workers[0].latency.add(4, 10);
    workers[0].latency.add(2_000_000, 1);
    workers[1].latency.add(750, 17);
    dataplane.work(0, 9, 2500);
    dataplane.work(1, 11, 125);
    rx.addBusyMs(750);
    rx.heapBytes = 3000;
    workers[0].heapBytes = 4000;
    workers[1].heapBytes = 5000;
    const { totals } = this.captures;
    totals.countWritten(51, 5100);
    totals.countDropped('ring_full', 52);
    totals.countDropped('unwritten', 53);
    CAPTURE_ENDS.forEach((end, i) => {
      for (let count = 0; count <= i; count++) totals.countEnd(end);
    });
  }

  stop(): void {
    this.dataplane.stop();
  }
}
