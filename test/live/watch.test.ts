import { join } from 'node:path';
import t from 'tap';
import { arp, ethernet, icmp, icmpv6, ipv4, ipv6, tcp, udp } from '../fixtures/frames.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import { NftCounters, type NftRule } from '../support/nft-counters.js';
import { rulePackets, rulesFileIn } from '../support/rules-file.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn } from '../support/upe-on-host.js';

const skip = labMissing(['tcpreplay', 'nft', 'curl', 'ping', 'sysctl']);
const folder = temporaryFolder(t);

/** Enough for a test that runs beside others: what a default ring would lose on a busy machine, this keeps. */
const PATIENT = { UPE_RX_BLOCKS: '128', UPE_RX_WAIT_MS: '10000' };

/** A rule, the same for nftables, and what it is to match. */
interface TrafficClass {
  readonly name: string;
  readonly match: string;
  readonly nft: string;
  /** Its frames carry one VLAN tag. */
  readonly isTagged?: boolean;
  readonly frames: readonly Uint8Array[];
}

const bytes = (count: number) => new Uint8Array(count);
const CLASSES: readonly TrafficClass[] = [
  {
    name: 'vlan-100',
    match: '{ vlan: 100 }',
    nft: 'vlan id 100',
    isTagged: true,
    frames: [
      ethernet({ vlans: [{ id: 100 }], payload: ipv4({ payload: udp({ dstPort: 53 }) }) }),
      ethernet({ vlans: [{ id: 100, priority: 5 }], payload: ipv6({ payload: tcp({ dstPort: 443 }) }) }),
    ],
  },
  {
    name: 'vlan-200-web',
    match: '{ vlan: 200, protocol: tcp, dst_port: 443 }',
    nft: 'vlan id 200 meta l4proto tcp th dport 443',
    isTagged: true,
    frames: [ethernet({ vlans: [{ id: 200 }], payload: ipv4({ payload: tcp({ dstPort: 443 }) }) })],
  },
  {
    name: 'vlan-200',
    match: '{ vlan: 200 }',
    nft: 'vlan id 200',
    isTagged: true,
    frames: [ethernet({ vlans: [{ id: 200 }], payload: ipv4({ payload: tcp({ dstPort: 80 }) }) })],
  },
  {
    name: 'telnet',
    match: '{ protocol: tcp, dst_port: 23 }',
    nft: 'tcp dport 23',
    frames: [
      ethernet({ payload: ipv4({ payload: tcp({ dstPort: 23, payload: bytes(100) }) }) }),
      ethernet({ payload: ipv6({ payload: tcp({ dstPort: 23 }) }) }),
    ],
  },
  {
    name: 'web',
    match: '{ protocol: tcp, dst_port: [80, 443] }',
    nft: 'tcp dport { 80, 443 }',
    frames: [
      ethernet({ payload: ipv4({ payload: tcp({ dstPort: 80, payload: bytes(1460) }) }) }),
      ethernet({ payload: ipv4({ src: '10.1.2.3', payload: tcp({ dstPort: 443, payload: bytes(7) }) }) }),
      ethernet({ payload: ipv6({ payload: tcp({ dstPort: 443, payload: bytes(512) }) }) }),
    ],
  },
  {
    name: 'dns',
    match: '{ protocol: udp, dst_port: 53 }',
    nft: 'udp dport 53',
    frames: [
      ethernet({ payload: ipv4({ payload: udp({ dstPort: 53, payload: bytes(33) }) }) }),
      // The padding of a short frame counts as well.
      ethernet({ minimumBytes: 60, payload: ipv4({ payload: udp({ dstPort: 53 }) }) }),
    ],
  },
  {
    name: 'branch',
    match: '{ src: 10.1.0.0/16 }',
    nft: 'ip saddr 10.1.0.0/16',
    frames: [ethernet({ payload: ipv4({ src: '10.1.255.255', payload: udp({ dstPort: 9 }) }) })],
  },
  {
    name: 'lab6',
    match: '{ dst: "2001:db8:5::/48" }',
    nft: 'ip6 daddr 2001:db8:5::/48',
    frames: [ethernet({ payload: ipv6({ dst: '2001:db8:5::1', payload: udp({ dstPort: 9 }) }) })],
  },
  {
    name: 'ping',
    match: '{ protocol: icmp, icmp_type: 8 }',
    nft: 'icmp type 8',
    frames: [ethernet({ payload: ipv4({ payload: icmp({ payload: bytes(56) }) }) })],
  },
  {
    name: 'icmpv6',
    match: '{ protocol: icmpv6 }',
    nft: 'meta l4proto icmpv6',
    frames: [ethernet({ payload: ipv6({ payload: icmpv6() }) })],
  },
];
const UNMATCHED: readonly Uint8Array[] = [
  ethernet({ payload: ipv4({ payload: udp({ dstPort: 4444 }) }) }),
  ethernet({ payload: ipv6({ payload: tcp({ dstPort: 8443 }) }) }),
];
const ARP = ethernet({ payload: arp() });
const NFT_RULES: readonly NftRule[] = [
  ...CLASSES.map(({ name, nft }) => ({ name, match: nft })),
  { name: 'unmatched', match: 'meta protocol { ip, ip6 }' },
  { name: 'arp', match: 'meta protocol arp' },
];

