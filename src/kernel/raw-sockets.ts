import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { EnvironmentError } from '../errors.js';
import { refusal } from './refusal.js';

/** netinet/in.h. */
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_ICMPV6 = 58;
const IPPROTO_IP = 0;
/** Sends any protocol, receives none: raw(7). */
const IPPROTO_RAW = 255;
const IP_HDRINCL = 3;

/** asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const SO_RCVBUFFORCE = 33;

/** The largest packet that a raw socket delivers. */
const PACKET_BYTES_MAX = 65_535;
/** What the kernel may keep for a socket while main is at something else; it takes less if it must. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** The part of a socket of the npm package that UPE uses. The message's bytes change with the next one. */
export interface RawSocket {
  on(event: 'message', listener: (message: Uint8Array, source: string) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  setOption(level: number, option: number, value: number): void;
  setOption(level: number, option: number, value: Uint8Array, bytes: number): void;
  close(): unknown;
  /** sendto(2), at once; throws what the kernel says. The socket's own `send` is one packet an event. */
  readonly wrap: {
    send(from: Uint8Array, offset: number, bytes: number, address: string, done: () => void): void;
  };
}

/** The npm package raw-socket 1.8.1. */
export interface RawSocketPackage {
  createSocket(options: { protocol: number; addressFamily: number; bufferSize: number }): RawSocket;
}

/** The package's own numbers: its `AddressFamily`. */
const FAMILIES = { 4: 1, 6: 2 } as const;

/** The package reports errors by strerror(3): glibc's texts, and musl's where they differ. */
const ERRNO_OF_TEXT: ReadonlyMap<string, number> = new Map([
  ['Operation not permitted', constants.errno.EPERM],
  ['Permission denied', constants.errno.EACCES],
  ['Resource temporarily unavailable', constants.errno.EAGAIN],
  ['No buffer space available', constants.errno.ENOBUFS],
  ['Message too long', constants.errno.EMSGSIZE],
  ['Message too large', constants.errno.EMSGSIZE],
  ['Network is down', constants.errno.ENETDOWN],
  ['No such device', constants.errno.ENODEV],
  ['No such device or address', constants.errno.ENXIO],
  ['Address family not supported by protocol', constants.errno.EAFNOSUPPORT],
]);

/** The error number behind an error of the package; 0 for one that UPE makes no difference for. */
export function errnoOf(error: unknown): number {
  return ERRNO_OF_TEXT.get((error as Error).message) ?? 0;
}

/**
 * Loads the package, an optional dependency: its addon is compiled where it is installed. It polls the
 * process's own event loop, so this works on the main thread only.
 *
 * @throws EnvironmentError where it is not installed or was compiled for another Node.js.
 */
export function loadRawSockets(): RawSocketPackage {
  try {
    return createRequire(import.meta.url)('raw-socket') as RawSocketPackage;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new EnvironmentError(
      `UPE_SOURCE=raw-socket needs the npm package raw-socket, which cannot be loaded here (${code}): get it ` +
        'with `npm install raw-socket`, which needs a C++ compiler, make and python',
    );
  }
}

/**
 * Opens a socket that receives packets of one protocol and IP version.
 *
 * @param interfaceName what it is bound to; `null` for all.
 * @returns `null` where the kernel has no such IP version.
 * @throws EnvironmentError without CAP_NET_RAW, or when there is no such interface.
 */
export function openReceiver(
  sockets: RawSocketPackage,
  ipVersion: 4 | 6,
  protocol: number,
  interfaceName: string | null,
): RawSocket | null {
  try {
    const addressFamily = FAMILIES[ipVersion];
    const socket = sockets.createSocket({ protocol, addressFamily, bufferSize: PACKET_BYTES_MAX });
    if (interfaceName !== null) bindToInterface(socket, interfaceName);
    enlargeReceiveBuffer(socket);
    return socket;
  } catch (error) {
    if (errnoOf(error) === constants.errno.EAFNOSUPPORT) return null;
    throw refused('cannot open a raw socket', error);
  }
}

/**
 * Opens a socket that sends whole IPv4 packets, and by that interface whatever their destination.
 *
 * @throws EnvironmentError as `openReceiver`.
 */
export function openSender(sockets: RawSocketPackage, interfaceName: string): RawSocket {
  try {
    const socket = sockets.createSocket({
      protocol: IPPROTO_RAW,
      addressFamily: FAMILIES[4],
      bufferSize: PACKET_BYTES_MAX,
    });
    bindToInterface(socket, interfaceName);
    socket.setOption(IPPROTO_IP, IP_HDRINCL, 1);
    return socket;
  } catch (error) {
    throw refused('cannot open a raw socket to send with', error);
  }
}

function bindToInterface(socket: RawSocket, name: string): void {
  const text = Buffer.from(`${name}\0`);
  try {
    socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, text, text.length);
  } catch (error) {
    socket.close();
    throw refused(`cannot bind a raw socket to interface ${name}`, error);
  }
}

/** Beyond the system's limit (net.core.rmem_max) where CAP_NET_ADMIN is there, otherwise up to it. */
function enlargeReceiveBuffer(socket: RawSocket): void {
  try {
    socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
  } catch {
    socket.setOption(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  }
}

function refused(what: string, error: unknown): EnvironmentError {
  if (error instanceof EnvironmentError) return error;
  const errno = errnoOf(error);
  return errno === 0 ? new EnvironmentError(`${what}: ${(error as Error).message}`) : refusal(what, errno);
}
