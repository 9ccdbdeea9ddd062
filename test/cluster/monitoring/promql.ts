/** Which metrics and labels an expression of Prometheus' query language names. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Selected {
  readonly metric: string;
  /** Labels that it is chosen by. */
  readonly labels: readonly string[];
}

export interface Named {
  readonly selected: readonly Selected[];
  /** Labels that results are grouped or matched by. */
  readonly grouped: readonly string[];
}

/** @throws where the expression cannot be parsed */
export function namesIn(expression: string): Named {
  const selected: { metric: string; labels: string[] }[] = [];
  const grouped: string[] = [];
  let isGrouping = false;
  parser.parse(expression).iterate({
    enter({ name, from, to, type }) {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`${expression}: not understood at ${from}: ${text}`);
      if (name === 'VectorSelector') selected.push({ metric: '', labels: [] });
      if (name === 'GroupingLabels') isGrouping = true;
      const last = selected.at(-1);
      if (name === 'LabelName') {
        if (isGrouping) grouped.push(text);
        else last?.labels.push(text);
      }
      if (name === 'Identifier' && last?.metric === '') last.metric = text;
    },
    leave({ name }) {
      if (name === 'GroupingLabels') isGrouping = false;
    },
  });
  return { selected, grouped };
}
