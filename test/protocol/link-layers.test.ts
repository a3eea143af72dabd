import t from 'tap';
import { isSupportedLinkType } from '../../src/protocol/link-type.js';
import { ethernet, ipv4, ipv6, tcp, udp } from '../fixtures/frames.js';
import { checkFrames, type FrameRow } from './frame-table.js';
import { bsdLoopback, LINK_TYPES, linkFrame, linuxSll, linuxSll2 } from './link-frames.js';

const four = ipv4({ src: '10.0.0.1', dst: '10.0.0.2', payload: udp({ srcPort: 1000, dstPort: 53 }) });
const six = ipv6({ src: '2001:db8::1', dst: '2001:db8::2', payload: tcp({ srcPort: 1000, dstPort: 80 }) });
const FOUR = {
  outcome: 'parsed',
  vlan: null,
  version: 4,
  protocol: 17,
  src: '0a000001',
  dst: '0a000002',
  srcPort: 1000,
  dstPort: 53,
} as const;
const SIX = {
  outcome: 'parsed',
  vlan: null,
  version: 6,
  protocol: 6,
  src: '20010db8000000000000000000000001',
  dst: '20010db8000000000000000000000002',
  srcPort: 1000,
  dstPort: 80,
} as const;

t.test('IPv4 and IPv6 are found behind every link header', async (t) => {
  checkFrames(
    t,
    LINK_TYPES.flatMap((linkType): FrameRow[] => [
      {
        name: `IPv4 in link type ${linkType}`,
        linkType,
        frame: linkFrame(linkType, four),
        expected: linkType === 229 ? { outcome: 'ipv6_version' } : FOUR,
      },
      {
        name: `IPv6 in link type ${linkType}`,
        linkType,
        frame: linkFrame(linkType, six),
        expected: linkType === 228 ? { outcome: 'ipv4_version' } : SIX,
      },
    ]),
  );
  for (const linkType of LINK_TYPES) t.equal(isSupportedLinkType(linkType), true, `link type ${linkType}`);
  for (const linkType of [-1, 2, 9, 104, 105, 127, 277]) {
    t.equal(isSupportedLinkType(linkType), false, `link type ${linkType}`);
  }
});

t.test('a loopback header gives the family of any system in either byte order', async (t) => {
  const rows: FrameRow[] = [];
  for (const linkType of [0, 108]) {
    for (const littleEndian of [false, true]) {
      const how = `link type ${linkType}, ${littleEndian ? 'little' : 'big'}-endian`;
      const frame = bsdLoopback(2, four, littleEndian);
      rows.push({ name: `${how}, AF_INET`, linkType, frame, expected: FOUR });
      for (const family of [10, 24, 28, 30]) {
        const frame = bsdLoopback(family, six, littleEndian);
        rows.push({ name: `${how}, AF_INET6 as ${family}`, linkType, frame, expected: SIX });
      }
      for (const family of [0, 1, 3, 9, 23, 29, 31, 0x0202, 0x1_0002, 0x0200_0002]) {
        const frame = bsdLoopback(family, four, littleEndian);
        rows.push({ name: `${how}, family ${family}`, linkType, frame, expected: { outcome: 'other' } });
      }
    }
  }
  checkFrames(t, rows);
});

t.test(
  'a link header that the wire cannot have had is short, one that was not captured snapped',
  async (t) => {
    const headers = [
      { linkType: 1, headerBytes: 14 },
      { linkType: 113, headerBytes: 16 },
      { linkType: 276, headerBytes: 20 },
      { linkType: 0, headerBytes: 4 },
      { linkType: 108, headerBytes: 4 },
      { linkType: 101, headerBytes: 1 },
      { linkType: 12, headerBytes: 1 },
      { linkType: 14, headerBytes: 1 },
    ];
    checkFrames(
      t,
      headers.flatMap(({ linkType, headerBytes }): FrameRow[] => {
        const frame = linkFrame(linkType, four);
        const last = headerBytes - 1;
        return [
          { frame: frame.subarray(0, 0), expected: { outcome: 'ethernet_short' } as const, wireBytes: 0 },
          {
            frame: frame.subarray(0, last),
            expected: { outcome: 'ethernet_short' } as const,
            wireBytes: last,
          },
          {
            frame: frame.subarray(0, last),
            expected: { outcome: 'snapped' } as const,
            wireBytes: headerBytes,
          },
          { frame, capturedBytes: 0, expected: { outcome: 'snapped' } as const },
          { frame, capturedBytes: last, expected: { outcome: 'snapped' } as const },
          { frame, capturedBytes: headerBytes, expected: { outcome: 'snapped' } as const },
        ].map((row) => ({
          ...row,
          name: `link type ${linkType}: ${row.capturedBytes ?? row.frame.length} of ${row.wireBytes ?? row.frame.length}`,
          linkType,
        }));
      }),
    );
  },
);

