import t from 'tap';
import { Packet } from '../../../src/protocol/packet.js';
import { FlowTable } from '../../../src/rules/compare/flow-table.js';
import { fieldsFlowText } from '../../../src/rules/explain/flow-text.js';
import { Random } from '../../protocol/random.js';

/** A packet of few different flows, with words left over from others where it is IPv4. */
function randomPacket(random: Random): Packet {
  const isIpv4 = random.below(2) === 0;
  const word = () => random.pick([0, 1, -1, 0x0a000001]);
  return Object.assign(new Packet(), {
    ipVersion: isIpv4 ? 4 : 6,
    protocol: random.pick([1, 6, 17, 255]),
    src0: word(),
    src1: word(),
    src2: 0,
    src3: word(),
    dst0: word(),
    dst1: 0,
    dst2: word(),
    dst3: word(),
    srcPort: random.pick([-1, 0, 65_535]),
    dstPort: random.pick([-1, 0, 65_535]),
  });
}

function keyOf(change: number, packet: Packet): string {
  const { ipVersion, protocol, srcPort, dstPort, src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet;
  const addresses = ipVersion === 4 ? [src0, dst0] : [src0, src1, src2, src3, dst0, dst1, dst2, dst3];
  return [change, ipVersion, protocol, srcPort, dstPort, ...addresses].join();
}

t.test('every flow has its own packets, bytes and first place', (t) => {
  const seed = Date.now() & 0x7fff_ffff;
  t.comment(`seed ${seed}`);
  const random = new Random(seed);
  const table = new FlowTable(65_536);
  const expected = new Map<string, { packets: number; bytes: number; number: number }>();
  for (let number = 1; number <= 50_000; number++) {
    const packet = randomPacket(random);
    const change = random.below(3);
    const key = keyOf(change, packet);
    const known = expected.get(key);
    const isNew = table.add(change, packet, number % 1500, 0, number);
    if (isNew !== (known === undefined ? 1 : 0)) t.fail(`packet ${number} of flow ${key}: ${isNew}`);
    const { packets = 0, bytes = 0, number: first = number } = known ?? {};
    expected.set(key, { packets: packets + 1, bytes: bytes + (number % 1500), number: first });
  }
  t.equal(table.count, expected.size);
  t.ok(expected.size > 1000, `${expected.size} flows`);
  const flows = table.heaviest(Number.POSITIVE_INFINITY);
  for (const { change, ipVersion, protocol, srcPort, dstPort, src, dst, packets, bytes, number } of flows) {
    const key = [change, ipVersion, protocol, srcPort, dstPort, ...src, ...dst].join();
    t.strictSame({ packets, bytes, number }, expected.get(key), key);
  }
  t.ok(flows.every(({ packets }, i) => i === 0 || packets <= flows[i - 1].packets));
  t.end();
});

t.test('a flow beyond the capacity is refused, and the others are counted on', (t) => {
  const table = new FlowTable(4);
  const packet = (host: number) => Object.assign(new Packet(), { ipVersion: 4, protocol: 6, src0: host });
  for (let host = 0; host < 4; host++) t.equal(table.add(0, packet(host), 60, 0, host + 1), 1);
  t.equal(table.add(0, packet(4), 60, 0, 5), -1);
  t.equal(table.add(1, packet(0), 60, 0, 6), -1, 'another change of the same flow is another entry');
  t.equal(table.add(0, packet(3), 60, 0, 7), 0);
  t.equal(table.count, 4);
  t.match(table.heaviest(1), [{ src: [3], packets: 2, bytes: 120, number: 4 }]);
  t.end();
});

t.test('a flow is written as people write it', (t) => {
  const ipv6 = [0x20010db8, 0, 0, 1];
  for (const [fields, text] of [
    [
      { protocol: 6, src: [0x0a000001], dst: [-1], srcPort: 0, dstPort: 443 },
      'tcp 10.0.0.1:0 > 255.255.255.255:443',
    ],
    [{ protocol: 1, src: [0x0a000001], dst: [0], srcPort: -1, dstPort: -1 }, 'icmp 10.0.0.1 > 0.0.0.0'],
    [
      { protocol: 17, src: ipv6, dst: ipv6, srcPort: 53, dstPort: 1 },
      'udp [2001:db8::1]:53 > [2001:db8::1]:1',
    ],
    [{ protocol: 253, src: ipv6, dst: ipv6, srcPort: -1, dstPort: -1 }, '253 2001:db8::1 > 2001:db8::1'],
  ] as const) {
    t.equal(fieldsFlowText(fields), text);
  }
  t.end();
});
