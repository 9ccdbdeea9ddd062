/** Rows and panels of the Grafana dashboard, from which Grafana's own objects are made. */

export interface Query {
  /** PromQL. `$namespace` and `$service` are the dashboard's variables, both patterns. */
  readonly expression: string;
  readonly legend: string;
}

export interface PanelDefinition {
  readonly title: string;
  readonly description: string;
  /** stat: the current number. lines: over time. */
  readonly kind: 'stat' | 'lines';
  /** Grafana's name of the unit. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Upper bound of the axis, if there is a natural one. */
  readonly most?: number;
  /** Good values of a stat: from `from` and below `below`. Absent: all values. */
  readonly good?: { readonly from?: number; readonly below: number };
}

export interface RowDefinition {
  readonly title: string;
  readonly panels: readonly PanelDefinition[];
}

const SELECTED = '{namespace=~"$namespace",service=~"$service"}';
const OF_SERVICE = '{{namespace}}/{{service}}';

function rate(metric: string, labels = ''): string {
  return `sum${labels && ` by (${labels})`} (rate(${metric}[$__rate_interval]))`;
}

function quantile(share: number, metric: string): string {
  return `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket[$__rate_interval])))`;
}

/** A panel with one number. */
function stat(
  title: string,
  description: string,
  expression: string,
  more: Partial<PanelDefinition> = {},
): PanelDefinition {
  return { kind: 'stat', unit: 'short', title, description, queries: [{ expression, legend: '' }], ...more };
}

function lines(
  title: string,
  unit: string,
  description: string,
  queries: readonly Query[],
  most?: number,
): PanelDefinition {
  return { kind: 'lines', title, unit, description, queries, ...(most !== undefined && { most }) };
}

