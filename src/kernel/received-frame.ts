/** linux/if_packet.h: bits of a frame's status. */
export const TP_STATUS_USER = 1 << 0;
const TP_STATUS_CSUMNOTREADY = 1 << 3;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;

const MAC_ADDRESSES_BYTES = 12;
const VLAN_TAG_BYTES = 4;
const TYPE_VLAN = 0x8100;

/**
 * One frame in a receive ring: overwritten by the next one. Valid until the ring is asked for more.
 */
export class ReceivedFrame {
  /** Where it begins in the ring, bytes; the VLAN tag is back in its place. */
  byteOffset = 0;
  /** Bytes present. */
  capturedBytes = 0;
  /** Bytes on the wire, a VLAN tag included. */
  wireBytes = 0;
  /** Its sender has left the transport checksum for a network card to fill in. */
  isChecksumMissing = false;

  constructor(private readonly view: DataView) {}

  /**
   * Takes over what the kernel wrote about a frame.
   *
   * @param byteOffset where its link-layer header begins in the ring.
   * @param vlanTci tag control information, if the status says that it is valid.
   * @param vlanTpid EtherType of the tag, if the status says so.
   */
  set(
    byteOffset: number,
    capturedBytes: number,
    wireBytes: number,
    status: number,
    vlanTci: number,
    vlanTpid: number,
  ): void {
    this.byteOffset = byteOffset;
    this.capturedBytes = capturedBytes;
    this.wireBytes = wireBytes;
    this.isChecksumMissing = (status & TP_STATUS_CSUMNOTREADY) !== 0;
    if ((status & TP_STATUS_VLAN_VALID) === 0 || capturedBytes < MAC_ADDRESSES_BYTES) return;
    this.restoreTag(vlanTci, (status & TP_STATUS_VLAN_TPID_VALID) !== 0 ? vlanTpid : TYPE_VLAN);
  }

  /** Moves the addresses into the room in front of the frame, and writes the tag behind them. */
  private restoreTag(tci: number, tpid: number): void {
    const { view } = this;
    const from = this.byteOffset;
    const to = from - VLAN_TAG_BYTES;
    for (let i = 0; i < MAC_ADDRESSES_BYTES; i += 4) view.setInt32(to + i, view.getInt32(from + i));
    view.setUint16(to + MAC_ADDRESSES_BYTES, tpid);
    view.setUint16(to + MAC_ADDRESSES_BYTES + 2, tci);
    this.byteOffset = to;
    this.capturedBytes += VLAN_TAG_BYTES;
    this.wireBytes += VLAN_TAG_BYTES;
  }
}
