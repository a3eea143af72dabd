import { ApiProblem, ask, query } from './api.js';
import { element } from './elements.js';
import { type Explanation, openFields, possibleTexts, resultText, verdictText } from './explanation.js';
import type { ListedRule } from './rule-list.js';

/** Parameters of `GET /api/v1/explain` that most questions need, and the others. */
const FIELDS = ['protocol', 'src', 'src_port', 'dst', 'dst_port'] as const;
const MORE_FIELDS = [
  'tcp_flags',
  'icmp_type',
  'dscp',
  'fragment',
  'vlan',
  'in_interface',
  'ip_version',
] as const;

/** Most rules that the API lists: this one is to be among them. */
const LISTED_RULES_MAX = 10_000;

/** Asks what the rules do with a packet, and says what one of them makes of it. */
export function explainForm(rule: ListedRule): HTMLElement {
  const answer = element('div', { class: 'answer', role: 'status' });
  const more = element('details', {}, element('summary', {}, 'more fields'), fieldsOf(MORE_FIELDS));
  const button = element('button', { type: 'submit' }, 'Explain');
  const form = element('form', { class: 'explain' }, fieldsOf(FIELDS), more, button);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const fields = [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]);
    void explain(rule, Object.fromEntries(fields)).then((told) => {
      answer.replaceChildren(...told.lines);
      markOpen(form, more, told.open);
    });
  });
  return element(
    'section',
    { 'aria-labelledby': 'explain' },
    element('h3', { id: 'explain' }, 'Explain'),
    element(
      'p',
      { class: 'note' },
      'What do the rules in use do with a packet, and what does this one make of it?',
    ),
    form,
    answer,
  );
}

/** Shows which fields would decide, those that are folded away as well. */
function markOpen(form: HTMLFormElement, more: HTMLDetailsElement, open: ReadonlySet<string>): void {
  for (const input of form.querySelectorAll('input')) input.classList.toggle('open', open.has(input.name));
  if (more.querySelector('.open') !== null) more.open = true;
}

interface Told {
  readonly lines: readonly HTMLElement[];
  /** The fields that the answer depends on and the question does not say. */
  readonly open: ReadonlySet<string>;
}

async function explain(rule: ListedRule, fields: Readonly<Record<string, string>>): Promise<Told> {
  try {
    // Whether the packet gets as far as this rule or not; rules that match or may match are listed before others.
    const parameters = { ...fields, all: 'true', limit: String(LISTED_RULES_MAX) };
    const answer = await ask<Explanation>(`/api/v1/explain?${query(parameters)}`);
    return { lines: linesOf(rule, answer), open: openFields(answer) };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return { lines: [element('p', { class: 'bad' }, error.message)], open: new Set() };
  }
}

function linesOf(rule: ListedRule, answer: Explanation): HTMLElement[] {
  // By its name: after a reload another rule may be at its position.
  const own = answer.rules.find((verdict) => verdict.rule === rule.rule);
  const possible = possibleTexts(answer).map((text) => element('li', {}, text));
  return [
    element('p', {}, element('b', {}, verdictText(answer))),
    ...(possible.length === 0 ? [] : [element('ul', {}, ...possible)]),
    ...(own === undefined ? [] : [element('p', {}, `This rule ${resultText(own)}.`)]),
    ...answer.notes.map((note) => element('p', { class: 'note' }, note)),
  ];
}

function fieldsOf(names: readonly string[]): HTMLElement {
  const labels = names.map((name) =>
    element(
      'label',
      {},
      element('span', {}, name.replaceAll('_', ' ')),
      element('input', { name, autocomplete: 'off', spellcheck: 'false' }),
    ),
  );
  return element('div', { class: 'fields' }, ...labels);
}
