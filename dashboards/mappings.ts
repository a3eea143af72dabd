import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';

/** Values that are shown as a word. Both ends belong to the range and must be given: Grafana takes no open one. */
export interface Mapping {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly color?: string;
}

export function valueMapping({ from, to, text, color }: Mapping): ValueMapping {
  const result = color === undefined ? { text } : { text, color };
  return { type: MappingType.RangeToText, options: { from, to, result } };
}

/** One value that is shown as a word. */
export function word(value: number, text: string, color: string): Mapping {
  return { from: value, to: value, text, color };
}

/** Of `upe_config_last_reload_successful`. */
export const GOOD_OR_FAILED: readonly Mapping[] = [word(0, 'failed', 'red'), word(1, 'good', 'green')];
