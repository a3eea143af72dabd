import { CACHE_LINE_WORDS, WORD_BYTES } from './layout.js';

/*
 * What main knows of each live interface, for the threads that must not ask the kernel: one line each,
 * and an empty one in front to keep malloc's blocks away.
 *
 *   word          writer   readers          meaning
 *   kernel index  main     workers          the interface's number, another one when it is created again; 0: gone
 *   up            main     workers, stats   1 while it is up and has a carrier
 */
const LINK_KERNEL_INDEX = 0;
const LINK_UP = 1;

export function createLinks(interfaceCount: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + interfaceCount) * CACHE_LINE_WORDS * WORD_BYTES);
}

/** One thread's view of it; interfaces by their position in the engine's list. */
export class Links {
  private readonly words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  /** The kernel's number of the interface, 0 while there is none. */
  kernelIndex(interfaceIndex: number): number {
    return this.words[this.line(interfaceIndex) + LINK_KERNEL_INDEX];
  }

  isUp(interfaceIndex: number): boolean {
    return this.words[this.line(interfaceIndex) + LINK_UP] === 1;
  }

  /** Main only. */
  set(interfaceIndex: number, kernelIndex: number, isUp: boolean): void {
    Atomics.store(this.words, this.line(interfaceIndex) + LINK_UP, isUp ? 1 : 0);
    Atomics.store(this.words, this.line(interfaceIndex) + LINK_KERNEL_INDEX, kernelIndex);
  }

  private line(interfaceIndex: number): number {
    return (1 + interfaceIndex) * CACHE_LINE_WORDS;
  }
}
