import t from 'tap';
import { LINK_IPV4, LINK_IPV6 } from '../../src/protocol/link-type.js';
import { BURST_FRAMES, FrameBatch } from '../../src/source/frame-batch.js';
import { RawSocketSource } from '../../src/source/raw-socket-source.js';
import { icmp, ipv4, ipv6, tcp, udp } from '../fixtures/frames.js';
import { RawSocketPackageStandIn } from '../support/raw-socket-stand-in.js';

const IPV4 = 1;
const IPV6 = 2;
const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMPV6 = 58;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;

function create(interfaces: readonly string[] = ['eth0', 'eth1']) {
  const sockets = new RawSocketPackageStandIn();
  const staged: boolean[] = [];
  const warnings: string[] = [];
  const source = new RawSocketSource(
    { interfaces },
    {
      sockets,
      onStaged: (isFull) => staged.push(isFull),
      onWarning: (message) => warnings.push(message),
    },
  );
  return { sockets, staged, warnings, source };
}

/** The frames of a batch, copied. */
function framesOf(batch: FrameBatch) {
  return Array.from({ length: batch.frameCount }, (_, i) => ({
    bytes: Array.from(
      batch.bytes.subarray(batch.byteOffset[i], batch.byteOffset[i] + batch.capturedBytes[i]),
    ),
    wireBytes: batch.wireBytes[i],
    linkType: batch.linkType[i],
    interfaceIndex: batch.interfaceIndex[i],
  }));
}

t.test('each interface has a socket for every protocol and IP version, bound to it', async (t) => {
  const { sockets, source } = create();
  source.open();
  t.strictSame(
    sockets.sockets.map(({ protocol, addressFamily, options }) => [
      addressFamily,
      protocol,
      options.find(({ level, option }) => level === SOL_SOCKET && option === SO_BINDTODEVICE)?.value,
    ]),
    ['eth0\0', 'eth1\0'].flatMap((name) => [
      [IPV4, TCP, name],
      [IPV4, UDP, name],
      [IPV4, ICMP, name],
      [IPV6, TCP, name],
      [IPV6, UDP, name],
      [IPV6, ICMPV6, name],
    ]),
  );
  t.strictSame(source.interfaces, ['eth0', 'eth1']);
  source.close();
  t.ok(sockets.sockets.every(({ isClosed }) => isClosed));
});

t.test('without an interface one set of sockets receives from all of them', async (t) => {
  const { sockets, source } = create([]);
  source.open();
  t.equal(sockets.sockets.length, 6);
  t.notOk(sockets.sockets.some(({ options }) => options.some(({ option }) => option === SO_BINDTODEVICE)));
  t.strictSame(source.interfaces, ['raw-socket']);
});

t.test('packets wait, in their order and as they came, until they are read', async (t) => {
  const { sockets, staged, source } = create();
  const batch = new FrameBatch();
  source.open();
  const first = ipv4({ payload: udp({ dstPort: 53 }) }).bytes;
  const second = ipv4({ payload: icmp() }).bytes;
  sockets.find(UDP, IPV4).receive(Uint8Array.from(first), '10.0.0.1');
  sockets.find(ICMP, IPV4, 1).receive(Uint8Array.from(second), '10.0.0.2');
  t.strictSame(staged, [false, false]);
  t.equal(source.read(batch), 2);
  t.strictSame(framesOf(batch), [
    { bytes: Array.from(first), wireBytes: first.length, linkType: LINK_IPV4, interfaceIndex: 0 },
    { bytes: Array.from(second), wireBytes: second.length, linkType: LINK_IPV4, interfaceIndex: 1 },
  ]);
  t.equal(source.read(batch), 0);
});

t.test('an IPv6 packet gets the header back that the kernel has kept, but for its destination', async (t) => {
  const { sockets, source } = create();
  const batch = new FrameBatch();
  source.open();
  const segment = tcp({ dstPort: 443, payload: new Uint8Array(100).fill(7) });
  const whole = ipv6({ src: '2001:db8::7', dst: '::', payload: segment, hopLimit: 64 }).bytes;
  sockets.find(TCP, IPV6).receive(Uint8Array.from(whole).subarray(40), '2001:db8::7');
  // Whatever was in the staging area before must not shine through.
  source.read(batch);
  sockets.find(TCP, IPV6).receive(Uint8Array.from(whole).subarray(40), '2001:db8::7');
  t.equal(source.read(batch), 1);
  t.strictSame(framesOf(batch), [
    { bytes: Array.from(whole), wireBytes: whole.length, linkType: LINK_IPV6, interfaceIndex: 0 },
  ]);
});

t.test(
  'it asks to be read at once when a burst is full, or there is no room for a large packet',
  async (t) => {
    const { sockets, staged, source } = create();
    const batch = new FrameBatch();
    source.open();
    const socket = sockets.find(UDP, IPV4);
    for (let i = 0; i < BURST_FRAMES; i++) socket.receive(Uint8Array.of(0x45, i), '10.0.0.1');
    t.strictSame(staged, [...Array.from({ length: BURST_FRAMES - 1 }, () => false), true]);
    t.equal(source.read(batch), BURST_FRAMES);
    staged.length = 0;
    const largest = new Uint8Array(65_535).fill(3);
    for (let i = 0; staged.at(-1) !== true; i++) {
      if (i % 2 === 0) socket.receive(largest, '10.0.0.1');
      else sockets.find(UDP, IPV6).receive(largest, 'fe80::1');
    }
    t.equal(source.read(batch), staged.length);
    t.ok(staged.length >= 3);
    t.equal(batch.wireBytes[0], 65_535);
    t.equal(batch.wireBytes[1], 65_575);
  },
);

t.test('a kernel without IPv6 is no hindrance', async (t) => {
  const { sockets, warnings, source } = create(['eth0']);
  sockets.refusals.set(IPV6, 'Address family not supported by protocol');
  source.open();
  t.equal(sockets.sockets.length, 3);
  t.strictSame(warnings, ['this kernel has no IPv6: its packets are not read']);
});

t.test('a missing capability or interface is refused with what to do', async (t) => {
  const forbidden = create();
  forbidden.sockets.refusals.set(IPV4, 'Operation not permitted');
  t.throws(() => forbidden.source.open(), {
    code: 'UPE_ENVIRONMENT',
    message: /^cannot open a raw socket: EPERM; this needs the capability CAP_NET_RAW: /,
  });
  const misspelt = create(['eth0', 'eth7']);
  t.throws(() => misspelt.source.open(), {
    code: 'UPE_ENVIRONMENT',
    message: 'cannot bind a raw socket to interface eth7: ENODEV',
  });
  misspelt.source.close();
  t.ok(misspelt.sockets.sockets.every(({ isClosed }) => isClosed));
});

t.test('what a socket reports is told once', async (t) => {
  const { sockets, warnings, source } = create();
  source.open();
  for (let i = 0; i < 3; i++) sockets.find(TCP, IPV4).fail('Input/output error');
  t.strictSame(warnings, ['a raw socket reports: Input/output error']);
});
