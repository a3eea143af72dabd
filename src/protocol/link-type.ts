/**
 * Link types that carry IP, under the numbers that capture files use for them.
 * Source: https://www.tcpdump.org/linktypes.html; 12 and 14 are what DLT_RAW was on some systems.
 */
export const LINK_NULL = 0;
export const LINK_ETHERNET = 1;
export const LINK_RAW_BSD = 12;
export const LINK_RAW_OPENBSD = 14;
export const LINK_RAW = 101;
export const LINK_LOOP = 108;
export const LINK_LINUX_SLL = 113;
export const LINK_IPV4 = 228;
export const LINK_IPV6 = 229;
export const LINK_LINUX_SLL2 = 276;

const SUPPORTED: ReadonlySet<number> = new Set([
  LINK_NULL,
  LINK_ETHERNET,
  LINK_RAW_BSD,
  LINK_RAW_OPENBSD,
  LINK_RAW,
  LINK_LOOP,
  LINK_LINUX_SLL,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL2,
]);

/** The supported link types in words. A test holds this text against `isSupportedLinkType`. */
export const SUPPORTED_LINK_TYPES =
  'Ethernet (1), BSD loopback (0, 108), raw IP (12, 14, 101, 228, 229), Linux cooked (113, 276)';

/** True when the parser can find the IP header behind this link layer. */
export function isSupportedLinkType(linkType: number): boolean {
  return SUPPORTED.has(linkType);
}
