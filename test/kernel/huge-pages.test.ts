import { readFileSync } from 'node:fs';
import t from 'tap';
import { wishForHugePages } from '../../src/kernel/huge-pages.js';
import { addressOf } from '../../src/kernel/libc.js';

const MEGABYTE = 2 ** 20;

/** The kernel's choices, with the one that holds in brackets; null where it knows no large pages. */
function transparentHugePages(): string | null {
  try {
    return readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8');
  } catch {
    return null;
  }
}

/** Kilobytes in large pages of the mapping that an address belongs to. */
function hugeKilobytesAt(address: bigint): number {
  for (const mapping of readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(mapping)!;
    if (address < BigInt(`0x${from}`) || address >= BigInt(`0x${to}`)) continue;
    return Number(/^AnonHugePages:\s+(\d+) kB$/m.exec(mapping)![1]);
  }
  throw new Error(`no mapping has address ${address}`);
}

const choices = transparentHugePages();
const skip = (choices === null || choices.includes('[never]')) && 'this kernel gives no large pages';

t.test('memory that is wished to lie in large pages does, once it is touched', { skip }, async (t) => {
  const memory = new Uint8Array(new SharedArrayBuffer(32 * MEGABYTE));
  t.equal(wishForHugePages(memory), true, 'the kernel agrees');
  memory.fill(1);
  // In its middle: the page that it begins in is not part of the wish, and has become a mapping of its own.
  const huge = hugeKilobytesAt(addressOf(memory) + BigInt(memory.length / 2));
  t.ok(huge >= 16 * 1024, `at least half of 32 MiB, not ${huge} kB`);
  t.equal(memory.at(-1), 1, 'the memory holds what was written');
});

t.test('memory of less than a page is left as it is', async (t) => {
  t.equal(wishForHugePages(new Uint8Array(new SharedArrayBuffer(100))), true);
});
