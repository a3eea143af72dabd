import { readSync, writeSync } from 'node:fs';
import { EnvironmentError } from '../errors.js';
import { errnoName, lastErrno, libc } from './libc.js';

/** bits/eventfd.h. */
const EFD_NONBLOCK = 0x800;

/** What an eventfd takes and gives: one number of 64 bits (eventfd(2)). */
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

/** A descriptor that wakes whoever waits for it in poll(2): eventfd(2). */
export function createWakeEvent(): number {
  const fd = libc().eventfd(0, EFD_NONBLOCK);
  if (fd < 0) throw new EnvironmentError(`cannot make an eventfd: ${errnoName(lastErrno())}`);
  return fd;
}

/** Wakes who waits for it. From any thread. */
export function signalWake(fd: number): void {
  writeSync(fd, ONE);
}

/** Takes the signal, so that the next wait is not ended by it. */
export function takeWake(fd: number): void {
  readSync(fd, new Uint8Array(ONE.length));
}
