import { PIPELINE_STYLE } from './pipeline-style.js';
import { RULE_GRID_STYLE } from './rule-grid-style.js';

/** What all parts of the page share. */
const BASE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #fff; --panel: #f5f6f8; --line: #d5d9de; --text: #1b1f24; --faint: #535b65;
  --link: #0b57d0; --good: #176530; --bad: #b3261e; --warm: #8a5300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --panel: #1c2025; --line: #363c44; --text: #e4e7eb; --faint: #a0a9b4;
    --link: #8ab4f8; --good: #5fd38a; --bad: #ff8a80; --warm: #f0b45b;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.25rem 1.5rem 3rem; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .25rem 2rem; border-bottom: 1px solid var(--line); padding-bottom: .75rem; }
h1 { margin: 0; font-size: 1.5rem; }
h1 small { margin-left: .4rem; font-size: .95rem; font-weight: normal; color: var(--faint); }
h2 { margin: 2rem 0 .5rem; font-size: 1.05rem; }
p { margin: 0 0 .5rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code { font-size: .9em; }
.good { color: var(--good); } .bad { color: var(--bad); }
.note, .faint, .faint th, .name { color: var(--faint); }
.figure, .number { font-variant-numeric: tabular-nums; }
dl { margin: 0; } dd { margin: 0; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.75rem; margin: 1rem 0 .25rem; }
.facts div { display: flex; gap: .5rem; } .facts dt { color: var(--faint); }
.equations { list-style: none; margin: .5rem 0 0; padding: 0; }
.equations li { display: flex; gap: .5rem; padding: .3rem 0; border-top: 1px solid var(--line); }
.equations div { display: flex; flex-wrap: wrap; gap: .1rem .6rem; }
.mark { width: 1.1rem; font-weight: bold; }
.term { white-space: nowrap; } .term .name { font-size: .9rem; }
.term:first-child { min-width: 11.5rem; }
.failure { border-left: 3px solid var(--bad); margin: .5rem 0; padding-left: .75rem; }
.failure ul { margin: .25rem 0; padding-left: 1.25rem; overflow-wrap: anywhere; }
.scroll {
  overflow-x: auto;
  /* A shadow at the edge behind which there is more; a cover in the page's colour, which moves along, hides it at the end. */
  background:
    linear-gradient(to right, var(--page) 50%, transparent) left / 1.5rem 100% no-repeat local,
    linear-gradient(to left, var(--page) 50%, transparent) right / 1.5rem 100% no-repeat local,
    linear-gradient(to right, var(--line), transparent) left / .6rem 100% no-repeat scroll,
    linear-gradient(to left, var(--line), transparent) right / .6rem 100% no-repeat scroll;
}
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
button, input, select { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 4px; padding: .2rem .6rem; }
button { background: var(--panel); cursor: pointer; }
[hidden] { display: none !important; }
th, td { padding: .28rem 1rem .28rem 0; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--faint); font-size: .85rem; font-weight: normal; }
tbody th { font-weight: 600; }
#rules-now tbody th { min-width: 14rem; white-space: normal; overflow-wrap: anywhere; }
.faint th { font-weight: normal; }
/* What is no longer so is in grey, and nothing of it in the colour of what is well. */
.stale main, .stale .detail { --text: var(--faint); --good: var(--faint); --link: var(--faint); color: var(--faint); }
.stale #engine dd b::after { content: " when it last answered"; font-weight: normal; }
.stale .chart { filter: grayscale(1); } .stale .flow i { animation: none; }
th.number, td.number { text-align: right; }
td.prose { white-space: normal; min-width: 14rem; }
td.wide { max-width: 18rem; overflow: hidden; text-overflow: ellipsis; color: var(--faint); font-size: .85rem; }
@media (max-width: 48rem) {
  body { padding: 1rem 1rem 2rem; }
  .wide { display: none; }
  th, td { padding-right: .6rem; }
  #rules-now tbody th { min-width: 8rem; }
  .term:first-child { width: 100%; }
  #losses-now tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) minmax(0, 1.4fr); border-bottom: 1px solid var(--line); }
  #losses-now th, #losses-now td { border: 0; overflow-wrap: anywhere; white-space: normal; } #losses-now .prose { grid-column: 1 / -1; min-width: 0; }
}
`;

/**
 * The look of the page: the system's own fonts and one accent for good and one for bad, which are never the
 * only sign. Every text has a contrast of 4.5 to 1 or more in both schemes (a test computes it).
 */
export const STYLE = `${BASE_STYLE}${PIPELINE_STYLE}${RULE_GRID_STYLE}`;
