import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { InvariantError } from '../../src/errors.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { compileMatcher } from '../../src/rules/compile/compile-matcher.js';
import { CompiledMatcher } from '../../src/rules/compiled-matcher.js';
import { type CompiledMemory, placeCompiled } from '../../src/rules/compiled-memory.js';
import { LinearMatcher } from '../../src/rules/linear-matcher.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { Random } from '../protocol/random.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { largeRuleFile } from '../support/large-rule-file.js';
import { startProgram, UPE_MAIN } from '../support/upe-process.js';
import { adversarialRules, HARMS, mixedPacket } from './adversarial-rules.js';

const INTERFACES = ['a', 'b'];
const SEED = Number(process.env.TEST_SEED ?? Random.newSeed());
const PACKETS = 2000;
const NODE_MAJOR = Number(process.versions.node.split('.')[0]);
/** What a replay needs, and no table more. */
const ADDRESSES_KB = 9_000_000;
/** The header of a capture file, and no packet. */
const EMPTY_CAPTURE = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
t.comment(`TEST_SEED=${SEED}`);

/** Where the first packet is, if any, that the compiled table has another position for than the linear matcher. */
function wrongPacket(set: ReturnType<typeof adversarialRules>, matcher: CompiledMatcher): number {
  const slots = set.rules.map((_, position) => position);
  const linear = new LinearMatcher(new RuleTable(buildRuleTable(set, slots, INTERFACES, 1, null)));
  const random = new Random(SEED);
  for (let i = 0; i < PACKETS; i++) {
    const packet = mixedPacket(set, random);
    if (matcher.match(packet) !== linear.match(packet)) return i;
  }
  return -1;
}

t.test('memory that a table no longer needs is used for the next one', async (t) => {
  let spare: WebAssembly.Memory | null = null;
  let reused = 0;
  // Each table lies in what the one before has left there.
  for (const [harm, ruleCount] of [
    ['a sixth of five fields, as lists', 4000],
    ['nested prefixes', 3000],
    ['a quarter of each field', 2000],
    ['shared sources', 1100],
  ] as const) {
    const set = adversarialRules(HARMS.find(({ name }) => name === harm)!, ruleCount, SEED);
    const words = compileMatcher(set, INTERFACES);
    const memory: CompiledMemory = placeCompiled(words, spare);
    const fits: boolean = spare !== null && spare.buffer.byteLength >= words.byteLength;
    if (fits) reused++;
    t.equal(memory === spare, fits, `${harm}: the same memory where it fits`);
    t.equal(wrongPacket(set, new CompiledMatcher(memory)), -1, harm);
    if (memory instanceof WebAssembly.Memory) spare = memory;
  }
  t.ok(reused > 0, `${reused} tables were smaller than the one before`);
});

t.test('where that is too small, the table gets its own', async (t) => {
  const compile = (ruleCount: number) =>
    compileMatcher(adversarialRules(HARMS[0], ruleCount, SEED), INTERFACES);
  const small = placeCompiled(compile(1100)) as WebAssembly.Memory;
  const words = compile(4000);
  t.ok(words.byteLength > small.buffer.byteLength, `${words.byteLength} bytes`);
  t.not(placeCompiled(words, small), small);
});

t.test('a table of one block stays where it was compiled, and wants no addresses', async (t) => {
  const words = compileMatcher(adversarialRules(HARMS[0], 1000, SEED), INTERFACES);
  t.equal(placeCompiled(words).buffer, words);
});

t.test('the search of a table of several blocks is refused other memory', async (t) => {
  const buffer = compileMatcher(adversarialRules(HARMS[0], 1100, SEED), INTERFACES);
  t.throws(() => new CompiledMatcher({ buffer }), InvariantError);
});

t.test(
  'a process that may have no more addresses says so, and starts without the guards around them',
  async (t) => {
    const file = join(temporaryFolder(t), 'rules.yaml');
    writeFileSync(file, largeRuleFile(1100, 0));
    const run = (options: string) =>
      startProgram(
        t,
        'sh',
        [
          '-c',
          `ulimit -v ${ADDRESSES_KB}; export NODE_OPTIONS="$3"; exec "$0" "$1" replay "$2"`,
          process.execPath,
          UPE_MAIN,
          capture,
          options,
        ],
        { env: { UPE_RULES_FILE: file } },
      ).ended;
    const capture = join(temporaryFolder(t), 'empty.pcap');
    writeFileSync(capture, EMPTY_CAPTURE);
    const { exitCode, stderr } = await run('');
    // From 24 on Node.js looks how many addresses there are, and does without the guards by itself.
    if (NODE_MAJOR >= 24) t.same({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    else {
      t.equal(exitCode, 1);
      t.match(
        stderr,
        /^upe: no addresses are left for the rule table: .*ulimit -v.*--disable-wasm-trap-handler\n$/,
      );
    }
    t.match(await run('--disable-wasm-trap-handler'), { exitCode: 0, stderr: '' });
  },
);