t.test('every rule counts the packets and bytes that nftables counts', { skip }, async (t) => {
  const FRAMES_MIN = 1_000_000;
  const frames = [...CLASSES.flatMap((each) => each.frames), ...UNMATCHED, ARP];
  // A thousand and some: tcpreplay looks at the clock, and at signals, between loops.
  const capture = Array.from({ length: 60 }, () => frames).flat();
  const loops = Math.ceil(FRAMES_MIN / capture.length);
  const total = loops * capture.length;
  const captureFile = join(folder, 'classes.pcap');
  writeFrames(captureFile, capture);

  const { left, mid } = watchLab(t);
  const nft = new NftCounters(mid, 'eth0', NFT_RULES);
  const rules = CLASSES.map(
    ({ name, match }, i) => `{ name: ${name}, priority: ${i + 1}, match: ${match}, action: count }`,
  );
  const file = rulesFileIn(folder, 'classes', rules, 'count');
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: file, ...PATIENT });
  const sent = await tcpreplay(left, 'eth0', captureFile, 80_000, loops);
  t.strictSame([sent.packets, sent.failed], [total, 0], 'tcpreplay has sent all');
  const scrape = await upe.scrapeAfter(total);
  t.comment(`${total} packets at ${sent.packetsPerSecond} packets per second`);

  t.equal(scrape.value('upe_rx_packets_total{interface="eth0"}'), total);
  for (const family of ['upe_rx_dropped_packets_total', 'upe_rx_kernel_dropped_packets_total']) {
    t.equal(scrape.sum(family), 0, family);
  }
  t.equal(scrape.value('upe_accounting_violations_total'), 0);
  const kernel = await nft.readAll();
  let bytesOnWire = 0;
  for (const { name, isTagged, frames } of CLASSES) {
    const { packets, bytes } = kernel.get(name)!;
    // The hook sees what is behind the Ethernet header, from which the kernel has taken the tag.
    const wireBytes = bytes + packets * (isTagged ? 14 + 4 : 14);
    t.equal(packets, frames.length * 60 * loops, `${name} at nftables`);
    t.equal(scrape.value(rulePackets(name)), packets, name);
    t.equal(scrape.value(`upe_rule_bytes_total{rule="${name}",action="count"}`), wireBytes, name);
    bytesOnWire += wireBytes;
  }
  const unmatched = kernel.get('unmatched')!;
  t.equal(scrape.value('upe_unmatched_packets_total{action="count"}'), unmatched.packets);
  t.equal(
    scrape.value('upe_unmatched_bytes_total{action="count"}'),
    unmatched.bytes + 14 * unmatched.packets,
  );
  const arps = kernel.get('arp')!;
  t.equal(scrape.value('upe_unclassified_packets_total{kind="arp"}'), arps.packets);
  bytesOnWire += unmatched.bytes + arps.bytes + 14 * (unmatched.packets + arps.packets);
  t.equal(scrape.value('upe_rx_bytes_total{interface="eth0"}'), bytesOnWire);
  const { exitCode } = await upe.stop();
  t.equal(exitCode, 0);
});

t.test('what leaves by the interface is seen as well as what arrives', { skip }, async (t) => {
  const { lab, left, mid } = watchLab(t);
  lab.address(left, 'eth0', '10.9.0.1/24');
  lab.address(mid, 'eth0', '10.9.0.2/24');
  const file = rulesFileIn(
    folder,
    'ping',
    [
      '{ name: request, match: { protocol: icmp, icmp_type: 8, dst: 10.9.0.2 }, action: count }',
      '{ name: reply, match: { protocol: icmp, icmp_type: 0, src: 10.9.0.2 }, action: count }',
    ],
    'count',
  );
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: file });
  left.run('ping', '-c', '10', '-i', '0.01', '10.9.0.2');
  // ARP is seen as well, in unknown numbers. Each reply leaves after its request has come.
  const scrape = await upe.scrapeWhen(rulePackets('reply'), 10);
  t.equal(scrape.value(rulePackets('request')), 10);
  t.equal(scrape.value(rulePackets('reply')), 10);
  await upe.stop();
});
