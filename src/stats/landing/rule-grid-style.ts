/**
 * The table of all rules, whose rows have one height (rule-grid.ts counts with it), and the dialog of one of them. Columns
 * that are not needed go where the window is too narrow for them.
 */
export const RULE_GRID_STYLE = `
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1rem; margin: .5rem 0; }
.bar p { margin: 0; } .bar input { width: 18rem; max-width: 100%; padding: .3rem .6rem; } .bar .keys { margin-left: auto; font-size: .85rem; }
.rule-grid { max-height: min(34rem, 75vh); overflow: auto; border: 1px solid var(--line); border-radius: 6px; overscroll-behavior: contain; }
.rule-grid table { table-layout: fixed; border-collapse: separate; border-spacing: 0; font-size: .85rem; }
.rule-grid table:focus-visible { outline-offset: -2px; }
.rule-grid th, .rule-grid td { box-sizing: border-box; height: 28px; padding: 0 .5rem; line-height: 27px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.rule-grid .spacer, .rule-grid .spacer td { height: 0; border: 0; }
.rule-grid thead th { position: sticky; top: 0; z-index: 1; background: var(--panel); }
.rule-grid thead button { border: 0; padding: 0; background: none; color: inherit; font: inherit; line-height: 27px; }
.rule-grid thead button:hover { color: var(--text); text-decoration: underline; }
.rule-grid [aria-sort] button { color: var(--text); font-weight: 600; }
.rule-grid [aria-sort=descending] button::after { content: " ↓"; } .rule-grid [aria-sort=ascending] button::after { content: " ↑"; }
.rule-grid tbody tr { cursor: pointer; } .rule-grid tbody tr:hover > * { background: var(--panel); }
.rule-grid tbody a { color: inherit; text-decoration: none; } .rule-grid tbody tr:hover a { text-decoration: underline; }
.rule-grid [aria-selected=true] > * { background: var(--panel); box-shadow: inset 0 1px var(--link), inset 0 -1px var(--link); }
.rule-grid .position, .rule-grid .packets, .rule-grid .rate, .rule-grid .bits, .rule-grid .last { text-align: right; font-variant-numeric: tabular-nums; }
.rule-grid .position { width: 3.75rem; color: var(--faint); } .rule-grid .rule { width: 13.25rem; } .rule-grid .action { width: 4.5rem; } .rule-grid .packets { width: 7rem; } .rule-grid .rate { width: 6rem; }
.rule-grid .history { width: 6rem; } .rule-grid .bits { width: 6.25rem; } .rule-grid .last { width: 7.75rem; color: var(--faint); }
.rule-grid .match { color: var(--faint); } .rule-grid .faint td { color: var(--faint); }
.rule-grid td[data-action=drop], #no-rule td[data-action=drop] { color: var(--warm); }
#no-rule { margin-top: .75rem; font-size: .85rem; } #no-rule th:first-child { width: 40%; }
.sparkline { display: block; width: 100%; height: 20px; margin: 3px 0; overflow: visible; }
.sparkline path { fill: none; stroke: var(--link); stroke-width: 1.25; vector-effect: non-scaling-stroke; }
.detail { box-sizing: border-box; width: min(44rem, 100%); height: 100%; max-height: 100%; margin: 0 0 0 auto; padding: 1rem 1.25rem 2rem; border: 0; border-left: 1px solid var(--line); background: var(--page); color: var(--text); overflow: auto; }
.detail::backdrop { background: rgb(0 0 0 / 35%); }
.detail header { align-items: center; } .detail h2 { margin: 0; overflow-wrap: anywhere; } .detail h3 { margin: 1.5rem 0 .25rem; font-size: 1rem; }
.detail > p { margin: .6rem 0; } .detail .match { overflow-wrap: anywhere; } .detail .choice select { margin-right: .5rem; }
.detail .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); } .detail dd { font-variant-numeric: tabular-nums; }
.detail.unknown > :not(header, p) { display: none; }
.detail td meter { width: 4rem; } .detail tbody th { font-weight: normal; white-space: normal; overflow-wrap: anywhere; }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .4rem .75rem; margin: .5rem 0; }
.fields span { display: block; font-size: .85rem; color: var(--faint); } .fields input { width: 100%; } .fields input.open { border-color: var(--warm); }
.explain summary { cursor: pointer; color: var(--faint); } .explain button { margin-top: .6rem; } .answer { margin-top: .75rem; overflow-wrap: anywhere; } .answer ul { margin: 0 0 .5rem; padding-left: 1.25rem; }
@media (max-width: 75rem) { .rule-grid .position, .rule-grid .bits { display: none; } }
@media (max-width: 62rem) { .rule-grid .match { display: none; } .rule-grid .rule { width: auto; } .bar .keys { display: none; } }
@media (max-width: 48rem) {
  .rule-grid .packets, .rule-grid .last, #no-rule .packets { display: none; }
  .rule-grid .rule { width: auto; }
  .rule-grid th, .rule-grid td { padding: 0 .35rem; } .rule-grid .action { width: 4.2rem; } .rule-grid .rate { width: 4.75rem; } .rule-grid .history { width: 5.5rem; }
  .folds thead { position: absolute; clip-path: inset(50%); }
  .folds tr { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .3rem 0; border-bottom: 1px solid var(--line); }
  .folds th, .folds td { border: 0; padding: 0; white-space: normal; } .folds th { flex-basis: 100%; } .folds td::before { content: attr(data-title) " "; color: var(--faint); }
  .folds td[data-title=share]::before { content: none; }
}
`;
