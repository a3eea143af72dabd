import { fileURLToPath } from 'node:url';
import { type Host, Lab, labMissing } from '../../support/lab.js';
import type { BenchOptions } from '../cases.js';
import { type BenchResult, median, spread } from '../measure.js';
import { type Receiver, startTcpdump, startUpe } from './programs.js';

const SENDER = fileURLToPath(new URL('./sender.js', import.meta.url));
const WATCHED = 'watched';
const ADDRESS = '10.7.0.2';
const FRAME_BYTES = 64;

/** What a search for the non-drop rate tries first, and how long: short of the run that counts. */
const TRIAL_SECONDS = 2;
const TRIALS = 5;
/** A rate that lost frames in the long run is lowered by this. */
const STEP_DOWN = 0.93;
/** A run that counts is this long unless the user says otherwise. */
const NON_DROP_SECONDS = 10;
/** Where processor time is compared, packets per second: the first is what every program here can take. */
const CPU_PPS = [50_000, 200_000, 400_000];
const CPU_SECONDS = 5;
/** Packets before the processor time counts: after some 500,000 V8 compiles a worker's whole loop, 20 ms of it. */
const CPU_WARM_UP_PACKETS = 1_000_000;
/** What watching costs a host is told at this rate. */
const COST_PPS = 100_000;

const RULES = `default_action: count
rules:
  - { name: discard, match: { protocol: udp, dst_port: 9 }, action: count }
  - { name: web, match: { protocol: tcp, dst_port: [80, 443] }, action: count }
  - { name: icmp, match: { protocol: [icmp, icmpv6] }, action: count }
`;
const NFT_RULES = `table netdev watch {
  chain ingress {
    type filter hook ingress device ${WATCHED} priority 0; policy accept;
    udp dport 9 counter accept
    tcp dport { 80, 443 } counter accept
    meta l4proto { icmp, icmpv6 } counter accept
  }
}`;

interface Sent {
  readonly sent: number;
  readonly seconds: number;
  /** Processor time of the sender. */
  readonly cpuSeconds: number;
}

interface Trial {
  readonly sent: number;
  readonly received: number;
  readonly packetsPerSecond: number;
  /** Processor time of the receiver, microseconds a packet received. */
  readonly cpuMicroseconds: number;
}

type Start = () => Promise<Receiver>;

/** A veth pair, a sender at one end, a program that reads the other. */
class CaptureBench {
  private readonly from: Host;
  private readonly to: Host;

  constructor(lab: Lab) {
    this.from = lab.host('from');
    this.to = lab.host('to');
    lab.cable(this.from, 'sender', this.to, WATCHED);
    lab.address(this.to, WATCHED, `${ADDRESS}/24`);
  }

  readonly upe: Start = () =>
    startUpe(this.to, { UPE_SOURCE: 'afpacket', UPE_INTERFACE: WATCHED, UPE_WORKERS: '1' }, RULES);
  readonly rawSocket: Start = () =>
    startUpe(this.to, { UPE_SOURCE: 'raw-socket', UPE_INTERFACE: WATCHED, UPE_WORKERS: '1' }, RULES);
  readonly tcpdump: Start = () => startTcpdump(this.to, WATCHED);

  useNftables(): void {
    this.to.run('nft', NFT_RULES);
  }

  /** @param packetsPerSecond 0 is as fast as the sender goes. */
  async send(packetsPerSecond: number, seconds: number): Promise<Sent> {
    const numbers = [packetsPerSecond, seconds, FRAME_BYTES].map(String);
    const { output } = await this.from.finish(
      ...['env', '-u', 'NODE_OPTIONS', process.execPath, SENDER, 'sender', ADDRESS, ...numbers],
    );
    return JSON.parse(output) as Sent;
  }

  /**
   * One program, one rate.
   *
   * @param warmUpSeconds of traffic before the processor time counts: V8 compiles what it sees.
   */
  async trial(start: Start, packetsPerSecond: number, seconds: number, warmUpSeconds = 0): Promise<Trial> {
    const receiver = await start();
    const warmUp = warmUpSeconds === 0 ? { sent: 0 } : await this.send(packetsPerSecond, warmUpSeconds);
    const cpuBefore = receiver.cpuSeconds();
    const { sent, seconds: took } = await this.send(packetsPerSecond, seconds);
    const cpu = receiver.cpuSeconds() - cpuBefore;
    const received = (await receiver.stop()) - warmUp.sent;
    return { sent, received, packetsPerSecond: sent / took, cpuMicroseconds: (cpu / received) * 1e6 };
  }

  /** The highest rate at which nothing is lost for `seconds`: halving, then the run that counts. */
  async nonDropRate(start: Start, fullRate: number, seconds: number): Promise<Trial> {
    let low = 0;
    let high = fullRate;
    let rate = fullRate;
    for (let i = 0; i < TRIALS; i++) {
      const { sent, received } = await this.trial(start, rate, TRIAL_SECONDS);
      if (received >= sent) low = rate;
      else high = rate;
      if (low === fullRate) break;
      rate = (low + high) / 2;
    }
    for (rate = low === 0 ? high / 2 : low; rate > 1000; rate *= STEP_DOWN) {
      const trial = await this.trial(start, rate, seconds);
      if (trial.received >= trial.sent) return trial;
    }
    throw new Error('frames are lost at 1000 packets per second');
  }
}

