import { parser } from '@prometheus-io/lezer-promql';

/** What one selector of an expression asks for. */
export interface Selector {
  /** The metric's name; empty where the selector has matchers only. */
  readonly metric: string;
  /** Labels of its matchers, `__name__` excepted. */
  readonly labels: readonly string[];
}

/**
 * The syntax errors of a PromQL expression: a sentence for each, empty where there is none.
 *
 * @param expression PromQL without variables of Grafana or templates of an alert.
 */
export function problemsOf(expression: string): readonly string[] {
  const problems: string[] = [];
  parser.parse(expression).iterate({
    enter: (node) => {
      if (!node.type.isError) return;
      const around = expression.slice(Math.max(0, node.from - 20), node.to + 20);
      problems.push(`at ${node.from}: not PromQL near "${around}"`);
    },
  });
  return problems;
}

/** The names of all metrics that an expression reads, sorted, each once. */
export function metricNamesOf(expression: string): readonly string[] {
  return [...new Set(selectorsOf(expression).map(({ metric }) => metric))].sort();
}

/** Every selector of an expression, in its order. */
export function selectorsOf(expression: string): readonly Selector[] {
  const selectors: Selector[] = [];
  parser.parse(expression).iterate({
    enter: ({ name, node }) => {
      if (name !== 'VectorSelector') return;
      const identifier = node.getChild('Identifier');
      let metric = identifier === null ? '' : textOf(expression, identifier);
      const labels: string[] = [];
      for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []) {
        const label = textOf(expression, matcher.getChild('LabelName')!);
        if (label === '__name__')
          metric = textOf(expression, matcher.getChild('StringLiteral')!).slice(1, -1);
        else labels.push(label);
      }
      selectors.push({ metric, labels });
    },
  });
  return selectors;
}

/** The labels that `by (...)`, `on (...)`, `ignoring (...)` and the like name, sorted, each once. */
export function groupingLabelsOf(expression: string): readonly string[] {
  const labels = new Set<string>();
  parser.parse(expression).iterate({
    enter: ({ name, node }) => {
      if (name !== 'GroupingLabels') return;
      for (const label of node.getChildren('LabelName')) labels.add(textOf(expression, label));
    },
  });
  return [...labels].sort();
}

function textOf(expression: string, { from, to }: { readonly from: number; readonly to: number }): string {
  return expression.slice(from, to);
}
