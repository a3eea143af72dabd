import { addressOf, lastErrno, libc } from './libc.js';
import { AF_PACKET, SOCKADDR_LL_BYTES } from './packet-socket.js';

/** bits/socket.h: fail rather than wait. */
const MSG_DONTWAIT = 0x40;

/**
 * struct mmsghdr (bits/socket.h) on 64-bit Linux: a struct msghdr of 56 bytes (name, length of the name,
 * vector, its length, control, its length, flags), the length that was sent, padding. 32-bit words:
 */
const MESSAGE_WORDS = 16;
const MESSAGE_NAME = 0;
const MESSAGE_NAME_BYTES = 2;
const MESSAGE_VECTOR = 4;
const MESSAGE_VECTOR_COUNT = 6;
/** struct iovec (bits/types/struct_iovec.h): address and length, 8 bytes each. */
const VECTOR_WORDS = 4;
const VECTOR_BYTES = 2;
/** struct sockaddr_ll, of which only family and interface count for a frame with its own header. */
const NAME_WORDS = SOCKADDR_LL_BYTES / 4;
const NAME_INTERFACE = 1;

const TWO_TO_32 = 2 ** 32;

/** Frames in one piece of memory that sendmmsg(2) sends in one call. */
export class MessageBatch {
  private readonly messages: Int32Array;
  private readonly vectors: Int32Array;
  private readonly names: Int32Array;
  private readonly frames: number;
  /** Error number of the last `send` that returned -1. */
  errno = 0;

  /**
   * @param capacity frames at most.
   * @param frames the memory that all of them lie in; it must not move, as shared memory does not.
   */
  constructor(capacity: number, frames: Uint8Array) {
    // On buffers of their own: V8 would keep a small array in its heap, and move it.
    this.messages = new Int32Array(new ArrayBuffer(capacity * MESSAGE_WORDS * 4));
    this.vectors = new Int32Array(new ArrayBuffer(capacity * VECTOR_WORDS * 4));
    this.names = new Int32Array(new ArrayBuffer(capacity * NAME_WORDS * 4));
    this.frames = Number(addressOf(frames));
    const vectors = Number(addressOf(this.vectors));
    const names = Number(addressOf(this.names));
    for (let i = 0; i < capacity; i++) {
      const message = i * MESSAGE_WORDS;
      setAddress(this.messages, message + MESSAGE_NAME, names + i * SOCKADDR_LL_BYTES);
      this.messages[message + MESSAGE_NAME_BYTES] = SOCKADDR_LL_BYTES;
      setAddress(this.messages, message + MESSAGE_VECTOR, vectors + i * VECTOR_WORDS * 4);
      this.messages[message + MESSAGE_VECTOR_COUNT] = 1;
      this.names[i * NAME_WORDS] = AF_PACKET;
    }
  }

  /**
   * Describes one frame.
   *
   * @param i its position, from 0.
   * @param byteOffset where it begins in the memory.
   * @param kernelIndex the interface that it leaves by.
   */
  set(i: number, byteOffset: number, bytes: number, kernelIndex: number): void {
    const vector = i * VECTOR_WORDS;
    setAddress(this.vectors, vector, this.frames + byteOffset);
    this.vectors[vector + VECTOR_BYTES] = bytes;
    this.names[i * NAME_WORDS + NAME_INTERFACE] = kernelIndex;
  }

  /**
   * Sends the frames from `first` up to `end`, in order, until the kernel refuses one.
   *
   * @returns how many it took, or -1 when it refused the first: `errno` says why.
   */
  send(fd: number, first: number, end: number): number {
    const from = first === 0 ? this.messages : this.messages.subarray(first * MESSAGE_WORDS);
    const sent = libc().sendmmsg(fd, from, end - first, MSG_DONTWAIT);
    if (sent < 0) this.errno = lastErrno();
    return sent;
  }
}

/** Little-endian, like every machine that Node.js runs on; addresses of a process are below 2^53. */
function setAddress(words: Int32Array, word: number, address: number): void {
  words[word] = (address % TWO_TO_32) | 0;
  words[word + 1] = (address / TWO_TO_32) | 0;
}
