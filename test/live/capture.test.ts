import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import t from 'tap';
import { ethernet, ipv4, tcp, udp } from '../fixtures/frames.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import { readPcapng } from '../support/pcapng-packets.js';
import { rulesFileIn } from '../support/rules-file.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { tcpdumpCount } from '../support/tcpdump.js';
import { startOnHost } from '../support/upe-on-host.js';
import { eventually } from '../support/upe-process.js';

const skip = labMissing(['tcpreplay', 'tcpdump', 'curl', 'sysctl']);
const folder = temporaryFolder(t);
const DNS = ethernet({ vlans: [{ id: 7 }], payload: ipv4({ payload: udp({ dstPort: 53 }) }) });
const WEB = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 443 }) }) });
const LOOPS = 500;

t.test(
  'what is captured from an interface is what the rule has counted, tags included',
  { skip },
  async (t) => {
    const { left, mid } = watchLab(t);
    const users = join(folder, 'users.yml');
    writeFileSync(users, `basic_auth_users: { alice: ${hashSync('secret', 4)} }\n`);
    writeFileSync(join(folder, 'password'), 'secret');
    const rules = ['{ name: dns, match: { dst_port: 53 }, action: count }'];
    const program = startOnHost(t, mid, ['run'], {
      UPE_SOURCE: 'afpacket',
      UPE_INTERFACE: 'eth0',
      UPE_HTTP_PORT: '0',
      UPE_RX_BLOCKS: '128',
      UPE_RX_WAIT_MS: '10000',
      UPE_RULES_FILE: rulesFileIn(folder, 'dns', rules, 'count'),
      UPE_HTTP_LIFECYCLE: 'true',
      UPE_WEB_CONFIG_FILE: users,
    });
    const { msg } = await program.waitForLog('metrics at http://');
    const { port, origin } = new URL(msg.slice('metrics at '.length));
    const value = async (name: string): Promise<number> => {
      const { output } = await mid.finish('curl', '--silent', '--user', 'alice:secret', `${origin}/metrics`);
      return Number(
        output
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1],
      );
    };
    const sent = join(folder, 'sent.pcap');
    writeFrames(sent, [DNS, WEB]);
    await tcpreplay(left, 'eth0', sent, 2000, 10);
    const series = 'upe_rule_packets_total{rule="dns",action="count"}';
    await eventually('ten packets', async () => (await value(series)) === 10);

    const file = join(folder, 'dns.pcapng');
    const who = ['--username', 'alice', '--password-file', join(folder, 'password')];
    const capture = startOnHost(t, mid, ['capture', '--rule', 'dns', '--write', file, ...who], {
      UPE_HTTP_PORT: port,
    });
    await eventually('a capture', async () => (await value('upe_captures_running')) === 1);
    await tcpreplay(left, 'eth0', sent, 5000, LOOPS);
    await eventually('all of them', async () => (await value(series)) === 10 + LOOPS);
    capture.signal('SIGINT');
    const { exitCode, stderr } = await capture.ended;
    t.equal(exitCode, 0, stderr);
    t.equal(tcpdumpCount(file), LOOPS);
    const { packets, interfaces } = readPcapng(readFileSync(file));
    t.strictSame(interfaces, ['eth0']);
    for (const { frame } of packets) {
      t.equal(Buffer.compare(frame.subarray(0, DNS.length), DNS), 0, 'the tag is back in its place');
    }
    program.signal('SIGTERM');
    t.equal((await program.ended).exitCode, 0);
  },
);
