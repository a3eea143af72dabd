/** The yardstick's frame, and where it has what differs from flow to flow. */
export const YARDSTICK_FRAME_BYTES = 64;
export const SRC_ADDRESS_LOW_OFFSET = 28;
export const SRC_PORT_OFFSET = 34;
/** The source port of flow 0. */
export const FIRST_SRC_PORT = 1024;

/**
 * Ethernet, IPv4 10.128.x.x to 10.128.0.2, TCP to port 80: `build` of the yardstick, of flow 0.
 *
 * @param frameBytes its length; what is longer than the headers is zeros.
 */
export function yardstickFrame(frameBytes = YARDSTICK_FRAME_BYTES): DataView {
  const bytes = new Uint8Array(frameBytes);
  bytes.set([0x08, 0x00, 0x45], 12);
  bytes.set([64, 6], 22);
  bytes.set([10, 128], 26);
  bytes.set([10, 128, 0, 2], 30);
  bytes.set([80], 37);
  bytes.set([0x50], 46);
  const view = new DataView(bytes.buffer);
  view.setUint16(16, frameBytes - 14);
  view.setUint16(SRC_PORT_OFFSET, FIRST_SRC_PORT);
  return view;
}
