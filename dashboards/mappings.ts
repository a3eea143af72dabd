import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';

/** Values that are shown as a word; both ends belong to the range, `null` is no end. */
export interface Mapping {
  readonly from: number | null;
  readonly to: number | null;
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
