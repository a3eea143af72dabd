import { InterfaceQuery } from '../../../src/kernel/interfaces.js';
import { MessageBatch } from '../../../src/kernel/message-batch.js';
import { PacketSocket } from '../../../src/kernel/packet-socket.js';
import { ethernet, ipv4, udp } from '../../fixtures/frames.js';
import { cpuSecondsOf } from './programs.js';

/**
 * `sender.js INTERFACE DST PACKETS_PER_SECOND SECONDS FRAME_BYTES`: sends UDP frames of 64 flows to an
 * address; 0 packets per second is as fast as it goes. Prints one JSON line: what the kernel took.
 */
const [name, dst, rateText, secondsText, bytesText] = process.argv.slice(2);
const packetsPerSecond = Number(rateText);
const seconds = Number(secondsText);
const frameBytes = Number(bytesText);

const FLOWS = 64;
/** Sleep between two looks at what is due, milliseconds. */
const NAP_MS = 0.2;

const frames = new Uint8Array(new SharedArrayBuffer(FLOWS * frameBytes));
for (let flow = 0; flow < FLOWS; flow++) {
  const payload = udp({ srcPort: 1024 + flow, dstPort: 9, payload: new Uint8Array(frameBytes - 42) });
  const frame = ethernet({
    dst: 'ff:ff:ff:ff:ff:ff',
    payload: ipv4({ src: '10.7.0.1', dst, payload }),
  });
  frames.set(frame.subarray(0, frameBytes), flow * frameBytes);
}
const query = new InterfaceQuery();
const kernelIndex = query.find(name)?.index;
if (kernelIndex === undefined) throw new Error(`there is no interface ${name}`);
const socket = PacketSocket.open();
socket.prepareToSend(4 * 1024 * 1024);
const batch = new MessageBatch(FLOWS, frames);
for (let flow = 0; flow < FLOWS; flow++) batch.set(flow, flow * frameBytes, frameBytes, kernelIndex);

const nap = new Int32Array(new SharedArrayBuffer(4));
const cpuBefore = cpuSecondsOf(process.pid);
const beganMs = performance.now();
let sent = 0;
for (;;) {
  const elapsedMs = performance.now() - beganMs;
  if (elapsedMs >= seconds * 1000) break;
  const due = packetsPerSecond === 0 ? FLOWS : (elapsedMs * packetsPerSecond) / 1000 - sent;
  if (due < 1) {
    Atomics.wait(nap, 0, 0, NAP_MS);
    continue;
  }
  const taken = batch.send(socket.fd, 0, Math.min(FLOWS, Math.floor(due)));
  if (taken > 0) sent += taken;
}
const elapsed = (performance.now() - beganMs) / 1000;
socket.close();
query.close();
process.stdout.write(
  `${JSON.stringify({ sent, seconds: elapsed, cpuSeconds: cpuSecondsOf(process.pid) - cpuBefore })}\n`,
);
