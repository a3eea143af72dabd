import { ABSENT } from '../../protocol/packet.js';
import { type KnownPacket, UNKNOWN } from '../explain/known-packet.js';
import type { Witness } from './findings.js';
import type { AxisField } from './match-spans.js';

/**
 * The packet that a witness stands for: of each field that rules tell apart, the lowest value that is like the
 * packet's to all of them. What no rule looks at is not known, and does not matter.
 */
export function examplePacket({ sector, point }: Witness): KnownPacket {
  const { version, isFragment, absent } = sector.kind;
  const values = new Map(
    sector.axes.flatMap(({ field, axis }, i) => (axis.isTold ? [[field, axis.valueOf(point[i])]] : [])),
  );
  const value = (field: AxisField) => {
    const own = values.get(field);
    return own === undefined ? (absent.includes(field) ? ABSENT : UNKNOWN) : Number(own);
  };
  const address = (field: 'src' | 'dst') => {
    const own = values.get(field);
    return own === undefined ? null : addressWords(own, version);
  };
  return {
    ipVersion: version ?? UNKNOWN,
    protocols: values.has('protocol') ? [value('protocol')] : null,
    src: address('src'),
    dst: address('dst'),
    srcPort: value('srcPort'),
    dstPort: value('dstPort'),
    tcpFlags: value('tcpFlags'),
    icmpType: value('icmpType'),
    dscp: value('dscp'),
    isFragment: isFragment === null ? UNKNOWN : Number(isFragment),
    vlan: value('vlan'),
    interfaceIndex: value('inInterface'),
  };
}

function addressWords(value: number | bigint, version: 4 | 6 | null): number[] {
  if (version !== 6) return [Number(value) | 0];
  const all = BigInt(value);
  return [96n, 64n, 32n, 0n].map((shift) => Number(BigInt.asIntN(32, all >> shift)));
}
