import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { bridgeLab, LEFT, RIGHT } from '../support/bridge-lab.js';
import { labMissing } from '../support/lab.js';
import { NftCounters } from '../support/nft-counters.js';

t.setTimeout(120_000);

const KILLS = 40;
const PACKETS_PER_MS = 2;
/** A worker's flows are served again within a second, those of rx within two. */
const SILENCE_MS_MAX = 2000;

/** Sends numbered datagrams until SIGTERM, or for a minute, and says how many they were. */
const SENDER = `
  const socket = require('node:dgram').createSocket('udp4');
  let sent = 0;
  const end = () => { clearInterval(timer); socket.close(); console.log(sent); };
  process.once('SIGTERM', end);
  const timer = setInterval(() => {
    if (sent > 60_000 * ${PACKETS_PER_MS}) return end();
    for (let i = 0; i < ${PACKETS_PER_MS}; i++) {
      const data = Buffer.alloc(40);
      data.writeUInt32BE(sent++);
      socket.send(data, 9, '${RIGHT.ipv4}');
    }
  }, 1);`;

/** Notes the numbers that come, until it has heard nothing for a while after SIGTERM. */
const RECEIVER = `
  const socket = require('node:dgram').createSocket('udp4');
  const seen = new Set();
  let last = -1, backwards = 0, twice = 0, silenceMs = 0, lastMs = 0;
  socket.on('message', (data) => {
    const number = data.readUInt32BE();
    const nowMs = performance.now();
    if (lastMs > 0) silenceMs = Math.max(silenceMs, nowMs - lastMs);
    lastMs = nowMs;
    if (seen.has(number)) twice++;
    else if (number < last) backwards++;
    seen.add(number);
    last = Math.max(last, number);
  });
  socket.bind(9, () => console.log('listening'));
  process.once('SIGTERM', () => {
    const timer = setInterval(() => {
      if (performance.now() - lastMs < 1000) return;
      clearInterval(timer);
      socket.close();
      console.log(JSON.stringify({ received: seen.size, backwards, twice, silenceMs: Math.round(silenceMs) }));
    }, 100);
  });`;

/** Everything that a program says from now on, when it has ended. */
async function rest(program: ChildProcess): Promise<string> {
  let text = '';
  program.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await once(program, 'close');
  return text;
}

t.test(
  'a bridge whose threads are killed sends every frame once, in order',
  { skip: labMissing(['nft', 'ping', 'sysctl']) },
  async (t) => {
    const { left, mid, right } = bridgeLab(t);
    const engine = mid.start(
      process.execPath,
      fileURLToPath(new URL('bridge-kills-engine.js', import.meta.url)),
      String(KILLS),
    );
    engine.stderr?.on('data', (chunk) => t.comment(String(chunk)));
    await once(engine.stdout!, 'data');
    // The receiver's socket has room for a few hundred only of what has waited for a new rx.
    const counters = new NftCounters(right, 'eth0', [{ name: 'datagrams', match: 'udp dport 9' }]);
    const receiver = right.start(process.execPath, '-e', RECEIVER);
    await once(receiver.stdout!, 'data');
    // Both ends know each other's hardware address then.
    left.run('ping', '-c', '1', '-W', '5', RIGHT.ipv4);
    right.run('ping', '-c', '1', '-W', '5', LEFT.ipv4);
    const sender = left.start(process.execPath, '-e', SENDER);
    await once(engine.stdout!, 'data');
    sender.kill('SIGTERM');
    const sent = Number(await rest(sender));
    receiver.kill('SIGTERM');
    const got = JSON.parse(await rest(receiver));
    const { packets } = await counters.read('datagrams');
    engine.kill('SIGTERM');
    const bridge = JSON.parse(await rest(engine));
    t.comment(`${KILLS} kills, ${sent} sent: ${JSON.stringify({ packets, ...got, ...bridge })}`);
    t.same(bridge.violations, []);
    t.equal(bridge.kernelDropped, 0);
    t.equal(got.twice, 0, 'no frame is sent twice');
    t.equal(got.backwards, 0, 'the order is kept');
    t.ok(bridge.lost <= KILLS / 2, `${bridge.lost} lost, one by the death of a worker at most`);
    t.equal(
      bridge.received,
      bridge.sent + bridge.failed + bridge.lost,
      'what became of every frame is known',
    );
    // A frame that a worker died over, or that it was sending, may have left.
    const open = bridge.lost + bridge.failed;
    t.ok(packets <= sent && packets >= sent - open, `${packets} of ${sent} came through, ${open} not sure`);
    t.ok(got.received > sent / 2, `${got.received} were looked at`);
    t.ok(got.silenceMs < SILENCE_MS_MAX, `at most ${got.silenceMs} ms without a frame`);
  },
);
