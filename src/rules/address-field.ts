import { isIPv4, isIPv6 } from 'node:net';
import { quoted } from './field-values.js';
import { Mistake } from './mistake.js';
import type { Prefix } from './rule.js';
import type { YamlScalar } from './yaml-tree.js';

/** ::ffff:0:0/96, RFC 4291 section 2.5.5.2: its words before the IPv4 address. */
const MAPPED_BITS = 96;

/**
 * Reads an address or a network in CIDR notation, IPv4 or IPv6.
 *
 * An IPv4-mapped IPv6 address is refused: on the wire the packets that it stands for are IPv4. The
 * whole block ::ffff:0:0/96 is accepted, for a rule that looks for such packets.
 */
export function parsePrefix(scalar: YamlScalar): Prefix | Mistake {
  const slash = scalar.text.indexOf('/');
  const address = slash === -1 ? scalar.text : scalar.text.slice(0, slash);
  const version = isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : 0;
  if (version === 0) return new Mistake(notAddress(scalar, address));
  const widest = version === 4 ? 32 : 128;
  const bits = slash === -1 ? widest : prefixLength(scalar.text.slice(slash + 1), widest);
  if (bits === -1) {
    return new Mistake(`${quoted(scalar)}: an IPv${version} prefix length is a number from 0 to ${widest}`);
  }
  const words = version === 4 ? [ipv4Word(address)] : ipv6Words(address);
  if (version === 6 && bits > MAPPED_BITS && isMapped(words)) {
    const plain = formatIpv4(words[3]);
    const meant = bits === 128 ? plain : `${plain}/${bits - MAPPED_BITS}`;
    return new Mistake(
      `${quoted(scalar)} stands for IPv4 packets, which are matched as IPv4; write ${meant}`,
    );
  }
  const network = words.map((word, i) => word & wordMask(bits - 32 * i));
  if (network.some((word, i) => word !== words[i])) {
    const meant = `${formatAddress({ version, words: network })}/${bits} or ${address}/${widest}`;
    return new Mistake(`${quoted(scalar)} has host bits set; write ${meant}`);
  }
  return { version, words, bits };
}

/** The words of an address of either family, as in `Prefix`; `null` when the text is none. */
export function addressWords(text: string): readonly number[] | null {
  if (isIPv4(text)) return [ipv4Word(text)];
  return isIPv6(text) && !text.includes('%') ? ipv6Words(text) : null;
}

/** A prefix as text: canonical (RFC 5952 for IPv6), with the length where it is not a single address. */
export function formatPrefix(prefix: Prefix): string {
  const widest = prefix.version === 4 ? 32 : 128;
  return prefix.bits === widest ? formatAddress(prefix) : `${formatAddress(prefix)}/${prefix.bits}`;
}

/** A mask of the upper `bits` bits of a word; all of them from 32, none from 0 down. */
function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  // JavaScript shifts by the amount modulo 32.
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function prefixLength(text: string, widest: number): number {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return -1;
  const bits = Number(text);
  return bits <= widest ? bits : -1;
}

function ipv4Word(address: string): number {
  let word = 0;
  for (const octet of address.split('.')) word = (word << 8) | Number(octet);
  return word;
}

/** @param address a text that node:net calls an IPv6 address. */
function ipv6Words(address: string): number[] {
  const [head, tail] = address.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  const words: number[] = [];
  for (let i = 0; i < 8; i += 2) words.push((all[i] << 16) | all[i + 1]);
  return words;
}

/** The 16-bit groups of one side of the "::"; a dotted IPv4 ending makes two. */
function groups(text: string): number[] {
  const found: number[] = [];
  for (const group of text === '' ? [] : text.split(':')) {
    if (group.includes('.')) {
      const word = ipv4Word(group);
      found.push(word >>> 16, word & 0xffff);
    } else found.push(Number.parseInt(group, 16));
  }
  return found;
}

function isMapped(words: readonly number[]): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

function formatAddress({ version, words }: Pick<Prefix, 'version' | 'words'>): string {
  return version === 4 ? formatIpv4(words[0]) : formatIpv6(words);
}

function formatIpv4(word: number): string {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff].join('.');
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
function formatIpv6(words: readonly number[]): string {
  const all = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let runStart = 0;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && all[end] === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (runLength === 1) return hex(all);
  return `${hex(all.slice(0, runStart))}::${hex(all.slice(runStart + runLength))}`;
}

function notAddress(scalar: YamlScalar, address: string): string {
  const shown = quoted(scalar);
  if (address.includes('%'))
    return `${shown} has a zone; write the address alone, and in_interface beside it`;
  if (/^(any|all|\*)$/i.test(address)) return `${shown} is not an address; leave the field out for any`;
  if (address.includes(',')) return `${shown} is one text; write a list, [a, b]`;
  if (/^[0-9.]+-[0-9.]+$/.test(address)) return `${shown}: address ranges are not possible; write networks`;
  return `${shown} is not an IPv4 or IPv6 address or network, like 10.0.0.0/8 or 2001:db8::/32`;
}
