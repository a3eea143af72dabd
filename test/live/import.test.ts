import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { importRules } from '../../src/rules/import/import-rules.js';
import { readNftables } from '../../src/rules/import/nftables/nftables-table.js';
import { parseRuleFile } from '../../src/rules/rule-file.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { type Host, Lab, labMissing, watchLab } from '../support/lab.js';
import type { Scrape } from '../support/scrape.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn, type UpeOnHost } from '../support/upe-on-host.js';
import { type Ended, runUpe } from '../support/upe-process.js';
import { INGRESS_TABLE, RAW_TABLE, ROUTER_TABLE } from './import-ruleset.js';
import { randomFrames } from './import-traffic.js';

const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const FRAMES = 20_000;
const LOOPS = 5;
/** Rules that jump or return: UPE counts their packets where they end. */
const CALLS = /^called-/;

const skip = labMissing(['tcpreplay', 'nft', 'curl', 'sysctl']);
const skipIptables = skip || labMissing(['iptables-save', 'iptables-restore']);
const folder = temporaryFolder(t);

interface Listed {
  readonly rule?: {
    readonly comment?: string;
    readonly expr: readonly { readonly counter?: { readonly packets: number } }[];
  };
}

/** What each rule of the table has counted, by its comment. */
function countsOf(listing: string): Map<string, number> {
  const { nftables } = JSON.parse(listing) as { readonly nftables: readonly Listed[] };
  const counts = new Map<string, number>();
  for (const { rule } of nftables) {
    const counter = rule?.expr.find((each) => each.counter !== undefined)?.counter;
    if (rule?.comment !== undefined && counter !== undefined) counts.set(rule.comment, counter.packets);
  }
  return counts;
}

/** What a rule has counted that may have become several. */
function countOf(scrape: Scrape, name: string): number {
  const series = new RegExp(`^upe_rule_packets_total\\{rule="${name}(\\.[0-9]+)?",`);
  const found = [...scrape.values].filter(([each]) => series.test(each));
  if (found.length === 0) throw new Error(`there is no rule ${name}`);
  return found.reduce((sum, [, value]) => sum + value, 0);
}

/** Starts UPE on a host's eth0 with the rules that an import has printed, which must be all there were. */
async function watchWith(t: Test, host: Host, { exitCode, stdout, stderr }: Ended): Promise<UpeOnHost> {
  t.equal(exitCode, 0, `every rule can be said: ${stderr}`);
  const rules = join(temporaryFolder(t), 'imported.yaml');
  writeFileSync(rules, stdout);
  const env = {
    UPE_INTERFACE: 'eth0',
    UPE_RULES_FILE: rules,
    UPE_RX_BLOCKS: '128',
    UPE_RX_WAIT_MS: '10000',
  };
  return startUpeOn(t, host, env);
}

t.test(
  'a table of nftables, imported, counts what nftables counts on the same traffic',
  { skip },
  async (t) => {
    t.comment(`TEST_SEED=${SEED}`);
    const { left, mid } = watchLab(t);
    const ruleset = join(folder, 'ruleset.nft');
    writeFileSync(ruleset, INGRESS_TABLE);
    mid.run('nft', '-f', ruleset);
    const listing = mid.run('nft', '-j', 'list', 'ruleset');
    t.ok(countsOf(listing).size >= 50, `${countsOf(listing).size} rules of nftables have names and counters`);

    const imported = await runUpe(t, ['import', 'nftables'], { input: Buffer.from(listing) });
    const upe = await watchWith(t, mid, imported);

    const capture = join(folder, 'traffic.pcap');
    writeFrames(capture, randomFrames(SEED, FRAMES, true));
    const sent = await tcpreplay(left, 'eth0', capture, 40_000, LOOPS);
    t.strictSame([sent.packets, sent.failed], [FRAMES * LOOPS, 0], 'tcpreplay has sent all');
    const scrape = await upe.scrapeAfter(FRAMES * LOOPS);
    t.equal(scrape.sum('upe_rx_kernel_dropped_packets_total'), 0, 'nothing was lost before UPE');
    t.equal(scrape.value('upe_accounting_violations_total'), 0);
    t.equal(scrape.sum('upe_malformed_packets_total'), 0, 'no rule misses a packet that is malformed');

    const kernel = countsOf(mid.run('nft', '-j', 'list', 'ruleset'));
    let hit = 0;
    let sum = 0;
    for (const [name, packets] of kernel) {
      if (CALLS.test(name)) continue;
      t.equal(countOf(scrape, name), packets, name);
      if (packets > 0) hit++;
      sum += packets;
    }
    t.comment(
      `${sum} packets counted by ${hit} of ${kernel.size} rules, in ${rulesIn(imported.stdout)} of UPE`,
    );
    t.ok(hit >= 50, `${hit} rules have counted anything`);
    await upe.stop();
  },
);

