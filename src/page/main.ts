/*
 * The script of the landing page. The page works without it, and loads itself again then; with it the numbers move as
 * the engine tells of them, and the table of the busiest rules becomes one of all rules. It begins when the page is there.
 */
import { ApiProblem } from './api.js';
import { byId, element, setText } from './elements.js';
import type { PassEvent, TableEvent } from './events.js';
import { Feed, type FeedState } from './feed.js';
import { NoRuleTable } from './no-rule-table.js';
import { showFigures, takeOverParts } from './page-parts.js';
import { PipelineView } from './pipeline-view.js';
import { RuleCounts } from './rule-counts.js';
import { RuleDetail } from './rule-detail.js';
import { RuleGrid } from './rule-grid.js';
import { fetchRules } from './rule-list.js';

/** Time from one attempt to fetch the rules to the next, milliseconds. */
const RETRY_MS = 2000;

const grid = new RuleGrid();
const noRule = new NoRuleTable();
const detail = new RuleDetail(() => grid.focus());
const pipeline = new PipelineView();
const search = searchBox();
let isTakingOver = false;
/** Of the table in use. Shown once its rules are known: until then, the old ones stand with their own. */
let counts = new RuleCounts();

showGrid();
new Feed({
  onTable: (table) => {
    counts = new RuleCounts();
    counts.begin(table);
    void beginRules(table, counts);
  },
  onCounts: (told) => counts.apply(told),
  onPass: (pass) => {
    showFigures(pass);
    pipeline.show(pass);
    grid.update();
    noRule.show(pass.no_rule);
    detail.update();
    void keepParts(pass);
  },
  onState: showState,
}).start();

/** The table of all rules takes the place of that of the busiest. */
function showGrid(): void {
  const keys = element('p', { class: 'note keys', id: 'rules-keys' });
  setText(keys, '/ search · ↑ ↓ Page Home End move · Enter opens');
  const bar = element('div', { class: 'bar' }, search, grid.status, keys);
  const busiest = byId('rules-now');
  busiest.hidden = true;
  busiest.before(bar, grid.frame, noRule.table);
}

function searchBox(): HTMLInputElement {
  const box = element('input', {
    type: 'search',
    id: 'rule-search',
    placeholder: 'Search names and matches',
    'aria-label': 'Search rules',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  box.addEventListener('input', () => grid.find(box.value));
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
    event.preventDefault();
    grid.enter();
  });
  document.addEventListener('keydown', (event) => {
    const isTyping =
      event.target instanceof HTMLElement && event.target.matches('input, select, textarea, dialog *');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    box.focus();
  });
  return box;
}

/** Fetches the rules of a table, and again until it has them or another table is in use. */
async function beginRules(table: TableEvent, own: RuleCounts): Promise<void> {
  try {
    const rules = await fetchRules(table);
    if (own !== counts) return;
    if (rules !== null) {
      rules.forEach(({ last_match }, i) => {
        if (last_match !== null) own.lastMs[i] = Math.max(own.lastMs[i], Date.parse(last_match));
      });
      grid.begin(rules, own);
      detail.begin(rules, own);
      return;
    }
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
  }
  setTimeout(() => void (own === counts && beginRules(table, own)), RETRY_MS);
}

async function keepParts({ page }: PassEvent): Promise<void> {
  if (isTakingOver || document.querySelector('main')?.dataset.page === page) return;
  isTakingOver = true;
  try {
    await takeOverParts();
  } catch {
    // The feed says so where nobody answers, and the next pass asks again.
  } finally {
    isTakingOver = false;
  }
}

function showState(state: FeedState): void {
  const place = byId('connection');
  place.className = state.kind;
  document.body.classList.toggle('stale', state.kind === 'silent');
  switch (state.kind) {
    case 'connecting':
      setText(place, 'connecting');
      return;
    case 'live':
      setText(place, 'live');
      return;
    case 'silent': {
      const since =
        state.sinceMs === null ? '' : ` since ${new Date(state.sinceMs).toLocaleTimeString('en-GB')}`;
      setText(place, `UPE has not answered${since}. The numbers below are the last ones; trying again.`);
    }
  }
}
