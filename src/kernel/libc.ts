import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type koffi from 'koffi';

/**
 * The functions of the C library that UPE calls, as koffi makes them callable. Pointers are typed arrays
 * (also on shared memory) or addresses; every call costs about 0.3 microseconds, so one a burst is
 * nothing and one a packet is not. Most return -1 on failure, with the reason in `lastErrno`.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: ArrayBufferView, bytes: number): number;
  getsockopt(fd: number, level: number, name: number, value: ArrayBufferView, bytes: ArrayBufferView): number;
  bind(fd: number, address: ArrayBufferView, bytes: number): number;
  close(fd: number): number;
  ioctl(fd: number, request: number, argument: ArrayBufferView): number;
  mmap(address: bigint, bytes: number, protection: number, flags: number, fd: number, offset: number): bigint;
  munmap(address: bigint, bytes: number): number;
  madvise(address: bigint, bytes: number, advice: number): number;
  poll(entries: ArrayBufferView, count: number, timeoutMs: number): number;
  sendmmsg(fd: number, messages: ArrayBufferView, count: number, flags: number): number;
  eventfd(initial: number, flags: number): number;
  sched_setaffinity(pid: number, bytes: number, mask: ArrayBufferView): number;
}

/** `size_t`, `uintptr_t` and `off_t` by their C names: x86-64 and arm64 alike (LP64). */
const PROTOTYPES: Readonly<Record<keyof Libc, string>> = {
  socket: 'int socket(int domain, int type, int protocol)',
  setsockopt: 'int setsockopt(int fd, int level, int name, void *value, uint32_t bytes)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *bytes)',
  bind: 'int bind(int fd, void *address, uint32_t bytes)',
  close: 'int close(int fd)',
  ioctl: 'int ioctl(int fd, unsigned long request, void *argument)',
  mmap: 'void *mmap(uintptr_t address, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(uintptr_t address, size_t bytes)',
  madvise: 'int madvise(uintptr_t address, size_t bytes, int advice)',
  poll: 'int poll(void *entries, unsigned long count, int timeoutMs)',
  sendmmsg: 'int sendmmsg(int fd, void *messages, unsigned int count, int flags)',
  eventfd: 'int eventfd(unsigned int initial, int flags)',
  sched_setaffinity: 'int sched_setaffinity(int pid, size_t bytes, void *mask)',
};

let koffiModule: typeof koffi | null = null;
let functions: Libc | null = null;

/** koffi itself, loaded when it is first needed: a replay or the demo never does. */
function foreign(): typeof koffi {
  koffiModule ??= createRequire(import.meta.url)('koffi') as typeof koffi;
  return koffiModule;
}

/** The C library of this process; every thread loads its own copy of the bindings. */
export function libc(): Libc {
  if (functions !== null) return functions;
  const library = foreign().load(null);
  const entries = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, library.func(prototype)]);
  functions = Object.fromEntries(entries) as Libc;
  return functions;
}

/** The error number of this thread's last call. */
export function lastErrno(): number {
  return foreign().errno();
}

/** An error number by name: `EPERM`. */
export function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}

/** Where the memory of a typed array lies in this process. It does not move while its buffer lives. */
export function addressOf(array: ArrayBufferView): bigint {
  return foreign().address(array);
}

/**
 * Memory outside JavaScript as an ArrayBuffer. The caller keeps the mapping alive for as long as the
 * buffer is in use.
 */
export function memoryAt(address: bigint, bytes: number): ArrayBuffer {
  return foreign().view(address, bytes);
}