export const ROWS: readonly RowDefinition[] = [
  {
    title: 'At a glance',
    panels: [
      stat('Controllers that decide', 'One, always.', 'sum(ballast_leading)', { good: { from: 1, below: 2 } }),
      stat('Services balanced', 'With a policy in mode Enforce.', 'sum(ballast_services{mode="Enforce"}) or vector(0)'),
      stat('Replicas', 'Of all services with a policy.', 'sum(ballast_service_replicas) or vector(0)'),
      stat(
        'Policies not ready',
        'Left out: switched off ones, and those that are still learning.',
        'count(ballast_policy_condition{type="Ready",reason!~"Off|Learning"} == 0) or vector(0)',
        { good: { below: 1 } },
      ),
      stat(
        'Silent agents',
        'Nodes whose agent was not heard lately; without those that have none, and no balanced replica.',
        'sum(ballast_node_silent) or vector(0)',
        {
          good: { below: 1 },
        },
      ),
      stat(
        'Proxies without a table',
        'They leave requests to Istio.',
        'sum(ballast_proxies{table="none"}) or vector(0)',
        { good: { below: 1 } },
      ),
      stat(
        'Decision, p99',
        'From the snapshot to having published it.',
        quantile(0.99, 'ballast_decision_duration_seconds'),
        {
          unit: 's',
          good: { below: 0.25 },
        },
      ),
      stat(
        'Paused or set by hand',
        'Pauses and manual weights in force.',
        'sum(ballast_pauses) + sum(ballast_manual_weights)',
      ),
    ],
  },
  {
    title: 'Nodes',
    panels: [
      lines(
        'CPU in use',
        'percentunit',
        'Ballast draws these lines together.',
        [{ expression: 'ballast_node_utilisation_ratio', legend: '{{node}}' }],
        1,
      ),
      lines(
        'CPU of neighbours',
        'percentunit',
        'Whatever is no balanced replica: what the weights make up for.',
        [{ expression: 'ballast_node_background_ratio', legend: '{{node}}' }],
        1,
      ),
      lines('CPU with the target weights', 'percentunit', 'Where the decision leads if nothing else changes.', [
        { expression: 'ballast_node_predicted_utilisation_ratio', legend: '{{node}}' },
      ]),
    ],
  },
  {
    title: 'Services',
    panels: [
      lines('Spread of weights', 'short', 'Lowest and highest weight over the equal weight: 1 and 1 is even.', [
        { expression: `ballast_service_highest_weight_ratio${SELECTED}`, legend: `${OF_SERVICE} highest` },
        { expression: `ballast_service_lowest_weight_ratio${SELECTED}`, legend: `${OF_SERVICE} lowest` },
      ]),
      lines('Weights of replicas', 'percentunit', 'Absent where there are more replicas than --replica-metrics.', [
        { expression: `ballast_replica_weight_ratio${SELECTED}`, legend: '{{namespace}}/{{replica}}' },
      ]),
      lines('Demand, and what can be served', 'short', 'Cores.', [
        { expression: `ballast_service_demand_cores${SELECTED}`, legend: `${OF_SERVICE} demand` },
        { expression: `ballast_service_served_cores${SELECTED}`, legend: `${OF_SERVICE} served` },
        { expression: `ballast_service_fair_share_cores${SELECTED}`, legend: `${OF_SERVICE} fair share` },
      ]),
      lines('Requests', 'reqps', 'Estimated from what proxies report.', [
        { expression: `ballast_service_requests_per_second${SELECTED}`, legend: OF_SERVICE },
      ]),
      lines('Replicas by state', 'short', 'Active ones are balanced by what is known of them.', [
        { expression: `sum by (state) (ballast_service_replicas${SELECTED})`, legend: '{{state}}' },
      ]),
      lines('Conditions that do not hold', 'short', 'Of policies, with the reason.', [
        {
          expression: 'ballast_policy_condition{namespace=~"$namespace"} == 0',
          legend: '{{namespace}}/{{policy}} {{type}}: {{reason}}',
        },
      ]),
    ],
  },
  {
    title: 'Proxies',
    panels: [
      lines('Requests by who chose the replica', 'reqps', 'From Envoy’s statistics.', [
        { expression: rate('ballast_picks_total'), legend: 'Ballast' },
        { expression: rate('ballast_fallbacks_without_table_total'), legend: 'Istio: no table' },
        { expression: rate('ballast_fallbacks_without_replica_total'), legend: 'Istio: no replica' },
        { expression: rate('ballast_fallbacks_over_stream_limit_total'), legend: 'Istio: too many under way' },
      ]),
      lines('Replicas that could not be reached', 'ops', 'Ejected by proxies, and readmitted.', [
        { expression: rate('ballast_ejections_total'), legend: 'ejected' },
        { expression: rate('ballast_readmissions_total'), legend: 'readmitted' },
      ]),
      lines('Age of tables', 's', 'Oldest among the proxies.', [
        { expression: 'max(ballast_table_age_seconds)', legend: 'oldest' },
      ]),
    ],
  },
  {
    title: 'Control loop',
    panels: [
      lines('Time of a decision', 's', 'From the snapshot to having published it.', [
        { expression: quantile(0.5, 'ballast_decision_duration_seconds'), legend: 'p50' },
        { expression: quantile(0.99, 'ballast_decision_duration_seconds'), legend: 'p99' },
      ]),
      lines('Time between decisions', 's', 'The tick is 0.25 s unless --tick-ms says otherwise.', [
        { expression: quantile(0.5, 'ballast_decision_interval_seconds'), legend: 'p50' },
        { expression: quantile(0.99, 'ballast_decision_interval_seconds'), legend: 'p99' },
      ]),
      lines('Decisions and versions', 'ops', 'Decisions that moved weights, and versions that agents were told of.', [
        { expression: rate('ballast_decisions_moving_weights_total'), legend: 'decisions that moved weights' },
        { expression: rate('ballast_assignments_published_total', 'change'), legend: 'published: {{change}}' },
        { expression: rate('ballast_decision_defects_total'), legend: 'defects' },
      ]),
      lines('Reports of agents', 'ops', 'Four a second from each.', [
        { expression: rate('ballast_reports_accepted_total'), legend: 'accepted' },
        { expression: rate('ballast_reports_refused_total', 'reason'), legend: '{{reason}}' },
      ]),
      lines('Distance from the optimum', 'percentunit', 'Largest violation of the optimality conditions.', [
        { expression: 'max(ballast_decision_optimality_gap_ratio)', legend: 'optimality gap' },
      ]),
      lines('Who leads', 'short', 'By instance.', [
        { expression: 'ballast_leading', legend: '{{pod}}' },
        { expression: 'increase(ballast_leader_changes_total[$__rate_interval])', legend: '{{pod}}: changes' },
      ]),
    ],
  },
  {
    title: 'API server',
    panels: [
      lines('Requests', 'reqps', 'Watches are opened anew each half minute.', [
        { expression: rate('ballast_apiserver_requests_total', 'verb, code'), legend: '{{verb}} {{code}}' },
      ]),
      lines('Time to the answer, p99', 's', 'Watches left out.', [
        {
          expression:
            'histogram_quantile(0.99, sum by (le, verb) (rate(ballast_apiserver_request_duration_seconds_bucket[$__rate_interval])))',
          legend: '{{verb}}',
        },
      ]),
      lines('Writes that are due', 'short', 'Of Istio objects and Service labels.', [
        { expression: 'max(ballast_routing_pending_writes)', legend: 'pending' },
      ]),
    ],
  },
  {
    title: 'Agents and controllers as processes',
    panels: [
      lines('Age of assignments', 's', 'Oldest among the agents; renewed each second.', [
        { expression: 'max(ballast_agent_assignment_age_seconds)', legend: 'oldest' },
      ]),
      lines('Agents', 'short', 'Those that listen, and those that hold valid assignments.', [
        { expression: 'sum(ballast_agents_connected)', legend: 'connected' },
        { expression: 'sum(ballast_agent_assignments_valid)', legend: 'with valid assignments' },
      ]),
      lines('Size of the table', 'bytes', 'As each proxy fetches it.', [
        { expression: 'max(ballast_agent_table_bytes)', legend: 'largest' },
      ]),
      lines('CPU', 'short', 'Cores.', [
        {
          expression: 'rate(process_cpu_seconds_total[$__rate_interval]) and on (pod) ballast_build_info',
          legend: '{{pod}}',
        },
      ]),
      lines('Memory', 'bytes', 'Resident.', [
        { expression: 'process_resident_memory_bytes and on (pod) ballast_build_info', legend: '{{pod}}' },
      ]),
    ],
  },
];
