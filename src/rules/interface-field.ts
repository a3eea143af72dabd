import { quoted } from './field-values.js';
import { Mistake } from './mistake.js';
import type { YamlScalar } from './yaml-tree.js';

/** IFNAMSIZ of linux/if.h, less the terminating zero. */
const INTERFACE_BYTES_MAX = 15;

/** Reads the name of a network interface, by the rules of the kernel's `dev_valid_name`. */
export function parseInterface(scalar: YamlScalar): string | Mistake {
  const name = scalar.text;
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) return new Mistake('no interface name; write one, like eth0');
  if (bytes > INTERFACE_BYTES_MAX) {
    return new Mistake(
      `${quoted(scalar)} has ${bytes} bytes; interface names have at most ${INTERFACE_BYTES_MAX}`,
    );
  }
  if (name === '.' || name === '..' || /[/:\s]/.test(name)) {
    return new Mistake(`${quoted(scalar)} is no interface name; those have no "/", ":" or white space`);
  }
  return name;
}
