import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { CaptureFile, PACKET_READ } from '../../src/source/capture/capture-file.js';
import { CaptureInput } from '../../src/source/capture/capture-input.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import type { Scrape } from '../support/scrape.js';
import { tcpreplay } from '../support/sending.js';
import { sharedCaptures, withoutSharedCaptures } from '../support/shared-captures.js';
import { startUpeOn } from '../support/upe-on-host.js';
import { runUpe } from '../support/upe-process.js';

const skip = withoutSharedCaptures || labMissing(['tcpreplay', 'curl', 'sysctl']);

/** They tell protocols, ports, tags and fragments apart. */
const RULES = `default_action: count
rules:
  - { name: tagged-web, match: { vlan: 0-4095, protocol: tcp, dst_port: 80 }, action: count }
  - { name: tagged, match: { vlan: 0-4095 }, action: count }
  - { name: pieces, match: { fragment: true }, action: count }
  - { name: handshakes, match: { tcp_flags: "syn,!ack" }, action: drop }
  - { name: to-web, match: { protocol: tcp, dst_port: [80, 443, 8080] }, action: count }
  - { name: from-web, match: { protocol: tcp, src_port: [80, 443, 8080] }, action: count }
  - { name: pptp, match: { protocol: tcp, dst_port: 1723 }, action: count }
  - { name: dns, match: { protocol: [udp, tcp], dst_port: 53 }, action: count }
  - { name: to-afs, match: { protocol: udp, dst_port: 7000-7009 }, action: count }
  - { name: from-afs, match: { protocol: udp, src_port: 7000-7009 }, action: count }
  - { name: vxlan, match: { protocol: udp, dst_port: [4789, 8472] }, action: count }
  - { name: geneve, match: { protocol: udp, dst_port: 6081 }, action: count }
  - { name: l2tp, match: { protocol: udp, dst_port: 1701 }, action: count }
  - { name: echo, match: { protocol: icmp, icmp_type: [0, 8] }, action: count }
  - { name: icmp, match: { protocol: icmp }, action: count }
  - { name: icmpv6, match: { protocol: icmpv6 }, action: count }
  - { name: gre, match: { protocol: gre }, action: count }
  - { name: tcp6, match: { ip_version: 6, protocol: tcp }, action: count }
  - { name: tcp, match: { protocol: tcp }, action: count }
  - { name: udp, match: { protocol: udp }, action: count }
  - { name: other6, match: { ip_version: 6 }, action: count }
`;

/** The largest frame of an interface with an MTU of 1500: the Ethernet header and one tag beside it. */
const FRAME_BYTES_MAX = 1518;

/** Why a capture cannot be put on a cable as it is, or `null`. */
function unsendable(file: string): string | null {
  const input = new CaptureInput(1_048_576);
  const capture = new CaptureFile(file, input);
  try {
    while (capture.next(true) === PACKET_READ) {
      const { linkType, capturedBytes, wireBytes } = capture.reader!;
      if (linkType !== LINK_ETHERNET) return 'another link layer';
      if (capturedBytes !== wireBytes) return 'frames that were cut when they were captured';
      if (capturedBytes > FRAME_BYTES_MAX) return 'frames that are larger than the MTU';
    }
    return null;
  } finally {
    capture.close();
  }
}

/** The part of the report of `upe replay --json` that a live run must repeat. */
interface Report {
  readonly received: { packets: number; bytes: number };
  readonly rules: readonly { rule: string; action: string; packets: number; bytes: number }[];
  readonly unmatched: { action: string; packets: number; bytes: number };
  readonly malformed: Readonly<Record<string, number>>;
  readonly unclassified: Readonly<Record<string, number>>;
  readonly anomalies: Readonly<Record<string, number>>;
}

async function replay(files: readonly string[], rules: string): Promise<Map<string, Report>> {
  const reports = new Map<string, Report>();
  const left = [...files];
  const replayLeft = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const { stdout } = await runUpe(t, ['replay', '--json', '--rules', rules, file]);
      reports.set(file, JSON.parse(stdout));
    }
  };
  await Promise.all([replayLeft(), replayLeft()]);
  return reports;
}

/** What two scrapes of the live run have between them, in the words of a replay's report. */
function reportBetween(before: Scrape, after: Scrape, like: Report): Report {
  const grown = (series: string) => after.value(series) - before.value(series);
  const kinds = (family: string, label: string) => {
    const series = [...after.values.keys()].filter((name) => name.startsWith(`${family}{`));
    const counts = series.map(
      (name) => [new RegExp(`${label}="(\\w+)"`).exec(name)![1], grown(name)] as const,
    );
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  };
  return {
    received: {
      packets: grown('upe_rx_packets_total{interface="eth0"}'),
      bytes: grown('upe_rx_bytes_total{interface="eth0"}'),
    },
    rules: like.rules.map(({ rule, action }) => ({
      rule,
      action,
      packets: grown(`upe_rule_packets_total{rule="${rule}",action="${action}"}`),
      bytes: grown(`upe_rule_bytes_total{rule="${rule}",action="${action}"}`),
    })),
    unmatched: {
      action: 'count',
      packets: grown('upe_unmatched_packets_total{action="count"}'),
      bytes: grown('upe_unmatched_bytes_total{action="count"}'),
    },
    malformed: kinds('upe_malformed_packets_total', 'reason'),
    unclassified: kinds('upe_unclassified_packets_total', 'kind'),
    anomalies: kinds('upe_anomalies_total', 'kind'),
  };
}

t.test('a capture on the cable is counted as a capture in a file', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const rules = join(folder, 'rules.yaml');
  writeFileSync(rules, RULES);
  const files: string[] = [];
  for (const { file, records, isReadable } of sharedCaptures()) {
    if (!isReadable || records === 0) continue;
    const reason = unsendable(file);
    if (reason === null) files.push(file);
    else t.comment(`${basename(file)} has ${reason}`);
  }
  t.ok(files.length > 10, `${files.length} captures`);
  const reports = await replay(files, rules);

  const { left, mid } = watchLab(t);
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules });
  let sent = 0;
  let before = await upe.scrape();
  for (const file of files) {
    const { received, rules, unmatched, malformed, unclassified, anomalies } = reports.get(file)!;
    const report = { received, rules, unmatched, malformed, unclassified, anomalies };
    const { packets, failed } = await tcpreplay(left, 'eth0', file, 5000);
    sent += packets;
    const after = await upe.scrapeAfter(sent);
    t.strictSame(
      { packets, failed },
      { packets: report.received.packets, failed: 0 },
      `${basename(file)} sent`,
    );
    t.strictSame(reportBetween(before, after, report), report, basename(file));
    before = after;
  }
  t.equal(before.sum('upe_rx_dropped_packets_total'), 0);
  t.equal(before.sum('upe_rx_kernel_dropped_packets_total'), 0);
  t.equal(before.value('upe_accounting_violations_total'), 0);
  t.equal((await upe.stop()).exitCode, 0);
});
