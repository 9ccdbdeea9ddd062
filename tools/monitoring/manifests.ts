/** Makes the alert rules in both forms: for a plain Prometheus and for the Prometheus operator. Pure. */
import { stringify } from 'yaml';
import { type Alert, ALERTS } from './alerts.ts';

const MADE = '# Made from tools/monitoring/alerts.ts.\n';
const GUIDE = 'docs/guide/troubleshooting.md';

interface RuleGroups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly object[] }[];
}

function rule({ name, expression, for: duration, severity, summary, description, runbook }: Alert): object {
  return {
    alert: name,
    expr: expression,
    for: duration,
    labels: { severity },
    annotations: { summary, description, runbook: `${GUIDE}#${runbook}` },
  };
}

function ruleGroups(): RuleGroups {
  return { groups: [{ name: 'ballast', rules: ALERTS.map(rule) }] };
}

/** A file for `rule_files` of a Prometheus without the operator. */
export function ruleFile(): string {
  return `${MADE}${stringify(ruleGroups(), { lineWidth: 0 })}`;
}

/** The same rules as an object of the Prometheus operator. */
export function prometheusRule(): string {
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'ballast', namespace: 'ballast-system', labels: { 'app.kubernetes.io/part-of': 'ballast' } },
    spec: ruleGroups(),
  };
  return `${MADE}${stringify(object, { lineWidth: 0 })}`;
}
