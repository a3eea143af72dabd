import type { RawSocket, RawSocketPackage } from '../../src/kernel/raw-sockets.js';

interface Sent {
  readonly bytes: Uint8Array;
  readonly address: string;
}

/** A socket of the package, with the test as its kernel. */
export class RawSocketStandIn implements RawSocket {
  readonly options: { level: number; option: number; value: number | string }[] = [];
  readonly sent: Sent[] = [];
  isClosed = false;
  /** What the kernel says to the next packets that are sent; empty when it takes them. */
  refusal = '';
  private onMessage: (message: Uint8Array, source: string) => void = () => undefined;
  private onError: (error: Error) => void = () => undefined;
  /** One for all messages, as the package has it. */
  private readonly buffer = Buffer.alloc(65_535);

  constructor(
    readonly protocol: number,
    readonly addressFamily: number,
    private readonly interfaces: readonly string[],
  ) {}

  readonly wrap = {
    send: (from: Uint8Array, offset: number, bytes: number, address: string, done: () => void) => {
      if (this.refusal !== '') throw new Error(this.refusal);
      this.sent.push({ bytes: Uint8Array.from(from.subarray(offset, offset + bytes)), address });
      done();
    },
  };

  on(event: 'message' | 'error', listener: (...args: never[]) => void): void {
    if (event === 'message') this.onMessage = listener as typeof this.onMessage;
    else this.onError = listener as typeof this.onError;
  }

  setOption(level: number, option: number, value: number | Uint8Array, bytes?: number): void {
    if (typeof value === 'number') {
      this.options.push({ level, option, value });
      return;
    }
    const text = Buffer.from(value.subarray(0, bytes)).toString();
    this.options.push({ level, option, value: text });
    if (!this.interfaces.includes(text.slice(0, -1))) throw new Error('No such device');
  }

  close(): void {
    this.isClosed = true;
  }

  /** A packet comes: the next one overwrites it. */
  receive(message: Uint8Array, source: string): void {
    this.buffer.set(message);
    this.onMessage(this.buffer.subarray(0, message.length), source);
  }

  fail(message: string): void {
    this.onError(new Error(message));
  }
}

/** The package raw-socket on a machine with the given interfaces. */
export class RawSocketPackageStandIn implements RawSocketPackage {
  readonly sockets: RawSocketStandIn[] = [];
  /** What the kernel says to new sockets of an address family of the package; nothing where it is empty. */
  readonly refusals = new Map<number, string>();

  constructor(private readonly interfaces: readonly string[] = ['eth0', 'eth1']) {}

  createSocket(options: { protocol: number; addressFamily: number; bufferSize: number }): RawSocketStandIn {
    const refusal = this.refusals.get(options.addressFamily);
    if (refusal !== undefined) throw new Error(refusal);
    const socket = new RawSocketStandIn(options.protocol, options.addressFamily, this.interfaces);
    this.sockets.push(socket);
    return socket;
  }

  /** The nth socket of a protocol and an address family, from 0. */
  find(protocol: number, addressFamily: number, nth = 0): RawSocketStandIn {
    const found = this.sockets.filter(
      (socket) => socket.protocol === protocol && socket.addressFamily === addressFamily,
    )[nth];
    if (found === undefined) throw new Error(`no socket ${nth} of protocol ${protocol}`);
    return found;
  }
}
