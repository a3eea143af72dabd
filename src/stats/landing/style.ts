/**
 * The look of the page: the system's own fonts and one accent for good and one for bad, which are never the
 * only sign. Every text has a contrast of 4.5 to 1 or more in both schemes (a test computes it).
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fff; --panel: #f5f6f8; --line: #d5d9de; --text: #1b1f24; --faint: #535b65;
  --link: #0b57d0; --good: #176530; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --panel: #1c2025; --line: #363c44; --text: #e4e7eb; --faint: #a0a9b4;
    --link: #8ab4f8; --good: #5fd38a; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.25rem 1.5rem 3rem; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
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
#silence { margin: 1rem 0 0; border-left: 3px solid var(--bad); padding-left: .75rem; color: var(--bad); font-weight: bold; }
dl { margin: 0; } dd { margin: 0; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.75rem; margin: 1rem 0 .25rem; }
.facts div { display: flex; gap: .5rem; } .facts dt { color: var(--faint); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; }
.tiles > div { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .9rem .7rem; background: var(--panel); }
.tiles .figure { font-size: 1.5rem; line-height: 1.4; }
.tiles .note { font-size: .85rem; font-variant-numeric: tabular-nums; }
.tiles .good .figure { color: var(--good); } .tiles .bad .figure { color: var(--bad); }
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
th, td { padding: .28rem 1rem .28rem 0; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--faint); font-size: .85rem; font-weight: normal; }
tbody th { font-weight: 600; }
#rules-now tbody th { min-width: 14rem; white-space: normal; overflow-wrap: anywhere; }
.faint th { font-weight: normal; }
th.number, td.number { text-align: right; }
td.prose { white-space: normal; min-width: 14rem; }
td.wide { max-width: 18rem; overflow: hidden; text-overflow: ellipsis; color: var(--faint); font-size: .85rem; }
@media (max-width: 48rem) {
  body { padding: 1rem 1rem 2rem; }
  .wide { display: none; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem; }
  .tiles .figure { font-size: 1.25rem; }
  th, td { padding-right: .6rem; }
  #rules-now tbody th { min-width: 8rem; }
  .term:first-child { width: 100%; }
}
`;
