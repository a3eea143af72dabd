import { allowDeepInlining } from '../../../src/engine/v8-flags.js';
import { RingConsumer } from '../../../src/ring/ring-consumer.js';
import { createRing } from '../../../src/ring/ring-layout.js';
import { RingProducer } from '../../../src/ring/ring-producer.js';
import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import { createMatcher } from '../../../src/rules/create-matcher.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { corpusOf } from '../classify/corpus.js';

/**
 * `step-run.js SECONDS ring` or `step-run.js SECONDS match RULES`: nanoseconds a packet of one step of its way, on
 * one thread. `ring`: an index pushed and popped, 32 at a time. `match`: a look-up in so many generated filters,
 * of headers made from them.
 */
const BURST = 32;
const SEED = 1;
const ROUND_PACKETS = 4096;
const WARM_UP_ROUNDS = 300;

const seconds = Number(process.argv[2]);
const [step, rules] = process.argv.slice(3);
allowDeepInlining();
/** What came out, summed up, so that V8 cannot leave the work out. */
let sum = 0;
const round = step === 'ring' ? ringRound() : matchRound(Number(rules));
for (let i = 0; i < WARM_UP_ROUNDS; i++) round();
let rounds = 0;
const beganMs = performance.now();
for (; performance.now() - beganMs < seconds * 1000; rounds++) round();
const ns = ((performance.now() - beganMs) * 1e6) / (rounds * ROUND_PACKETS);
if (!Number.isSafeInteger(sum)) throw new Error(`no sum: ${sum}`);
process.stdout.write(`${JSON.stringify({ ns })}\n`);

function ringRound(): () => void {
  const memory = createRing(1024);
  const producer = new RingProducer(memory);
  const consumer = new RingConsumer(memory);
  const pushed = Int32Array.from({ length: BURST }, (_, i) => i);
  const popped = new Int32Array(BURST);
  return () => {
    for (let i = 0; i < ROUND_PACKETS; i += BURST) {
      producer.push(pushed, 0, BURST);
      sum += consumer.pop(popped, BURST) + popped[BURST - 1];
    }
  };
}

function matchRound(count: number): () => void {
  const { set, packets, packet } = corpusOf(`generated-${count}`, undefined, SEED);
  const slots = set.rules.map((_, position) => position);
  const memory = buildRuleTable(set, slots, ['bench'], 1);
  const matcher = createMatcher(memory, new RuleTable(memory));
  let next = 0;
  return () => {
    for (let i = 0; i < ROUND_PACKETS; i++) {
      packets.fill(packet, next);
      sum += matcher.match(packet);
      if (++next === packets.count) next = 0;
    }
  };
}