t.test(
  'rules of iptables, imported, count what iptables counts on the same traffic',
  { skip: skipIptables },
  async (t) => {
    t.comment(`TEST_SEED=${SEED}`);
    const { left, mid } = watchLab(t);
    // The host takes what is addressed to it only; from there on it sees every IPv4 packet, whatever its address.
    mid.run('ip', 'link', 'set', 'dev', 'eth0', 'address', '02:00:00:00:00:02');
    const saved = join(folder, 'saved');
    writeFileSync(saved, RAW_TABLE);
    mid.run('iptables-restore', saved);
    const imported = await runUpe(t, ['import', 'iptables'], {
      input: Buffer.from(mid.run('iptables-save')),
    });
    const upe = await watchWith(t, mid, imported);

    const capture = join(folder, 'untagged.pcap');
    writeFrames(capture, randomFrames(SEED, FRAMES, false));
    const sent = await tcpreplay(left, 'eth0', capture, 40_000);
    t.strictSame([sent.packets, sent.failed], [FRAMES, 0], 'tcpreplay has sent all');
    const scrape = await upe.scrapeAfter(FRAMES);
    t.equal(scrape.sum('upe_rx_kernel_dropped_packets_total'), 0, 'nothing was lost before UPE');

    const lines = mid.run('iptables-save', '-c', '-t', 'raw').split('\n');
    let compared = 0;
    for (const line of lines) {
      const [, packets, name] = /^\[(\d+):\d+\] -A .*--comment "?([a-z-]+)/.exec(line) ?? [];
      if (name === undefined || CALLS.test(name)) continue;
      t.equal(countOf(scrape, name), Number(packets), name);
      if (Number(packets) > 0) compared++;
    }
    t.ok(compared >= 13, `${compared} rules have counted anything`);
    await upe.stop();
  },
);

/** What of ROUTER_TABLE cannot be said: the comment, or how the rule begins, and why. */
const NOT_SAID: readonly [string, string][] = [
  ['ct state vmap', 'UPE keeps no connections'],
  ['marked', 'UPE has no field for mark'],
  ['guests', 'a rule of UPE names interfaces in full'],
  ['too many', 'UPE keeps no connections'],
  ['by next header', 'it asks for the first header'],
  ['ttl', 'UPE has no field for ip ttl'],
  ['long', 'UPE has no field for ip length'],
  ['dropped by policy', ''],
  ['lan ping', 'UPE limits no rates'],
  ['banned', 'what set @banned holds changes'],
  ['unroutable', 'UPE has no routes'],
  ['ssh guessing', 'UPE limits no rates'],
];

t.test("a router's table: what cannot be said is listed, and all else is there", { skip }, async (t) => {
  const host = Lab.of(t).host('router');
  const ruleset = join(folder, 'router.nft');
  writeFileSync(ruleset, ROUTER_TABLE);
  host.run('nft', '-f', ruleset);
  const foreign = readNftables(host.run('nft', '-j', 'list', 'ruleset'), 'inet/router/forward');
  const { text, findings, saidCount } = importRules(foreign);
  const leftOut = findings.filter(({ kind }) => kind === 'left out');
  const expected = NOT_SAID.filter(([, reason]) => reason !== '');
  t.strictSame(
    leftOut.map(({ rule }) => rule.comment ?? rule.text.slice(0, 'ct state vmap'.length)),
    expected.map(([name]) => name),
  );
  for (const [i, { reason }] of leftOut.entries()) t.match(reason, expected[i][1], expected[i][0]);
  t.ok(saidCount >= 40, `${saidCount} rules are said`);
  t.equal(parseRuleFile(Buffer.from(text), 'router.yaml').defaultAction, 'drop');
});

function rulesIn(text: string): number {
  return text.match(/^ {2}- name: /gm)?.length ?? 0;
}