t.test('an empty frame of a link type without a header is an IP packet that is too short', async (t) => {
  const frame = new Uint8Array(0);
  checkFrames(t, [
    { name: 'IPv4', frame, linkType: 228, expected: { outcome: 'ipv4_truncated' } },
    { name: 'IPv6', frame, linkType: 229, expected: { outcome: 'ipv6_payload_length' } },
    { name: 'IPv4, not captured', frame, wireBytes: 40, linkType: 228, expected: { outcome: 'snapped' } },
    { name: 'IPv6, not captured', frame, wireBytes: 40, linkType: 229, expected: { outcome: 'snapped' } },
  ]);
});

t.test('raw IP of a version that there is not is something else', async (t) => {
  const rows = [0, 1, 3, 5, 7, 15].map((version): FrameRow => {
    const frame = ipv4({ version }).bytes;
    return { name: `version ${version}`, frame, linkType: 101, expected: { outcome: 'other' } };
  });
  checkFrames(t, rows);
});

t.test('each EtherType is of its kind, up to the limits between lengths and types', async (t) => {
  const kinds = [
    { etherType: 0x0806, outcome: 'arp' },
    { etherType: 0x88cc, outcome: 'lldp' },
    { etherType: 0x8847, outcome: 'mpls' },
    { etherType: 0x8848, outcome: 'mpls' },
    { etherType: 0x8863, outcome: 'pppoe' },
    { etherType: 0x8864, outcome: 'pppoe' },
    { etherType: 0, outcome: 'llc' },
    { etherType: 1500, outcome: 'llc' },
    { etherType: 1501, outcome: 'other' },
    { etherType: 1536, outcome: 'other' },
    { etherType: 0x0801, outcome: 'other' },
    { etherType: 0x86dc, outcome: 'other' },
    { etherType: 0x9100, outcome: 'other' },
    { etherType: 0xffff, outcome: 'other' },
  ] as const;
  for (const { etherType, outcome } of kinds) {
    const packet = { etherType, bytes: new Uint8Array(46) };
    const vlans = [{ id: 7 }];
    const name = `EtherType ${etherType}`;
    const expected = { outcome, vlan: null, version: null, srcPort: null };
    checkFrames(t, [
      { name, frame: ethernet({ payload: packet }), expected },
      // What is behind the EtherType need not be there to know the kind.
      { name: `${name} alone`, frame: ethernet({ payload: packet }), capturedBytes: 14, expected },
      {
        name: `${name} in a VLAN`,
        frame: ethernet({ vlans, payload: packet }),
        expected: { outcome, vlan: 7 },
      },
      { name: `${name}, SLL`, frame: linuxSll(packet), linkType: 113, expected },
      { name: `${name}, SLL2`, frame: linuxSll2(packet), linkType: 276, expected },
    ]);
  }
});

t.test('up to three VLAN tags are passed, and the outermost gives the id', async (t) => {
  const tags = [
    { id: 4095, priority: 7, tpid: 0x88a8 },
    { id: 2, tpid: 0x8100 },
    { id: 3, tpid: 0x88a8 },
    { id: 4, tpid: 0x8100 },
    { id: 5, tpid: 0x8100 },
  ];
  for (let depth = 0; depth <= 5; depth++) {
    const vlans = tags.slice(0, depth);
    const vlan = depth === 0 ? null : 4095;
    const isTooDeep = depth > 3;
    checkFrames(t, [
      {
        name: `${depth} tags and IPv4`,
        frame: ethernet({ vlans, payload: four }),
        expected: isTooDeep ? { outcome: 'vlan_depth', vlan } : { ...FOUR, vlan },
      },
      {
        name: `${depth} tags and IPv6`,
        frame: ethernet({ vlans, payload: six }),
        expected: isTooDeep ? { outcome: 'vlan_depth', vlan } : { ...SIX, vlan },
      },
    ]);
  }
  const fourTags = ethernet({ vlans: tags.slice(0, 4), payload: four });
  checkFrames(t, [
    // The fourth tag is announced by the third: its own bytes do not matter.
    {
      name: 'no fourth tag',
      frame: fourTags.subarray(0, 26),
      expected: { outcome: 'vlan_depth', vlan: 4095 },
    },
    {
      name: 'id 0',
      frame: ethernet({ vlans: [{ id: 0, priority: 5 }] }),
      expected: { outcome: 'parsed', vlan: 0 },
    },
  ]);
});

t.test('a VLAN tag that is cut is short on the wire and snapped in the capture', async (t) => {
  const frame = ethernet({ vlans: [{ id: 1 }, { id: 2 }, { id: 3 }], payload: four });
  for (let tag = 0; tag < 3; tag++) {
    const vlan = tag === 0 ? null : 1;
    for (const present of [0, 2, 3]) {
      const bytes = 14 + tag * 4 + present;
      const name = `tag ${tag} with ${present} bytes`;
      const cut = frame.subarray(0, bytes);
      checkFrames(t, [
        { name: `${name}, snapped`, frame, capturedBytes: bytes, expected: { outcome: 'snapped', vlan } },
        { name: `${name}, short`, frame: cut, expected: { outcome: 'ethernet_short', vlan } },
        {
          name: `${name}, three of four on the wire`,
          frame: cut,
          wireBytes: 14 + tag * 4 + 3,
          expected: { outcome: 'ethernet_short', vlan },
        },
      ]);
    }
  }
});