/** Live capture: what it keeps up with, and what it costs, beside tcpdump. */
export async function* capture({ runs, seconds }: BenchOptions): AsyncIterable<BenchResult> {
  const missing = labMissing(['tcpdump', 'curl', 'nft']);
  if (missing !== false) throw new Error(`capture: ${missing}`);
  const lab = new Lab();
  try {
    const bench = new CaptureBench(lab);
    yield await atFullRate(bench, seconds ?? TRIAL_SECONDS);
    yield await nonDrop(bench, seconds ?? NON_DROP_SECONDS);
    for (const rate of CPU_PPS) {
      yield await cpuTime(bench, bench.tcpdump, 'tcpdump', rate, runs, seconds ?? CPU_SECONDS);
    }
    yield await cpuTime(
      bench,
      bench.rawSocket,
      'raw-socket source',
      CPU_PPS[0],
      runs,
      seconds ?? CPU_SECONDS,
    );
    yield await idle(bench);
    yield* hostCost(bench, seconds ?? CPU_SECONDS);
  } finally {
    await lab.close();
  }
}

/** As fast as the sender goes: what arrives, and what is lost. */
async function atFullRate(bench: CaptureBench, seconds: number): Promise<BenchResult> {
  const own = await bench.trial(bench.upe, 0, seconds);
  const peer = await bench.trial(bench.tcpdump, 0, seconds);
  const rate = own.received / own.sent;
  return {
    ...{ name: 'capture', case: 'full rate', value: rate, min: rate, max: rate, unit: 'of the frames sent' },
    ...{ peer: 'tcpdump', ratio: rate / (peer.received / peer.sent) },
    ...{ sent: own.sent, received: own.received, lost: own.sent - own.received },
    ...{ packets_per_second: Math.round(own.packetsPerSecond), peer_lost: peer.sent - peer.received },
  };
}

async function nonDrop(bench: CaptureBench, seconds: number): Promise<BenchResult> {
  const { sent, seconds: took } = await bench.send(0, TRIAL_SECONDS);
  const fullRate = sent / took;
  const own = await bench.nonDropRate(bench.upe, fullRate, seconds);
  const peer = await bench.nonDropRate(bench.tcpdump, fullRate, seconds);
  const value = own.packetsPerSecond;
  return {
    ...{ name: 'capture', case: 'non-drop rate', value, min: value, max: value, unit: 'packets/s' },
    ...{ peer: 'tcpdump', ratio: value / peer.packetsPerSecond, peer_value: peer.packetsPerSecond },
    ...{ sent: own.sent, received: own.received, lost: own.sent - own.received, seconds },
  };
}

/** Processor time a packet at one rate; the ratio is the peer's over UPE's: more is better. */
async function cpuTime(
  bench: CaptureBench,
  startPeer: Start,
  peer: string,
  packetsPerSecond: number,
  runs: number,
  seconds: number,
): Promise<BenchResult> {
  const own: number[] = [];
  const ratios: number[] = [];
  for (let run = 0; run < runs; run++) {
    const measure = (start: Start) =>
      bench.trial(start, packetsPerSecond, seconds, CPU_WARM_UP_PACKETS / packetsPerSecond);
    const { cpuMicroseconds } = await measure(bench.upe);
    own.push(cpuMicroseconds);
    ratios.push((await measure(startPeer)).cpuMicroseconds / cpuMicroseconds);
  }
  return {
    ...{ name: 'capture', case: 'CPU time', ...spread(own), unit: 'us per packet' },
    ...{ peer, ratio: median(ratios), packets_per_second: packetsPerSecond },
  };
}

/** An open interface on which nothing happens. */
async function idle(bench: CaptureBench): Promise<BenchResult> {
  const receiver = await bench.upe();
  await bench.send(1, 1);
  const before = receiver.cpuSeconds();
  const beganMs = performance.now();
  await bench.send(0.001, NON_DROP_SECONDS);
  const value = ((receiver.cpuSeconds() - before) / (performance.now() - beganMs)) * 1e5;
  await receiver.stop();
  return { name: 'capture', case: 'idle', value, min: value, max: value, unit: '% of one core' };
}

/**
 * What watching costs the host, beside nftables counters for the same rules: the processor time of the
 * program itself, and what the sender needs more because of it, in whose time the kernel receives.
 */
async function* hostCost(bench: CaptureBench, seconds: number): AsyncIterable<BenchResult> {
  const without = await bench.send(COST_PPS, seconds);
  const receiver = await bench.upe();
  await bench.send(COST_PPS, CPU_WARM_UP_PACKETS / COST_PPS);
  const before = receiver.cpuSeconds();
  const watched = await bench.send(COST_PPS, seconds);
  const own = receiver.cpuSeconds() - before;
  const memory = receiver.residentBytes() / 2 ** 20;
  await receiver.stop();
  bench.useNftables();
  const counted = await bench.send(COST_PPS, seconds);
  const percent = (cpuSeconds: number) => (cpuSeconds / seconds) * 100;
  const value = percent(own + watched.cpuSeconds - without.cpuSeconds);
  const common = { name: 'capture', packets_per_second: COST_PPS };
  yield {
    ...{ ...common, case: 'cost to the host', value, min: value, max: value, unit: '% of one core' },
    ...{ peer: 'nftables counters', peer_value: percent(counted.cpuSeconds - without.cpuSeconds) },
  };
  yield { ...common, case: 'memory', value: memory, min: memory, max: memory, unit: 'MiB resident' };
}
