const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const DOT = 0x2e;
const LOWER_A = 0x61;

/** Words of 16 bits in an address. */
const GROUPS = 8;

/**
 * Writes an IPv6 address that inet_ntop(3) has made a text of as its 16 bytes. That text is well-formed:
 * lower case, at most one "::", perhaps a dotted IPv4 address at its end.
 *
 * @param into where the address is written, in network byte order.
 */
export function writeIpv6Text(text: string, into: Uint8Array, byteOffset: number): void {
  const end = byteOffset + 2 * GROUPS;
  let at = byteOffset;
  /** Where the zeros of "::" belong. */
  let gapAt = -1;
  let group = 0;
  let octet = 0;
  let isDotted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) {
      if (text.charCodeAt(i + 1) === COLON) {
        // The group in front of "::", unless the text begins with it.
        if (i > 0) at = writeGroup(into, at, group);
        gapAt = at;
        i++;
      } else {
        at = writeGroup(into, at, group);
      }
      group = 0;
      octet = 0;
    } else if (code === DOT) {
      into[at++] = octet;
      octet = 0;
      isDotted = true;
    } else {
      const digit = code <= NINE ? code - ZERO : code - LOWER_A + 10;
      group = (group << 4) | digit;
      octet = octet * 10 + digit;
    }
  }
  if (isDotted) into[at++] = octet;
  else if (at < end && text.charCodeAt(text.length - 1) !== COLON) at = writeGroup(into, at, group);
  if (gapAt < 0) return;
  const moved = at - gapAt;
  into.copyWithin(end - moved, gapAt, at);
  into.fill(0, gapAt, end - moved);
}

function writeGroup(into: Uint8Array, at: number, group: number): number {
  into[at] = group >> 8;
  into[at + 1] = group & 0xff;
  return at + 2;
}
