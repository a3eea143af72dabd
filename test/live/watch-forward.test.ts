import { join } from 'node:path';
import t from 'tap';
import { arp, ethernet, ipv4, udp } from '../fixtures/frames.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { type Host, labMissing, watchLab } from '../support/lab.js';
import { NftCounters } from '../support/nft-counters.js';
import { rulePackets, rulesFileIn } from '../support/rules-file.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn } from '../support/upe-on-host.js';
import type { TestScope } from '../support/upe-process.js';

const skip = labMissing(['tcpreplay', 'nft', 'curl', 'sysctl']);
const folder = temporaryFolder(t);
const bytes = (count: number) => new Uint8Array(count);

/** Watches eth0, and has eth1 to send copies to, at whose other end another host counts. */
function mirrorLab(t: TestScope): { left: Host; mid: Host; far: Host; farCounts: NftCounters } {
  const { lab, left, mid } = watchLab(t);
  const far = lab.host('far');
  lab.cable(mid, 'eth1', far, 'eth0');
  const farCounts = new NftCounters(far, 'eth0', [
    { name: 'tagged', match: 'vlan id 100' },
    { name: 'dns', match: 'udp dport 53' },
    { name: 'rest', match: '' },
  ]);
  return { left, mid, far, farCounts };
}

const MIRRORED = [
  ethernet({ payload: ipv4({ payload: udp({ dstPort: 53, payload: bytes(100) }) }) }),
  ethernet({ vlans: [{ id: 100 }], payload: ipv4({ payload: udp({ dstPort: 53 }) }) }),
  ethernet({ payload: ipv4({ payload: udp({ dstPort: 54 }) }) }),
  ethernet({ payload: arp() }),
];

t.test('a forward rule sends a copy, which is not read again', { skip }, async (t) => {
  const { left, mid, far, farCounts } = mirrorLab(t);
  // It matches whatever it has sent itself: were that read again, it would go round for ever.
  const file = rulesFileIn(
    folder,
    'mirror',
    ['{ name: copy, match: { dst_port: 53 }, action: { forward: eth1 } }'],
    'count',
  );
  const capture = join(folder, 'mirrored.pcap');
  writeFrames(capture, MIRRORED);
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0,eth1', UPE_RULES_FILE: file });
  await tcpreplay(left, 'eth0', capture, 1000, 50);
  await upe.scrapeAfter(200);
  await tcpreplay(far, 'eth0', capture, 1000, 5);
  const scrape = await upe.scrapeAfter(220);
  const read = (name: string) => scrape.value(`upe_rx_packets_total{interface="${name}"}`);
  t.strictSame([read('eth0'), read('eth1')], [200, 20]);
  t.equal(scrape.value(rulePackets('copy', 'forward')), 110);
  t.equal(scrape.value('upe_tx_packets_total{interface="eth1"}'), 110);
  t.equal(scrape.value('upe_tx_packets_total{interface="eth0"}'), 0);
  t.equal(scrape.sum('upe_tx_failed_packets_total'), 0);
  t.equal(scrape.value('upe_accounting_violations_total'), 0);
  t.equal((await farCounts.read('dns')).packets, 55);
  t.equal((await farCounts.read('dns')).bytes, 55 * (MIRRORED[0].length - 14));
  t.equal((await farCounts.read('tagged')).packets, 55);
  t.equal((await farCounts.read('rest')).packets, 0);
  const { exitCode } = await upe.stop();
  t.equal(exitCode, 0);
});
