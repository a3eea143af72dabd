/** Frames that lie about themselves, made from honest ones by changing one field. */
import { type Conversation, ephemeralPort, pathOf, withPorts } from './flow.js';
import { field16, isIpv6, NO_BYTES, patched, tcpFrame, udpFrame } from './frame-builder.js';

/** Where fields begin in a frame without VLAN tags and IP options. */
const IP_VERSION_BYTE = 14;
const IPV4_TOTAL_LENGTH_BYTE = 16;
const IPV6_PAYLOAD_LENGTH_BYTE = 18;
const IPV4_UDP_LENGTH_BYTE = 38;
const IPV4_TCP_OFFSET_BYTE = 46;

/** One frame for each lie that the flow's IP version allows, untagged whatever its link is. */
export const lies: Conversation = (flow, random) => {
  const path = pathOf(withPorts({ ...flow, vlanIds: [] }, ephemeralPort(random), 9_999), true);
  const payload = random.bytes(random.between(40, 400));
  const segment = { sequence: 1, acknowledgment: 1, flags: 0x10, options: NO_BYTES, payload };
  const tcp = tcpFrame(path, segment);
  const udp = udpFrame(path, payload);
  const tooLong = field16(payload.length + 500);
  if (isIpv6(path)) return [patched(udp, IPV6_PAYLOAD_LENGTH_BYTE, tooLong)];

  const ethernetShort = tcp.slice(0, 11);
  const headerOfFourWords = patched(tcp, IP_VERSION_BYTE, [0x44]);
  const totalLengthBeyondFrame = patched(udp, IPV4_TOTAL_LENGTH_BYTE, tooLong);
  const versionSixInIpv4 = patched(tcp, IP_VERSION_BYTE, [0x65]);
  const udpLengthBeyondPacket = patched(udp, IPV4_UDP_LENGTH_BYTE, tooLong);
  const tcpOffsetOfTwoWords = patched(tcp, IPV4_TCP_OFFSET_BYTE, [0x20]);
  return [
    ethernetShort,
    headerOfFourWords,
    totalLengthBeyondFrame,
    versionSixInIpv4,
    udpLengthBeyondPacket,
    tcpOffsetOfTwoWords,
  ];
};
