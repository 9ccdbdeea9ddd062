/** For each alert, figures that must raise it and figures that must not, a value a minute in promtool's notation. */

type Series = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly alert: string;
  /** When to look, Prometheus' notation. */
  readonly at: string;
  readonly firing: Series;
  /** Labels and text of the alert that is raised. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly quiet: Series;
}

export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'BallastNoLeader',
    at: '5m',
    firing: { 'ballast_leading{pod="a"}': '1 1 0x9', 'ballast_leading{pod="b"}': '0x9' },
    summary: 'No controller decides',
    quiet: { 'ballast_leading{pod="a"}': '1 1 0x9', 'ballast_leading{pod="b"}': '0 0 0 1x9' },
  },
  {
    alert: 'BallastNoLeader',
    at: '5m',
    firing: { 'up{job="others"}': '1x9' },
    summary: 'No controller decides',
    quiet: { 'ballast_leading{pod="a"}': '1x9' },
  },
  {
    alert: 'BallastTwoLeaders',
    at: '6m',
    firing: { 'ballast_leading{pod="a"}': '1x9', 'ballast_leading{pod="b"}': '0 1x9' },
    summary: '2 controllers decide at once',
    // A takeover between two scrapes.
    quiet: { 'ballast_leading{pod="a"}': '1 1 1 1 0x9', 'ballast_leading{pod="b"}': '0 0 0 1x9' },
  },
  {
    alert: 'BallastLeaderChangesOften',
    at: '15m',
    firing: { 'ballast_leader_changes_total{pod="a"}': '0+1x20' },
    summary: 'The leading controller changed 15 times in 15 minutes',
    quiet: { 'ballast_leader_changes_total{pod="a"}': '0 0 0 1 2x20' },
  },
  {
    alert: 'BallastDecisionsStopped',
    at: '5m',
    firing: { 'ballast_last_decision_timestamp_seconds{pod="a"}': '0 60 120 120x9' },
    summary: 'The leading controller has made no decision for 3m 0s',
    quiet: { 'ballast_last_decision_timestamp_seconds{pod="a"}': '0+60x9' },
  },
  {
    alert: 'BallastDecisionsLate',
    at: '15m',
    firing: {
      'ballast_decision_interval_seconds_bucket{le="0.3"}': '0+10x20',
      'ballast_decision_interval_seconds_bucket{le="1"}': '0+80x20',
      'ballast_decision_interval_seconds_bucket{le="2"}': '0+100x20',
      'ballast_decision_interval_seconds_bucket{le="+Inf"}': '0+100x20',
    },
    summary: 'One decision in ten comes 1.5s after the one before it',
    quiet: {
      'ballast_decision_interval_seconds_bucket{le="0.3"}': '0+228x20',
      'ballast_decision_interval_seconds_bucket{le="1"}': '0+238x20',
      'ballast_decision_interval_seconds_bucket{le="2"}': '0+240x20',
      'ballast_decision_interval_seconds_bucket{le="+Inf"}': '0+240x20',
    },
  },
  {
    alert: 'BallastDecisionDefect',
    at: '5m',
    firing: { 'ballast_decision_defects_total{pod="a"}': '0 0 1x9' },
    summary: 'Decisions fail by a defect of Ballast',
    quiet: { 'ballast_decision_defects_total{pod="a"}': '1x9' },
  },
  {
    alert: 'BallastOptimalityGapLarge',
    at: '10m',
    firing: { 'ballast_decision_optimality_gap_ratio{pod="a"}': '0.05x20' },
    summary: 'Weights are off the optimum: 5%',
    quiet: { 'ballast_decision_optimality_gap_ratio{pod="a"}': '0.0000001 0.05 0.0000001x20' },
  },
  {
    alert: 'BallastAgentSilent',
    at: '5m',
    firing: { 'ballast_node_silent{node="n1"}': '0 1x9', 'ballast_node_silent{node="n2"}': '0x9' },
    labels: { node: 'n1' },
    summary: 'Nothing is heard of the agent on node n1',
    quiet: { 'ballast_node_silent{node="n1"}': '0 1 0x9' },
  },
  {
    alert: 'BallastManyAgentsSilent',
    at: '5m',
    firing: { 'ballast_node_silent{node="n1"}': '1x9', 'ballast_node_silent{node="n2"}': '0x9' },
    summary: 'Nothing is heard of 50% of the agents',
    quiet: Object.fromEntries(
      [1, 2, 3, 4, 5, 6].map((node) => [`ballast_node_silent{node="n${node}"}`, node === 1 ? '1x9' : '0x9']),
    ),
  },
  {
    alert: 'BallastAgentWithoutAssignments',
    at: '5m',
    firing: { 'ballast_agent_assignments_valid{pod="agent-1"}': '1 0x9' },
    labels: { pod: 'agent-1' },
    summary: 'Agent agent-1 has no valid assignments',
    quiet: { 'ballast_agent_assignments_valid{pod="agent-1"}': '0 1x9' },
  },
  {
    alert: 'BallastReportsRefused',
    at: '12m',
    firing: { 'ballast_reports_refused_total{reason="MALFORMED_REPORT"}': '0+60x20' },
    labels: { reason: 'MALFORMED_REPORT' },
    summary: 'Reports of agents are refused: MALFORMED_REPORT',
    quiet: { 'ballast_reports_refused_total{reason="STALE_REPORT"}': '0 0 3x20' },
  },
  {
    alert: 'BallastStatisticsDropped',
    at: '12m',
    firing: { 'ballast_agent_statistics_dropped_total{pod="agent-1"}': '0+3x20' },
    labels: { pod: 'agent-1' },
    summary: 'Agent agent-1 drops statistics of proxies',
    quiet: { 'ballast_agent_statistics_dropped_total{pod="agent-1"}': '7x20' },
  },
  {
    alert: 'BallastWritesFailing',
    at: '12m',
    firing: { 'ballast_apiserver_requests_total{verb="patch",resource="virtualservices",code="403"}': '0+1x20' },
    labels: { verb: 'patch', resource: 'virtualservices', code: '403' },
    summary: 'The API server refuses to patch virtualservices: 403',
    quiet: {
      // Refused once, and taken when it was tried again.
      'ballast_apiserver_requests_total{verb="patch",resource="services",code="409"}': '0x4 1x20',
      // Of a namespace that is being deleted: an event is not written again.
      'ballast_apiserver_requests_total{verb="patch",resource="events",code="403"}': '0+1x20',
      'ballast_apiserver_requests_total{verb="patch",resource="virtualservices",code="200"}': '0+1x20',
      'ballast_apiserver_requests_total{verb="update",resource="leases",code="409"}': '0+1x20',
      'ballast_apiserver_requests_total{verb="watch",resource="pods",code="410"}': '0+1x20',
    },
  },
  {
    alert: 'BallastRoutingStuck',
    at: '15m',
    firing: { 'ballast_routing_pending_writes{pod="a"}': '0 2x20' },
    summary: '2 writes of routing have been due for ten minutes',
    quiet: { 'ballast_routing_pending_writes{pod="a"}': '0 5 3 0 0 4 0x20' },
  },
  {
    alert: 'BallastWatchLost',
    at: '8m',
    firing: {
      'ballast_apiserver_watches{resource="pods"}': '1 1 0x20',
      'ballast_apiserver_watches{resource="nodes"}': '1x20',
    },
    labels: { resource: 'pods' },
    summary: 'Changes of pods are not seen',
    quiet: { 'ballast_apiserver_watches{resource="pods"}': '1 0 1 1 0 1 1 0 1 1' },
  },
  {
    alert: 'BallastPolicyNotReady',
    at: '15m',
    firing: {
      'ballast_policy_condition{namespace="shop",policy="cart",type="Ready",reason="Unmeasured"}': '0x3 _x20',
      'ballast_policy_condition{namespace="shop",policy="cart",type="Ready",reason="AgentsSilent"}': '_x4 0x20',
    },
    labels: { namespace: 'shop', policy: 'cart' },
    summary: 'Policy shop/cart is not ready',
    quiet: {
      'ballast_policy_condition{namespace="shop",policy="cart",type="Ready",reason="Off"}': '0x20',
      'ballast_policy_condition{namespace="shop",policy="book",type="Ready",reason="Balanced"}': '1x20',
      // No one has called it yet, and no one calls it any more.
      'ballast_policy_condition{namespace="shop",policy="new",type="Ready",reason="Learning"}': '0x20',
      'ballast_policy_condition{namespace="shop",policy="idle",type="Ready",reason="Idle"}': '1x20',
      'ballast_policy_condition{namespace="shop",policy="book",type="Routed",reason="NotEnforced"}': '0x20',
    },
  },
  {
    alert: 'BallastProxiesWithoutTable',
    at: '10m',
    firing: { 'ballast_proxies{table="held"}': '60x20', 'ballast_proxies{table="none"}': '20x20' },
    summary: '25% of the proxies have no valid table',
    quiet: { 'ballast_proxies{table="held"}': '0x20', 'ballast_proxies{table="none"}': '0x20' },
  },
  {
    alert: 'BallastRequestsLeftToIstio',
    at: '12m',
    firing: {
      'ballast_picks_total{namespace="shop",pod="cart-0"}': '0+900x20',
      'ballast_fallbacks_without_table_total{namespace="shop",pod="cart-0"}': '0+100x20',
      'ballast_fallbacks_without_replica_total{namespace="shop",pod="cart-0"}': '0x20',
      'ballast_fallbacks_over_stream_limit_total{namespace="shop",pod="cart-0"}': '0x20',
    },
    labels: { namespace: 'shop' },
    summary: '10% of the requests from shop to balanced services are left to Istio',
    quiet: {
      'ballast_picks_total{namespace="shop",pod="cart-0"}': '0+900x20',
      'ballast_fallbacks_without_table_total{namespace="shop",pod="cart-0"}': '40x20',
      'ballast_fallbacks_without_replica_total{namespace="shop",pod="cart-0"}': '0+1x20',
      'ballast_fallbacks_over_stream_limit_total{namespace="shop",pod="cart-0"}': '0x20',
    },
  },
  {
    alert: 'BallastProxyLimits',
    at: '15m',
    firing: { 'ballast_services_over_limit{namespace="shop",pod="cart-0"}': '12x20' },
    labels: { namespace: 'shop' },
    summary: 'Proxies in shop cannot hold 12 of the balanced services',
    quiet: { 'ballast_services_over_limit{namespace="shop",pod="cart-0"}': '0x20' },
  },
  {
    alert: 'BallastCapacityShort',
    at: '20m',
    firing: {
      'ballast_service_served_cores{namespace="shop",service="cart"}': '3x25',
      'ballast_service_demand_cores{namespace="shop",service="cart"}': '4x25',
    },
    labels: { namespace: 'shop', service: 'cart' },
    summary: 'The nodes can carry 75% of what shop/cart needs',
    quiet: {
      'ballast_service_served_cores{namespace="shop",service="cart"}': '4x25',
      'ballast_service_demand_cores{namespace="shop",service="cart"}': '4x25',
      'ballast_service_served_cores{namespace="shop",service="idle"}': '0x25',
      'ballast_service_demand_cores{namespace="shop",service="idle"}': '0.01x25',
    },
  },
  {
    alert: 'BallastPaused',
    at: '70m',
    firing: { 'ballast_pauses{pod="a"}': '1x80' },
    summary: 'Balancing has been paused by hand for an hour',
    quiet: { 'ballast_pauses{pod="a"}': '1x30 0x50' },
  },
  {
    alert: 'BallastVersionsDiffer',
    at: '70m',
    firing: {
      'ballast_build_info{component="central-controller",version="0.2.0"}': '1x80',
      'ballast_build_info{component="host-agent",version="0.1.0"}': '1x80',
    },
    summary: 'Controller and agents run 2 versions',
    quiet: {
      'ballast_build_info{component="central-controller",version="0.1.0"}': '1x80',
      'ballast_build_info{component="host-agent",version="0.1.0"}': '1x80',
    },
  },
];
