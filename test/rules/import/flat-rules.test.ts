import fc from 'fast-check';
import t from 'tap';
import { ABSENT, Packet } from '../../../src/protocol/packet.js';
import { type Condition, conditionOf } from '../../../src/rules/import/condition.js';
import type {
  Branch,
  ForeignChain,
  ForeignRule,
  ForeignTable,
  Verdict,
} from '../../../src/rules/import/foreign-rules.js';
import { importRules } from '../../../src/rules/import/import-rules.js';
import { numbers, type Values } from '../../../src/rules/import/values.js';
import { parseRuleFile } from '../../../src/rules/rule-file.js';
import { naiveMatch } from '../naive-matcher.js';

/*
 * Random chains that call one another, and packets that walk through them as the kernel does: the rule file that
 * is made of them has to count the same for every rule, and do the same with every packet.
 */

const TABLES = 1500;
const INTERFACES = ['eth0', 'eth1'];
const CHAINS = ['base', 'one', 'two', 'three'];

const few = (low: number, high: number): fc.Arbitrary<Values> =>
  fc
    .uniqueArray(fc.integer({ min: low, max: high }), { minLength: 1, maxLength: 2 })
    .map((list) => numbers(...list));

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 1 });

const condition: fc.Arbitrary<Condition[]> = fc
  .record({
    protocol: maybe(fc.constantFrom(numbers(6), numbers(17), numbers(6, 17))),
    dstPort: maybe(few(0, 3)),
    srcPort: maybe(few(0, 2)),
    tcpFlags: maybe(fc.constantFrom({ set: 2, clear: 0 }, { set: 0, clear: 2 }, { set: 16, clear: 2 })),
    dscp: maybe(few(0, 1)),
    inInterface: maybe(fc.constantFrom(['eth0'], ['eth1'])),
  })
  .map((fields) => [conditionOf(fields)].filter((each) => each !== null));

/** A chain calls only those behind it, so that there is no circle. */
function verdict(chain: number): fc.Arbitrary<Verdict> {
  const plain = fc.constantFrom<Verdict>(
    { kind: 'accept' },
    { kind: 'drop' },
    { kind: 'return' },
    { kind: 'continue' },
  );
  const others = CHAINS.slice(chain + 1);
  if (others.length === 0) return plain;
  const call = fc
    .tuple(fc.constantFrom<'jump' | 'goto'>('jump', 'goto'), fc.constantFrom(...others))
    .map(([kind, name]): Verdict => ({ kind, chain: name }));
  return fc.oneof(plain, call);
}

function rules(chain: number): fc.Arbitrary<ForeignRule[]> {
  const branch = fc.record({ when: condition, verdict: verdict(chain) });
  const except = fc.constantFrom<Condition[]>([], [], [], [conditionOf({ inInterface: ['eth0'] })!]);
  const rule = fc.record({
    branches: fc.array(branch, { minLength: 1, maxLength: 2 }),
    except,
    isSaid: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  });
  return fc.array(rule, { minLength: 1, maxLength: 5, size: 'max' }).map((list) =>
    list.map(({ branches, except, isSaid }, index) => ({
      place: `${CHAINS[chain]} ${index}`,
      text: 'random',
      comment: null,
      placeName: `${CHAINS[chain]}-${index}`,
      branches,
      except,
      unsaid: isSaid ? null : 'it is not to be said',
      counts: true,
      isIdle: false,
      notes: [],
    })),
  );
}

const table: fc.Arbitrary<ForeignTable> = fc
  .record({
    chains: fc.tuple(rules(0), rules(1), rules(2), rules(3)),
    policy: fc.constantFrom<'accept' | 'drop'>('accept', 'drop'),
  })
  .map(({ chains: lists, policy }) => {
    const chains = new Map(
      CHAINS.map((name, i): [string, ForeignChain] => [name, { name, rules: lists[i] }]),
    );
    const base = chains.get('base')!;
    return {
      firewall: 'random',
      place: 'base',
      base,
      chains,
      policy,
      version: null,
      remarks: [],
      setNames: new Map(),
    };
  });

/** Every packet that the conditions above tell apart. */
function allPackets(): Packet[] {
  const packets: Packet[] = [];
  for (const interfaceIndex of [0, 1]) {
    for (const dscp of [0, 1, 2]) {
      const own = { ipVersion: 4, interfaceIndex, dscp };
      // A later fragment, and a protocol without ports.
      for (const protocol of [6, 47]) packets.push(Object.assign(new Packet(), { ...own, protocol }));
      for (const dstPort of [0, 1, 2, 3, 4]) {
        for (const srcPort of [0, 1, 2, 3]) {
          packets.push(Object.assign(new Packet(), { ...own, protocol: 17, dstPort, srcPort }));
          for (const tcpFlags of [0, 2, 16]) {
            packets.push(Object.assign(new Packet(), { ...own, protocol: 6, dstPort, srcPort, tcpFlags }));
          }
        }
      }
    }
  }
  return packets;
}

