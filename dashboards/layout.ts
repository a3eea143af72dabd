import type { Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';

/** Panels under one heading; those of one line stand beside each other and are 24 wide together. */
export interface Section {
  readonly title: string;
  readonly lines: readonly (readonly Panel[])[];
}

/** Gives every panel its place and number, from top to bottom; without a title a section has no heading. */
export function layOut(sections: readonly Section[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, lines } of sections) {
    if (title !== '') {
      const gridPos = { x: 0, y, w: 24, h: 1 };
      placed.push({ type: 'row', title, id: placed.length + 1, collapsed: false, panels: [], gridPos });
      y += 1;
    }
    for (const line of lines) {
      let x = 0;
      let height = 0;
      for (const panel of line) {
        const { w, h } = panel.gridPos!;
        placed.push({ ...panel, id: placed.length + 1, gridPos: { x, y, w, h } });
        x += w;
        height = Math.max(height, h);
      }
      y += height;
    }
  }
  return placed;
}
