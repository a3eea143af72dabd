import { join } from 'node:path';
import t from 'tap';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { Lab, labMissing, watchLab } from '../support/lab.js';
import { rulePackets, rulesFileIn } from '../support/rules-file.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn } from '../support/upe-on-host.js';

const skip = labMissing(['tcpreplay', 'curl', 'ping', 'sysctl', 'python3']);
const folder = temporaryFolder(t);

/** Ten frames of each kind, in the order of the rules below. */
const TAGGED = [
  ethernet({ vlans: [{ id: 100, priority: 3 }], payload: ipv4({ payload: udp({ dstPort: 53 }) }) }),
  ethernet({ vlans: [{ id: 20, tpid: 0x88a8 }, { id: 100 }], payload: ipv4({ payload: udp() }) }),
  ethernet({ vlans: [{ id: 0, priority: 7 }], payload: ipv4({ payload: udp({ dstPort: 9 }) }) }),
  ethernet({ payload: ipv4({ payload: udp({ dstPort: 9 }) }) }),
];
const TAG_RULES = [
  '{ name: customer, priority: 1, match: { vlan: 100, dst_port: 53 }, action: count }',
  '{ name: service, priority: 2, match: { vlan: 20 }, action: count }',
  '{ name: priority, priority: 3, match: { vlan: 0, dst_port: 9 }, action: count }',
  '{ name: plain, priority: 4, match: { dst_port: 9 }, action: count }',
];

for (const offload of ['on', 'off']) {
  t.test(
    `VLAN tags are in their place with VLAN offload ${offload}, in both directions`,
    { skip },
    async (t) => {
      const { left, mid } = watchLab(t);
      mid.run('ethtool', '-K', 'eth0', 'rxvlan', offload, 'txvlan', offload);
      left.run('ethtool', '-K', 'eth0', 'rxvlan', offload, 'txvlan', offload);
      const file = rulesFileIn(folder, `tags-${offload}`, TAG_RULES, 'count');
      const capture = join(folder, `tags-${offload}.pcap`);
      writeFrames(capture, TAGGED);
      const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: file });
      await tcpreplay(left, 'eth0', capture, 1000, 10);
      await tcpreplay(mid, 'eth0', capture, 1000, 10);
      const scrape = await upe.scrapeAfter(80);
      t.equal(scrape.value('upe_rx_packets_total{interface="eth0"}'), 80);
      const bytes = TAGGED.reduce((sum, frame) => sum + frame.length, 0);
      t.equal(scrape.value('upe_rx_bytes_total{interface="eth0"}'), 20 * bytes);
      for (const rule of ['customer', 'service', 'priority', 'plain'])
        t.equal(scrape.value(rulePackets(rule)), 20, rule);
      await upe.stop();
    },
  );
}

function vlanMissing(): string | false {
  if (labMissing() !== false) return labMissing();
  const lab = new Lab();
  try {
    const host = lab.host('probe');
    lab.cable(host, 'eth0', host, 'eth1');
    host.run('ip', 'link', 'add', 'link', 'eth0', 'name', 'eth0.100', 'type', 'vlan', 'id', '100');
    return false;
  } catch {
    return 'this kernel has no VLAN devices (8021q)';
  } finally {
    void lab.close();
  }
}

t.test('below a VLAN device the tag is still there', { skip: skip || vlanMissing() }, async (t) => {
  const { lab, left, mid } = watchLab(t);
  for (const [host, address] of [
    [left, '10.9.0.1/24'],
    [mid, '10.9.0.2/24'],
  ] as const) {
    host.run('ip', 'link', 'add', 'link', 'eth0', 'name', 'vlan100', 'type', 'vlan', 'id', '100');
    lab.address(host, 'vlan100', address);
    host.run('ip', 'link', 'set', 'vlan100', 'up');
  }
  const file = rulesFileIn(
    folder,
    'device',
    ['{ name: tagged, match: { vlan: 100, protocol: icmp }, action: count }'],
    'count',
  );
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: file });
  left.run('ping', '-c', '10', '-i', '0.01', '10.9.0.2');
  const scrape = await upe.scrapeWhen(rulePackets('tagged'), 20);
  t.equal(scrape.value(rulePackets('tagged')), 20);
  await upe.stop();
});

/** A tun device, up as long as somebody holds it: TUNSETIFF of if_tun.h. */
const HOLD_TUN = `
import fcntl, struct, time
f = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(f, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))
print("there", flush=True)
time.sleep(100)
`;

t.test('an interface without Ethernet is read from the IP header on', { skip }, async (t) => {
  const lab = Lab.of(t);
  const mid = lab.host('mid');
  const holder = mid.start('python3', '-c', HOLD_TUN);
  const isThere = await new Promise<boolean>((resolve) => {
    holder.stdout?.once('data', () => resolve(true));
    holder.once('close', () => resolve(false));
  });
  if (!isThere) return t.comment('no tun device can be made here');
  mid.run('sysctl', '-qw', 'net.ipv6.conf.tun0.disable_ipv6=1');
  lab.address(mid, 'tun0', '10.8.0.1/24');
  mid.run('ip', 'link', 'set', 'tun0', 'up');
  const file = rulesFileIn(
    folder,
    'tun',
    ['{ name: ping, match: { protocol: icmp, dst: 10.8.0.2 }, action: count }'],
    'count',
  );
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'tun0', UPE_RULES_FILE: file });
  await mid.finish('ping', '-c', '10', '-i', '0.01', '-W', '1', '10.8.0.2');
  const scrape = await upe.scrapeAfter(10);
  t.equal(scrape.value(rulePackets('ping')), 10);
  t.equal(scrape.value('upe_rx_bytes_total{interface="tun0"}'), 10 * 84);
  await upe.stop();
});