function meets(packet: Packet, conditions: readonly Condition[]): boolean {
  const has = (values: Values | null, value: number) =>
    values === null || values.some(({ low, high }) => value >= low && value <= high);
  return conditions.some(
    ({ protocol, dstPort, srcPort, tcpFlags, dscp, inInterface }) =>
      has(protocol, packet.protocol) &&
      has(dstPort, packet.dstPort) &&
      has(srcPort, packet.srcPort) &&
      has(dscp, packet.dscp) &&
      (inInterface === null || inInterface.includes(INTERFACES[packet.interfaceIndex])) &&
      (tcpFlags === null ||
        (packet.tcpFlags !== ABSENT &&
          (packet.tcpFlags & tcpFlags.set) === tcpFlags.set &&
          (packet.tcpFlags & tcpFlags.clear) === 0)),
  );
}

interface Walk {
  readonly fate: 'accept' | 'drop';
  /** Rules that have counted the packet and decided or let it go on, in their order. */
  readonly counted: readonly ForeignRule[];
}

/** As the kernel walks: a stack of places, and the first branch of a rule that holds. Rules left out are not there. */
function walk(
  { base, chains, policy }: ForeignTable,
  packet: Packet,
  leftOut: ReadonlySet<ForeignRule>,
): Walk {
  const counted: ForeignRule[] = [];
  const stack: { chain: ForeignChain; index: number }[] = [];
  let at = { chain: base, index: 0 };
  for (;;) {
    const rule = at.chain.rules[at.index];
    if (rule === undefined) {
      const caller = stack.pop();
      if (caller === undefined) return { fate: policy, counted };
      at = caller;
      continue;
    }
    at = { chain: at.chain, index: at.index + 1 };
    const branch = branchFor(rule, packet, leftOut);
    if (branch === null) continue;
    const { kind } = branch.verdict;
    if (kind === 'accept' || kind === 'drop') return { fate: kind, counted: [...counted, rule] };
    if (kind === 'continue') counted.push(rule);
    if (kind === 'return' && at.chain === base) return { fate: policy, counted: [...counted, rule] };
    if (kind === 'return') at = stack.pop() ?? { chain: base, index: base.rules.length };
    if (kind === 'jump') stack.push(at);
    if ('chain' in branch.verdict) at = { chain: chains.get(branch.verdict.chain)!, index: 0 };
  }
}

function branchFor(rule: ForeignRule, packet: Packet, leftOut: ReadonlySet<ForeignRule>): Branch | null {
  if (leftOut.has(rule) || meets(packet, rule.except)) return null;
  return rule.branches.find(({ when }) => meets(packet, when)) ?? null;
}

t.test('a rule file counts as the chains do that it was made of', async (t) => {
  const packets = allPackets();
  let ruleCount = 0;
  let leftOutCount = 0;
  fc.assert(
    fc.property(table, (foreign) => {
      const { text, findings } = importRules(foreign);
      const leftOut = new Set(findings.filter(({ kind }) => kind === 'left out').map(({ rule }) => rule));
      const set = parseRuleFile(new TextEncoder().encode(text), 'imported.yaml');
      ruleCount += set.rules.length;
      leftOutCount += leftOut.size;
      for (const packet of packets) {
        const { fate, counted } = walk(foreign, packet, leftOut);
        const position = naiveMatch(set, INTERFACES, packet);
        const rule = position === -1 ? null : set.rules[position];
        const found = {
          fate: (rule?.action ?? set.defaultAction) === 'drop' ? 'drop' : 'accept',
          counted: rule === null || rule.name.startsWith('policy-') ? [] : [rule.name.split('.')[0]],
        };
        const expected = { fate, counted: counted.map(({ placeName }) => placeName) };
        if (JSON.stringify(found) !== JSON.stringify(expected)) {
          throw new Error(`${JSON.stringify(found)} and not ${JSON.stringify(expected)} by\n${text}`);
        }
      }
    }),
    { numRuns: TABLES },
  );
  t.comment(`${TABLES} tables became ${ruleCount} rules, ${leftOutCount} rules were left out`);
  t.ok(ruleCount > TABLES, `${ruleCount} rules were made`);
});
