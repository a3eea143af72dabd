/** linux/if_arp.h: the link layers whose frames the parser can read, and those that users meet. */
const ARPHRD_ETHER = 1;
const ARPHRD_RAWIP = 519;
const ARPHRD_LOOPBACK = 772;
const ARPHRD_NONE = 0xfffe;

const OTHER_NAMES: ReadonlyMap<number, string> = new Map([
  [24, 'FireWire'],
  [32, 'InfiniBand'],
  [280, 'CAN'],
  [512, 'PPP'],
  [768, 'IPv4 tunnel'],
  [769, 'IPv6 tunnel'],
  [776, 'IPv6-in-IPv4 tunnel'],
  [778, 'GRE tunnel'],
  [801, 'IEEE 802.11'],
  [802, 'IEEE 802.11 with Prism header'],
  [803, 'IEEE 802.11 with radiotap header'],
  [804, 'IEEE 802.15.4'],
  [823, 'GRE over IPv6 tunnel'],
  [824, 'netlink monitor'],
]);

/** What the frames of an interface begin with: an Ethernet header, an IP header, or something unknown. */
export type LinkLayer = 'ethernet' | 'ip' | null;

/** @param hardwareType ARPHRD_*, as in `InterfaceInfo`. */
export function linkLayerOf(hardwareType: number): LinkLayer {
  switch (hardwareType) {
    case ARPHRD_ETHER:
    case ARPHRD_LOOPBACK:
      return 'ethernet';
    case ARPHRD_RAWIP:
    case ARPHRD_NONE:
      return 'ip';
    default:
      return null;
  }
}

/** For a message: `IEEE 802.11 (link layer type 801)`. */
export function linkLayerName(hardwareType: number): string {
  const name = OTHER_NAMES.get(hardwareType);
  return name === undefined ? `link layer type ${hardwareType}` : `${name} (link layer type ${hardwareType})`;
}
