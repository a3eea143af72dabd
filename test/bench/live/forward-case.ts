import { iperf } from '../../support/iperf.js';
import { type Host, Lab, labMissing } from '../../support/lab.js';
import type { BenchOptions } from '../cases.js';
import { type BenchResult, median, spread } from '../measure.js';
import { startUpe } from './programs.js';

const IPERF_SECONDS = 3;
const PINGS = 2000;
const PING_INTERVAL_SECONDS = '0.003';
const RIGHT_ADDRESS = '10.6.0.2';

const RULES = `default_action: count
rules:
  - { name: tcp, match: { protocol: tcp }, action: forward }
  - { name: icmp, match: { protocol: icmp }, action: forward }
`;

/** Round-trip times of one series of pings, microseconds, in ascending order. */
type RoundTrips = readonly number[];

interface Passage {
  readonly gigabits: number;
  readonly roundTrips: RoundTrips;
}

/** Two hosts with a third between them, which joins its two cables one way or the other. */
class ForwardBench {
  private readonly left: Host;
  private readonly middle: Host;
  private readonly right: Host;

  constructor(lab: Lab) {
    this.left = lab.host('left');
    this.middle = lab.host('middle');
    this.right = lab.host('right');
    lab.cable(this.left, 'left0', this.middle, 'port0');
    lab.cable(this.right, 'right0', this.middle, 'port1');
    lab.address(this.left, 'left0', '10.6.0.1/24');
    lab.address(this.right, 'right0', `${RIGHT_ADDRESS}/24`);
  }

  async throughUpe(seconds: number): Promise<Passage> {
    const upe = await startUpe(this.middle, { UPE_SOURCE: 'afpacket', UPE_BRIDGE: 'port0:port1' }, RULES);
    try {
      return await this.measure(seconds);
    } finally {
      await upe.stop();
    }
  }

  async throughLinuxBridge(seconds: number): Promise<Passage> {
    this.middle.run('ip', 'link', 'add', 'bridge0', 'type', 'bridge');
    for (const port of ['port0', 'port1']) {
      this.middle.run('ip', 'link', 'set', port, 'master', 'bridge0');
    }
    this.middle.run('ip', 'link', 'set', 'bridge0', 'up');
    try {
      return await this.measure(seconds);
    } finally {
      this.middle.run('ip', 'link', 'del', 'bridge0');
    }
  }

  private async measure(seconds: number): Promise<Passage> {
    this.left.run('ping', '-q', '-c', '3', '-i', '0.2', '-W', '2', RIGHT_ADDRESS);
    const roundTrips = this.ping();
    const { bits_per_second } = await iperf(this.left, this.right, RIGHT_ADDRESS, seconds);
    return { roundTrips, gigabits: bits_per_second / 1e9 };
  }

  private ping(): RoundTrips {
    const output = this.left.run(
      ...['ping', '-n', '-c', String(PINGS), '-i', PING_INTERVAL_SECONDS, '-W', '1', RIGHT_ADDRESS],
    );
    const times = [...output.matchAll(/time=([\d.]+) ms/g)].map(([, text]) => Number(text) * 1000);
    if (times.length < PINGS) throw new Error(`${PINGS - times.length} of ${PINGS} pings were lost`);
    return times.sort((a, b) => a - b);
  }
}

/** The bridge: how much goes through, and how much later, beside the Linux bridge. */
export async function* forward({ runs, seconds }: BenchOptions): AsyncIterable<BenchResult> {
  const missing = labMissing(['iperf3', 'ping', 'curl']);
  if (missing !== false) throw new Error(`forward: ${missing}`);
  const lab = new Lab();
  const own: Passage[] = [];
  const peers: Passage[] = [];
  try {
    const bench = new ForwardBench(lab);
    for (let run = 0; run < runs; run++) {
      own.push(await bench.throughUpe(seconds ?? IPERF_SECONDS));
      peers.push(await bench.throughLinuxBridge(seconds ?? IPERF_SECONDS));
    }
  } finally {
    await lab.close();
  }
  const peer = 'Linux bridge';
  yield {
    ...{ name: 'forward', case: 'iperf3', ...spread(own.map(({ gigabits }) => gigabits)), unit: 'Gb/s' },
    ...{ peer, ratio: median(own.map(({ gigabits }, run) => gigabits / peers[run].gigabits)) },
  };
  for (const [name, share] of [
    ['ping median', 0.5],
    ['ping p99', 0.99],
    ['ping p99.9', 0.999],
  ] as const) {
    const at = ({ roundTrips }: Passage) => roundTrips[Math.floor(roundTrips.length * share)];
    const added = own.map((passage, run) => at(passage) - at(peers[run]));
    yield {
      ...{ name: 'forward', case: name, ...spread(own.map(at)), unit: 'us' },
      ...{ peer, ratio: median(own.map((passage, run) => at(peers[run]) / at(passage))) },
      ...{ peer_value: median(peers.map(at)), added: median(added) },
    };
  }
}
