import t from 'tap';
import {
  FIRST_UNMATCHED_SLOT,
  malformedSlot,
  TRANSMIT_FAILURES,
  TX_INTERFACE_CELLS,
  TX_INTERFACE_FIRST_FAILURE,
  unclassifiedSlot,
  WORKER_LEVELS,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import { ACTIONS, type RuleSet } from '../../src/rules/rule.js';
import { OTHER_PORT, type Transmitter } from '../../src/tx/transmitter.js';
import type { Passage } from '../../src/worker/verdicts.js';
import {
  ARP,
  DNS,
  HTTP,
  HTTPS,
  MALFORMED,
  OTHER,
  RULES,
  TELNET,
  UNMATCHED,
  WATCHING,
  WorkerBench,
} from './worker-bench.js';

t.test('a forward verdict without a transmitter is a counted failure', async (t) => {
  const bench = new WorkerBench();
  bench.send(HTTPS, DNS);
  bench.loop.runHand();
  const { slot, totals, levels } = bench.published();
  t.equal(slot(bench.slotOf('out'))[0], 1, 'the rule has matched all the same');
  const reason = TRANSMIT_FAILURES.indexOf('no_transmitter');
  t.equal(totals[WORKER_TOTALS.firstTransmit + TX_INTERFACE_FIRST_FAILURE + reason], 1);
  t.equal(levels[WORKER_LEVELS.transmitOrders], 1);
});

t.test('a transmitter gets forward verdicts only, and may flush before the buffers go', async (t) => {
  const calls: string[] = [];
  const transmitter: Transmitter = {
    queue: (index, outInterface) => {
      calls.push(`queue ${index} ${outInterface}`);
    },
    settle: () => 0,
    flush: () => calls.push(`flush with ${bench.packets.audit().heldCount} held`),
  };
  const bench = new WorkerBench(RULES, { transmitter });
  bench.send(DNS, HTTPS, TELNET);
  bench.loop.runHand();
  t.equal(calls.length, 2);
  t.match(calls[0], /^queue \d+ -1$/);
  t.equal(calls[1], 'flush with 3 held');
  t.equal(bench.packets.audit().heldCount, 0);
});

t.test('a rule that names an interface for which nothing can be sent is a failure, too', async (t) => {
  const bench = new WorkerBench();
  bench.send(HTTP, HTTP, HTTPS);
  bench.loop.runHand();
  const { totals, levels } = bench.published();
  t.equal(levels[WORKER_LEVELS.transmitOrders], 3);
  const failures = totals.slice(WORKER_TOTALS.firstTransmit + TX_INTERFACE_FIRST_FAILURE);
  t.equal(failures[TRANSMIT_FAILURES.indexOf('no_transmitter')], 3, 'at the first interface');
  t.ok(failures.slice(TX_INTERFACE_CELLS - TX_INTERFACE_FIRST_FAILURE).every((cell) => cell === 0));
});

const BRIDGE: Passage = { counted: true, unclassified: true, malformed: false };
const KINDS = { TELNET, DNS, HTTPS, HTTP, UNMATCHED, ARP, MALFORMED };

/** Where each kind of frame leaves to; what is not named here stays. */
const PASSAGES: readonly {
  name: string;
  passage: Passage;
  defaultAction?: string;
  leaves: Partial<Record<keyof typeof KINDS, number>>;
}[] = [
  { name: 'watching', passage: WATCHING, leaves: { HTTPS: OTHER_PORT, HTTP: OTHER } },
  {
    name: 'watching, what no rule matches is forwarded',
    passage: WATCHING,
    defaultAction: 'forward',
    leaves: { HTTPS: OTHER_PORT, HTTP: OTHER, UNMATCHED: OTHER_PORT },
  },
  {
    name: 'a bridge',
    passage: BRIDGE,
    leaves: { DNS: OTHER_PORT, HTTPS: OTHER_PORT, HTTP: OTHER, UNMATCHED: OTHER_PORT, ARP: OTHER_PORT },
  },
  {
    name: 'a bridge that drops what no rule matches',
    passage: BRIDGE,
    defaultAction: 'drop',
    leaves: { DNS: OTHER_PORT, HTTPS: OTHER_PORT, HTTP: OTHER, ARP: OTHER_PORT },
  },
  {
    name: 'a bridge that drops what is not IP',
    passage: { ...BRIDGE, unclassified: false },
    leaves: { DNS: OTHER_PORT, HTTPS: OTHER_PORT, HTTP: OTHER, UNMATCHED: OTHER_PORT },
  },
  {
    name: 'a bridge that lets malformed frames pass, and nothing that is not IP',
    passage: { ...BRIDGE, unclassified: false, malformed: true },
    leaves: {
      ...{ DNS: OTHER_PORT, HTTPS: OTHER_PORT, HTTP: OTHER, UNMATCHED: OTHER_PORT },
      MALFORMED: OTHER_PORT,
    },
  },
];

for (const { name, passage, defaultAction = 'count', leaves } of PASSAGES) {
  t.test(`what leaves, and where to: ${name}`, async (t) => {
    const queued: number[] = [];
    const transmitter: Transmitter = {
      queue: (_, outInterface) => queued.push(outInterface),
      settle: () => 0,
      flush: () => undefined,
    };
    const ruleSet = { ...RULES, defaultAction: defaultAction as RuleSet['defaultAction'] };
    const bench = new WorkerBench(ruleSet, { transmitter, passage });
    let orders = 0;
    for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
      const outInterface = leaves[kind];
      bench.send(KINDS[kind]);
      bench.loop.runHand();
      t.same(queued.splice(0), outInterface === undefined ? [] : [outInterface], kind);
      if (outInterface !== undefined) orders++;
      t.equal(bench.published().levels[WORKER_LEVELS.transmitOrders], orders, `orders after ${kind}`);
    }
    const { slot } = bench.published();
    const unmatched = FIRST_UNMATCHED_SLOT + ACTIONS.indexOf(ruleSet.defaultAction);
    const rulesHit = ['telnet', 'dns', 'out', 'mirror'].map((rule) => bench.slotOf(rule));
    const outcomes = [...rulesHit, unmatched, unclassifiedSlot('arp'), malformedSlot('ethernet_short')];
    t.same(
      outcomes.map((own) => slot(own)[0]),
      outcomes.map(() => 1),
      'each is counted where it belongs, wherever it goes',
    );
    t.equal(bench.packets.audit().heldCount, 0);
  });
}
