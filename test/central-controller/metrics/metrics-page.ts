/** docs/reference/metrics.md, made from the registries of both programs. */
import { MAX_REPLICAS } from '../../../central-controller/metrics/controller-metrics.ts';
import { agentRegistry, controllerRegistry, describeMetrics } from './registries.ts';

function table(metrics: ReturnType<typeof describeMetrics>): string {
  const rows = metrics.map(({ name, type, labelNames, help }) => {
    const labels = labelNames.filter((label) => label !== 'le').map((label) => `\`${label}\``);
    return `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help.replaceAll('|', '\\|')} |`;
  });
  return ['| metric | kind | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

export function metricsPage(): string {
  const sections = [
    '<!-- Made from central-controller/metrics and host-agent/metrics.ts. -->',
    '# Metrics',
    'Controller and agents serve Prometheus’ text format at `/metrics` of the port that they listen on (15070 and 15080). The plugin counts in Envoy’s own statistics: [the plugin’s metrics](plugin-metrics.md). Pods are annotated with `prometheus.io/scrape`; for the Prometheus operator there are monitors, alerts and a dashboard in [istio-configs/monitoring](../../istio-configs/monitoring/README.md). Where NetworkPolicies are enforced, label the namespace of Prometheus: `kubectl label namespace monitoring ballast.dev/metrics=scraper`.',
    '## Controller',
    'Every instance serves all of them. What comes of decisions is served by the one that leads alone; on the others `ballast_leading` is 0 and those series are absent. After a change of leader, counters of the two add up: use `sum(rate(…))`.',
    table(describeMetrics(controllerRegistry())),
    '`ballast_apiserver_…` and `ballast_routing_…` are there with `--kubernetes` only.',
    '### How many series',
    `A node has at most 6, a service 6 and one for each state that some replica of it is in (at most 6), a policy 3. A replica has one, and none has where there are more than \`--replica-metrics\` of them (${MAX_REPLICAS}; 0 switches them off): \`ballast_service_lowest_weight_ratio\` and \`ballast_service_highest_weight_ratio\` say how far apart a service’s weights are in any case, and \`ballast explain\` the rest. Requests and latency of each replica are with Istio’s metrics and CPU with cAdvisor’s, so they are not repeated here.`,
    '## Agent',
    'An agent speaks for its own node: its series have no label for it, Prometheus adds `node` or `instance`.',
    table(describeMetrics(agentRegistry())),
  ];
  return `${sections.join('\n\n')}\n`;
}
