import { ImportError } from '../../../errors.js';
import type { ForeignTable } from '../foreign-rules.js';
export function readIptables(_text: string, _wanted: string | null, _ipv6: boolean): ForeignTable {
  throw new ImportError('later');
}
