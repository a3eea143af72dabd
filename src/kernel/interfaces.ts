import { readFileSync } from 'node:fs';
import { EnvironmentError } from '../errors.js';
import { addressOf, errnoName, lastErrno, libc } from './libc.js';

/** bits/socket.h: any socket will do to ask about interfaces, and this kind needs no privilege. */
const AF_INET = 2;
const SOCK_DGRAM = 2;

/** linux/sockios.h. */
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFMTU = 0x8921;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const SIOCETHTOOL = 0x8946;
/** struct ifreq (linux/if.h): a name of 16 bytes, then a union of 24. */
const IFREQ_BYTES = 40;
const IFREQ_VALUE = 16;
/** IFNAMSIZ less the terminating zero. */
const NAME_BYTES_MAX = 15;

/** linux/if.h: the interface is up, and it has a carrier. */
const IFF_UP = 1 << 0;
const IFF_RUNNING = 1 << 6;

/** linux/ethtool.h: receive offloads that join frames. */
const ETHTOOL_GFLAGS = 0x25;
const ETHTOOL_GGRO = 0x2b;
const ETH_FLAG_LRO = 1 << 15;

/** How an interface is now. */
export interface InterfaceState {
  /** The kernel's number for it: another one when it is created again. */
  readonly index: number;
  readonly isUp: boolean;
}

/** What the kernel says of an interface. */
export interface InterfaceInfo extends InterfaceState {
  readonly name: string;
  /** Bytes of the largest packet, without the link-layer header. */
  readonly mtu: number;
  /** ARPHRD_* (linux/if_arp.h). */
  readonly hardwareType: number;
}

/** Asks the kernel about interfaces of this network namespace. */
export class InterfaceQuery {
  private readonly fd: number;
  private readonly request = new DataView(new ArrayBuffer(IFREQ_BYTES));

  constructor() {
    this.fd = libc().socket(AF_INET, SOCK_DGRAM, 0);
    if (this.fd < 0) throw new EnvironmentError(`cannot open a socket: ${errnoName(lastErrno())}`);
  }

  /** Returns `null` when there is no such interface. */
  stateOf(name: string): InterfaceState | null {
    const index = this.ask(name, SIOCGIFINDEX)?.getInt32(IFREQ_VALUE, true);
    const flags = this.ask(name, SIOCGIFFLAGS)?.getInt16(IFREQ_VALUE, true);
    // It may have gone between two questions.
    if (index === undefined || flags === undefined) return null;
    return { index, isUp: (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0 };
  }

  /** The same and what hardly changes. Returns `null` when there is no such interface. */
  find(name: string): InterfaceInfo | null {
    const state = this.stateOf(name);
    const mtu = this.ask(name, SIOCGIFMTU)?.getInt32(IFREQ_VALUE, true);
    const hardwareType = this.ask(name, SIOCGIFHWADDR)?.getUint16(IFREQ_VALUE, true);
    if (state === null || mtu === undefined || hardwareType === undefined) return null;
    return { name, ...state, mtu, hardwareType };
  }

  /** Whether it joins received frames to larger ones: GRO or LRO. */
  joinsFrames(name: string): boolean {
    const gro = this.askEthtool(name, ETHTOOL_GGRO) !== 0;
    const lro = (this.askEthtool(name, ETHTOOL_GFLAGS) & ETH_FLAG_LRO) !== 0;
    return gro || lro;
  }

  close(): void {
    libc().close(this.fd);
  }

  /** struct ethtool_value: a command and the answer. Returns 0 where the driver does not know. */
  private askEthtool(name: string, command: number): number {
    // On a buffer of its own, which does not move: V8 would keep a small array in its heap.
    const value = new Uint32Array(new ArrayBuffer(8));
    value[0] = command;
    return this.ask(name, SIOCETHTOOL, addressOf(value)) === null ? 0 : value[1];
  }

  private ask(name: string, question: number, pointer = 0n): DataView | null {
    const bytes = Buffer.from(name);
    if (bytes.length === 0 || bytes.length > NAME_BYTES_MAX) return null;
    const { request } = this;
    new Uint8Array(request.buffer).fill(0).set(bytes);
    request.setBigUint64(IFREQ_VALUE, pointer, true);
    return libc().ioctl(this.fd, question, request) < 0 ? null : request;
  }
}

/** Names of all interfaces of this network namespace, up or down. */
export function interfaceNames(): string[] {
  return readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, line.indexOf(':')).trim())
    .filter((name) => name !== '');
}
