import { readFileSync } from 'node:fs';
import { EnvironmentError } from '../errors.js';
import { HEADER_BLOCK_COUNT } from './matcher-layout.js';

/** WebAssembly's unit of memory. */
const PAGE_BYTES = 65_536;

/**
 * The memory of a compiled rule table: matcher-layout.ts. Shared by all workers, and written by none of them. Where a
 * table has several blocks it is WebAssembly's, because that can read no other; around each the kernel keeps 10 GB of
 * addresses free, and no memory.
 */
export interface CompiledMemory {
  readonly buffer: SharedArrayBuffer;
}

/** @returns the first position in three rows of a table, given by their offsets, or `NO_MATCH`. */
export type Search = (row0: number, row1: number, row2: number) => number;

/** What `npm run build` makes of wasm/search.ts. */
const searchModule = new WebAssembly.Module(readFileSync(new URL('./wasm/search.wasm', import.meta.url)));

/**
 * Puts a compiled table where workers can search it.
 *
 * @param buffer of `compileMatcher`.
 * @param spare memory that nobody reads any more, to be used again where it is large enough.
 * @throws EnvironmentError where the process may not have so many addresses.
 */
export function placeCompiled(
  buffer: SharedArrayBuffer,
  spare: CompiledMemory | null = null,
): CompiledMemory {
  const words = new Int32Array(buffer);
  if (words[HEADER_BLOCK_COUNT] === 1) return { buffer };
  const isFit = spare instanceof WebAssembly.Memory && spare.buffer.byteLength >= buffer.byteLength;
  const memory = isFit ? spare : createMemory(buffer.byteLength);
  new Int32Array(memory.buffer).set(words);
  return memory;
}

function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EnvironmentError(
      'there are no addresses left for the rule table, which wants 10 GB of them and next to no memory: ' +
        'see `ulimit -v`, LimitAS of systemd',
    );
  }
}

/**
 * @param positions offset of them in the table.
 * @param summaries words at the beginning of each of its rows.
 * @returns `null` for a table of one block.
 */
export function createSearch(memory: CompiledMemory, positions: number, summaries: number): Search | null {
  if (!(memory instanceof WebAssembly.Memory)) return null;
  const { exports } = new WebAssembly.Instance(searchModule, {
    env: { memory },
    search: { positions, summaries },
  });
  return exports.firstOfThree as Search;
}
