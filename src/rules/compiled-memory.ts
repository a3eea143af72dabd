import { readFileSync } from 'node:fs';
import { EnvironmentError, InvariantError } from '../errors.js';
import { HEADER_BLOCK_COUNT } from './matcher-layout.js';

/*
 * Where compiled tables lie (matcher-layout.ts). Main places them and writes again over those that no worker reads any
 * more; workers read them, and each makes a search of its own over the same memory.
 *
 * The search of a table of several blocks is WebAssembly, which can read no memory but WebAssembly's. V8 keeps 10 GB of
 * addresses free around each, so that no access needs a check, and takes no memory for them.
 */

/** WebAssembly's unit of memory. */
const PAGE_BYTES = 65_536;

/** `WebAssembly.Memory` for a table of several blocks. */
export interface CompiledMemory {
  readonly buffer: SharedArrayBuffer;
}

/**
 * @param row0 word that a packet's row begins at, and so the others.
 * @returns the first position in all three rows, or `NO_MATCH`.
 */
export type Search = (row0: number, row1: number, row2: number) => number;

/** What `npm run build` makes of wasm/search.ts. */
const searchModule = new WebAssembly.Module(readFileSync(new URL('./wasm/search.wasm', import.meta.url)));

/**
 * Puts a compiled table where workers can search it.
 *
 * @param buffer of `compileMatcher`.
 * @param spare memory that nobody reads any more: used where the table needs such, and it is large enough.
 * @returns the buffer's own memory, `spare`, or new memory.
 * @throws EnvironmentError where the process may not have so many addresses.
 */
export function placeCompiled(
  buffer: SharedArrayBuffer,
  spare: WebAssembly.Memory | null = null,
): CompiledMemory {
  const words = new Int32Array(buffer);
  if (words[HEADER_BLOCK_COUNT] === 1) return { buffer };
  const isFit = spare !== null && spare.buffer.byteLength >= buffer.byteLength;
  const memory = isFit ? spare : createMemory(buffer.byteLength);
  new Int32Array(memory.buffer).set(words);
  return memory;
}

function createMemory(bytes: number): WebAssembly.Memory {
  // Twice as large at the next step: a rule file that grows finds room. What is never written takes no memory.
  const pages = 2 ** Math.max(Math.ceil(Math.log2(bytes / PAGE_BYTES)), 0);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EnvironmentError(
      'no addresses are left for the rule table: more than 1,024 rules want 10 GB of them, and as many again while they ' +
        'are replaced, but no memory for them: raise the limit (ulimit -v, LimitAS= in a unit), or start with ' +
        'NODE_OPTIONS=--disable-wasm-trap-handler',
    );
  }
}

/**
 * @param memory of a table of several blocks.
 * @param positions word that they begin at.
 * @param summaries words at the beginning of each row.
 */
export function createSearch(memory: CompiledMemory, positions: number, summaries: number): Search {
  if (!(memory instanceof WebAssembly.Memory)) {
    throw new InvariantError('a compiled table of several blocks is not in memory of WebAssembly');
  }
  const { exports } = new WebAssembly.Instance(searchModule, {
    env: { memory },
    search: { positions, summaries },
  });
  return exports.firstOfThree as Search;
}
