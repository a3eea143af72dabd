import { isIP } from 'node:net';

/**
 * How the text of a variable or flag becomes a value.
 *
 * These stand in for convict's own formats, which take `9464abc` as a number and everything but `false`
 * as true. A format never throws: it returns `undefined` for a text it refuses, so that the loader can
 * gather every mistake before it reports any. None of them sees an empty text, which means unset.
 */
export interface Format<T> {
  /** What is accepted, worded to follow "must be" and "Takes". */
  readonly expectation: string;
  /** What help shows in the place of the value, upper case. */
  readonly placeholder: string;
  /** The value, or `undefined` when the text is not one. */
  parse(text: string): T | undefined;
}

/** Both ends are included. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Speed at which a capture file is played: as recorded, as fast as the engine takes it, or steadily. */
export type Pace =
  | { readonly kind: 'realtime' }
  | { readonly kind: 'max' }
  | { readonly kind: 'rate'; readonly packetsPerSecond: number };

const DECIMAL_DIGITS = /^[0-9]+$/;

/** One label of a host name (RFC 1123, section 2.1). */
const HOST_LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
/** The longest host name that fits a DNS message (RFC 1035, section 2.3.4), without the trailing dot. */
const HOST_NAME_CHARACTERS_MAX = 253;

function parseInteger(text: string, { min, max }: Bounds): number | undefined {
  if (!DECIMAL_DIGITS.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/**
 * A decimal integer: digits only, no sign, no exponent, no space.
 *
 * @param unit what it counts, for messages: `an integer from 100 to 60000 (milliseconds)`.
 */
export function integer({ min, max, unit }: Bounds & { readonly unit?: string }): Format<number> {
  const suffix = unit === undefined ? '' : ` (${unit})`;
  return {
    expectation: `an integer from ${min} to ${max}${suffix}`,
    placeholder: 'N',
    parse: (text) => parseInteger(text, { min, max }),
  };
}

/** An integer that is 2 to the power of something; `bounds` are below 2^31. */
export function powerOfTwo(bounds: Bounds): Format<number> {
  return {
    expectation: `a power of two from ${bounds.min} to ${bounds.max}`,
    placeholder: 'N',
    parse(text) {
      const value = parseInteger(text, bounds);
      // A power of two has one bit set, and taking 1 from it clears that bit.
      return value !== undefined && (value & (value - 1)) === 0 ? value : undefined;
    },
  };
}

/** An integer that `step` divides. */
export function multipleOf(step: number, bounds: Bounds): Format<number> {
  return {
    expectation: `a multiple of ${step} from ${bounds.min} to ${bounds.max}`,
    placeholder: 'N',
    parse(text) {
      const value = parseInteger(text, bounds);
      return value !== undefined && value % step === 0 ? value : undefined;
    },
  };
}

/** What `format` accepts, or the word `auto`: the engine chooses. */
export function autoOr<T>(format: Format<T>): Format<T | 'auto'> {
  return {
    expectation: `auto or ${format.expectation}`,
    placeholder: format.placeholder,
    parse: (text) => (text === 'auto' ? 'auto' : format.parse(text)),
  };
}

/** `true`, `false`, `1` or `0`, in lower case. */
export const boolean: Format<boolean> = {
  expectation: 'true, false, 1 or 0',
  placeholder: 'BOOL',
  parse(text) {
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    return undefined;
  },
};

/** One word of a list; case matters. */
export function oneOf<const Word extends string>(words: readonly Word[], placeholder: string): Format<Word> {
  return {
    expectation: joinWords(words, 'or'),
    placeholder,
    parse: (text) => words.find((word) => word === text),
  };
}

/** What the kernel takes as the name of an interface (dev_valid_name, net/core/dev.c). */
const INTERFACE_NAME = /^(?!\.{1,2}$)[^\s/:,]{1,15}$/;

/** Names of network interfaces, with commas between them. */
export const interfaceList: Format<readonly string[]> = {
  expectation: 'interface names of at most 15 characters, with commas between them',
  placeholder: 'NAMES',
  parse(text) {
    const names = text.split(',');
    return names.every((name) => INTERFACE_NAME.test(name)) ? Object.freeze(names) : undefined;
  },
};

/** Two interfaces with a colon between them. */
export const interfacePair: Format<readonly [string, string]> = {
  expectation: 'two interface names with a colon between them, like eth0:eth1',
  placeholder: 'A:B',
  parse(text) {
    const [first, second, ...more] = text.split(':');
    if (second === undefined || more.length > 0) return undefined;
    if (!INTERFACE_NAME.test(first) || !INTERFACE_NAME.test(second)) return undefined;
    return Object.freeze([first, second]);
  },
};

/** The largest processor number that a cpu_set_t has room for (sched.h). */
const CPU_MAX = 1023;

/** Processors, as taskset(1) lists them: `0,2-3`. Their order counts. */
export const cpuList: Format<readonly number[]> = {
  expectation: `processor numbers from 0 to ${CPU_MAX} or ranges of them, with commas between them, like 0,2-3`,
  placeholder: 'CPUS',
  parse(text) {
    const cpus: number[] = [];
    for (const part of text.split(',')) {
      const [low, high] = part.split('-').map((end) => parseInteger(end, { min: 0, max: CPU_MAX }));
      if (low === undefined || (part.includes('-') && (high === undefined || high < low))) return undefined;
      if (part.split('-').length > 2) return undefined;
      for (let cpu = low; cpu <= (high ?? low); cpu++) cpus.push(cpu);
    }
    return Object.freeze(cpus);
  },
};

/** The name or the number of a user or a group; whether there is one is seen at the start. */
export function account(placeholder: string): Format<string> {
  return {
    expectation: 'a name or a number',
    placeholder,
    parse: (text) => (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$/.test(text) ? text : undefined),
  };
}

/** `realtime`, `max`, or packets per second within `bounds`. */
export function pace(bounds: Bounds): Format<Pace> {
  return {
    expectation: `realtime, max, or an integer from ${bounds.min} to ${bounds.max} (packets per second)`,
    placeholder: 'PACE',
    parse(text) {
      if (text === 'realtime' || text === 'max') return Object.freeze({ kind: text });
      const packetsPerSecond = parseInteger(text, bounds);
      return packetsPerSecond === undefined ? undefined : Object.freeze({ kind: 'rate', packetsPerSecond });
    },
  };
}

/** A path of a file, which need not exist yet: only opening it can tell. */
export const filePath: Format<string> = {
  expectation: 'the path of a file',
  placeholder: 'FILE',
  // No file system has a name with a NUL in it, and Node.js throws where it meets one.
  parse: (text) => (text.includes('\0') ? undefined : text),
};

/** A path of a folder. */
export const folderPath: Format<string> = {
  ...filePath,
  expectation: 'the path of a folder',
  placeholder: 'DIR',
};

/** An address to listen at: IPv4, IPv6 without brackets, or a host name; no scheme and no port. */
export const host: Format<string> = {
  expectation: 'an IPv4 address, an IPv6 address without brackets, or a host name',
  placeholder: 'HOST',
  parse: (text) => (isIP(text) !== 0 || isHostName(text) ? text : undefined),
};

function isHostName(text: string): boolean {
  const labels = text.split('.');
  // A last label of digits alone is a mistyped IPv4 address (256.0.0.1, 127.1), never a name in use.
  return (
    text.length <= HOST_NAME_CHARACTERS_MAX &&
    labels.every((label) => HOST_LABEL.test(label)) &&
    !DECIMAL_DIGITS.test(labels[labels.length - 1])
  );
}

/** `a, b or c`. */
export function joinWords(words: readonly string[], conjunction: 'and' | 'or'): string {
  if (words.length < 2) return words.join();
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words[words.length - 1]}`;
}
