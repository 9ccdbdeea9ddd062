/**
 * The one list of alerts, from which the rules for Prometheus, the operator's PrometheusRule and the tests are made.
 * Each has a description of the problem and a link into the guide. Expressions about clocks use the time of the scrape.
 */

export interface Alert {
  readonly name: string;
  readonly expression: string;
  /** How long the expression must hold, in Prometheus' notation. */
  readonly for: string;
  /** critical: balancing is lost or wrong now. warning: part of it is, or will be. info: worth knowing. */
  readonly severity: 'critical' | 'warning' | 'info';
  readonly summary: string;
  readonly description: string;
  /** Heading in docs/guide/troubleshooting.md, as its anchor. */
  readonly runbook: string;
}

/**
 * Writes for policies. A Lease is refused if another controller leads, and a status has what a lost event would say.
 */
const WRITES = 'verb=~"create|update|patch|delete",resource!~"leases|events"';

/** Requests to balanced services that the plugin left to Istio, by Envoy's counters. */
const LEFT_TO_ISTIO = ['without_table', 'without_replica', 'over_stream_limit']
  .map((why) => `sum by (namespace) (rate(ballast_fallbacks_${why}_total[5m]))`)
  .join(' + ');

export const ALERTS: readonly Alert[] = [
  {
    name: 'BallastNoLeader',
    expression: '(sum(ballast_leading) or vector(0)) < 1',
    for: '1m',
    severity: 'critical',
    summary: 'No controller decides',
    description: 'Weights no longer follow the CPU; 10 s after the last decision Istio balances by itself.',
    runbook: 'no-controller-leads',
  },
  {
    name: 'BallastTwoLeaders',
    expression: 'sum(ballast_leading) > 1',
    for: '2m',
    severity: 'critical',
    summary: '{{ $value }} controllers decide at once',
    description: 'Agents follow different controllers, so weights differ between nodes.',
    runbook: 'more-than-one-controller-leads',
  },
  {
    name: 'BallastLeaderChangesOften',
    expression: 'max(increase(ballast_leader_changes_total[15m])) > 6',
    for: '0m',
    severity: 'warning',
    summary: 'The leading controller changed {{ $value | printf "%.0f" }} times in 15 minutes',
    description: 'Whoever begins to lead learns anew; meanwhile agents keep the weights they have.',
    runbook: 'the-leader-changes-often',
  },
  {
    name: 'BallastDecisionsStopped',
    expression: 'max(timestamp(ballast_last_decision_timestamp_seconds) - ballast_last_decision_timestamp_seconds) > 5',
    for: '1m',
    severity: 'critical',
    summary: 'The leading controller has made no decision for {{ $value | humanizeDuration }}',
    description: 'It answers, but decides nothing, or its clock is off from that of Prometheus.',
    runbook: 'decisions-are-late-or-stop',
  },
  {
    name: 'BallastDecisionsLate',
    expression: 'histogram_quantile(0.9, sum by (le) (rate(ballast_decision_interval_seconds_bucket[5m]))) > 1',
    for: '5m',
    severity: 'warning',
    summary: 'One decision in ten comes {{ $value | humanizeDuration }} after the one before it',
    description: 'The controller is short of CPU, or has more replicas to decide on than it can.',
    runbook: 'decisions-are-late-or-stop',
  },
  {
    name: 'BallastDecisionDefect',
    expression: 'sum(increase(ballast_decision_defects_total[10m])) > 0',
    for: '0m',
    severity: 'critical',
    summary: 'Decisions fail by a defect of Ballast',
    description: 'The last good decision stays in force for as long as this goes on.',
    runbook: 'decisions-fail',
  },
  {
    name: 'BallastOptimalityGapLarge',
    expression: 'max(ballast_decision_optimality_gap_ratio) > 0.01',
    for: '5m',
    severity: 'warning',
    summary: 'Weights are off the optimum: {{ $value | humanizePercentage }}',
    description: 'The conditions of an optimal distribution are violated by more than 1 %.',
    runbook: 'the-optimality-gap-is-large',
  },
  {
    name: 'BallastAgentSilent',
    expression: 'max by (node) (ballast_node_silent) == 1',
    for: '2m',
    severity: 'warning',
    summary: 'Nothing is heard of the agent on node {{ $labels.node }}',
    description: 'Replicas there go back to an equal weight, since their CPU is not known.',
    runbook: 'an-agent-is-silent',
  },
  {
    name: 'BallastManyAgentsSilent',
    expression: 'avg(ballast_node_silent) > 0.2',
    for: '1m',
    severity: 'critical',
    summary: 'Nothing is heard of {{ $value | humanizePercentage }} of the agents',
    description: 'More than single nodes are concerned: look at what they have in common.',
    runbook: 'an-agent-is-silent',
  },
  {
    name: 'BallastAgentWithoutAssignments',
    expression: 'ballast_agent_assignments_valid == 0',
    for: '2m',
    severity: 'warning',
    summary: 'Agent {{ $labels.pod }} has no valid assignments',
    description: 'It does not reach the controller that leads: proxies on its node leave requests to Istio.',
    runbook: 'an-agent-does-not-reach-the-controller',
  },
  {
    name: 'BallastReportsRefused',
    expression: 'sum by (reason) (rate(ballast_reports_refused_total[5m])) > 0.1',
    for: '5m',
    severity: 'warning',
    summary: 'Reports of agents are refused: {{ $labels.reason }}',
    description: 'What those agents measure is not used.',
    runbook: 'reports-are-refused',
  },
  {
    name: 'BallastStatisticsDropped',
    expression: 'sum by (pod) (rate(ballast_agent_statistics_dropped_total[5m])) > 0',
    for: '5m',
    severity: 'warning',
    summary: 'Agent {{ $labels.pod }} drops statistics of proxies',
    description: 'They wait for longer than 30 s: the controller takes no reports, or too slowly.',
    runbook: 'an-agent-does-not-reach-the-controller',
  },
  {
    name: 'BallastWritesFailing',
    // A refused write is retried at least once a minute, so the window has one attempt and no old ones.
    expression: `sum by (verb, resource, code) (increase(ballast_apiserver_requests_total{${WRITES},code!~"2..|404"}[2m])) > 0`,
    for: '5m',
    severity: 'warning',
    summary: 'The API server refuses to {{ $labels.verb }} {{ $labels.resource }}: {{ $labels.code }}',
    description:
      'Routing or status cannot be brought to what policies ask for. 403: rights, 409: somebody else’s field.',
    runbook: 'writes-are-refused',
  },
  {
    name: 'BallastRoutingStuck',
    expression: 'max(ballast_routing_pending_writes) > 0',
    for: '10m',
    severity: 'warning',
    summary: '{{ $value }} writes of routing have been due for ten minutes',
    description: 'Requests go by the routing that is in force, which is not the one that policies ask for.',
    runbook: 'writes-are-refused',
  },
  {
    name: 'BallastWatchLost',
    expression: 'max by (resource) (max_over_time(ballast_apiserver_watches[3m])) == 0',
    for: '1m',
    severity: 'critical',
    summary: 'Changes of {{ $labels.resource }} are not seen',
    description: 'The controller decides by an old picture of the cluster.',
    runbook: 'the-cluster-is-not-seen',
  },
  {
    name: 'BallastPolicyNotReady',
    // Learning means that no call of the service was seen yet, which is not a failure.
    expression: 'max by (namespace, policy) (ballast_policy_condition{type="Ready",reason!~"Off|Learning"}) == 0',
    for: '10m',
    severity: 'warning',
    summary: 'Policy {{ $labels.namespace }}/{{ $labels.policy }} is not ready',
    description: 'Its service is not balanced as it says: kubectl describe lbp names the reason.',
    runbook: 'a-policy-is-not-ready',
  },
  {
    name: 'BallastProxiesWithoutTable',
    expression: 'sum(ballast_proxies{table="none"}) / (sum(ballast_proxies) > 0) > 0.05',
    for: '5m',
    severity: 'warning',
    summary: '{{ $value | humanizePercentage }} of the proxies have no valid table',
    description: 'They leave their requests to Istio.',
    runbook: 'requests-are-left-to-istio',
  },
  {
    name: 'BallastRequestsLeftToIstio',
    expression: `(${LEFT_TO_ISTIO}) / (sum by (namespace) (rate(ballast_picks_total[5m])) + ${LEFT_TO_ISTIO}) > 0.01`,
    for: '5m',
    severity: 'warning',
    summary:
      '{{ $value | humanizePercentage }} of the requests from {{ $labels.namespace }} to balanced services are left to Istio',
    description:
      'Their proxies have no table, no replica to choose, or more requests under way than they keep track of.',
    runbook: 'requests-are-left-to-istio',
  },
  {
    name: 'BallastProxyLimits',
    expression: 'max by (namespace) (ballast_services_over_limit) > 0',
    for: '10m',
    severity: 'warning',
    summary: 'Proxies in {{ $labels.namespace }} cannot hold {{ $value }} of the balanced services',
    description: 'Requests to these are left to Istio.',
    runbook: 'a-proxy-cannot-hold-all-services',
  },
  {
    name: 'BallastCapacityShort',
    expression: 'ballast_service_served_cores / (ballast_service_demand_cores > 0.1) < 0.95',
    for: '15m',
    severity: 'info',
    summary:
      'The nodes can carry {{ $value | humanizePercentage }} of what {{ $labels.namespace }}/{{ $labels.service }} needs',
    description: 'No distribution of requests makes up for CPU that is not there.',
    runbook: 'the-nodes-are-full',
  },
  {
    name: 'BallastPaused',
    expression: 'max(ballast_pauses) > 0',
    for: '1h',
    severity: 'info',
    summary: 'Balancing has been paused by hand for an hour',
    description: 'Weights stay as they were: ballast resume ends it.',
    runbook: 'weights-do-not-move',
  },
  {
    name: 'BallastVersionsDiffer',
    expression: 'count(count by (version) (ballast_build_info)) > 1',
    for: '1h',
    severity: 'info',
    summary: 'Controller and agents run {{ $value }} versions',
    description: 'A rollout has not come to its end.',
    runbook: 'versions-differ',
  },
];
