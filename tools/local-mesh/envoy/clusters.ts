/** Clusters as istiod 1.29 makes them of Services and DestinationRules, and their endpoints. */
import { destinationRuleFor } from '../../../central-controller/routing/host-rules.ts';
import { SESSION_LABEL } from '../../../central-controller/routing/istio-names.ts';
import { AGENT_CLUSTER } from '../../../contract/names.ts';
import type { RenderedDestinationRule, TrafficPolicy } from './rendered-kinds.ts';
import type { MeshEndpoint, MeshObjects, MeshService } from './mesh-objects.ts';
import {
  APPLICATION_PORT,
  envoyDuration,
  type EnvoyObject,
  type ProxyInput,
  SERVICE_PORT,
  socketAddress,
} from './proxy.ts';
import { clusterName, configPath } from './routes.ts';

const UNLIMITED = 4294967295;

/** Istio sets no limits unless a DestinationRule does. */
function circuitBreakers(policy: TrafficPolicy | undefined): EnvoyObject {
  const { tcp, http } = policy?.connectionPool ?? {};
  return {
    thresholds: [
      {
        max_connections: tcp?.maxConnections || UNLIMITED,
        max_pending_requests: http?.http1MaxPendingRequests || UNLIMITED,
        max_requests: http?.http2MaxRequests || UNLIMITED,
        max_retries: http?.maxRetries || UNLIMITED,
      },
    ],
  };
}

function enforced(errors: number | undefined, name: string): EnvoyObject {
  if (errors === undefined) return {};
  return { [`consecutive_${name}`]: errors, [`enforcing_consecutive_${name}`]: errors > 0 ? 100 : 0 };
}

function outlierDetection(policy: TrafficPolicy | undefined): EnvoyObject {
  const outlier = policy?.outlierDetection;
  if (!outlier) return {};
  return {
    outlier_detection: {
      enforcing_success_rate: 0,
      ...enforced(outlier.consecutive5xxErrors, '5xx'),
      ...enforced(outlier.consecutiveGatewayErrors, 'gateway_failure'),
      ...(outlier.interval === undefined ? {} : { interval: envoyDuration(outlier.interval) }),
      ...(outlier.baseEjectionTime === undefined
        ? {}
        : { base_ejection_time: envoyDuration(outlier.baseEjectionTime) }),
      ...(outlier.maxEjectionPercent ? { max_ejection_percent: outlier.maxEjectionPercent } : {}),
    },
  };
}

function commonLb(service: MeshService, policy: TrafficPolicy | undefined, subset: string): EnvoyObject {
  const outlier = policy?.outlierDetection;
  // As istiod sets it for a Service with a session label: a chosen endpoint is used while it drains.
  const draining = subset === '' && service.labels[SESSION_LABEL];
  return {
    ...(outlier ? { healthy_panic_threshold: { value: outlier.minHealthPercent ?? 0 } } : {}),
    ...(draining ? { override_host_status: { statuses: ['HEALTHY', 'DRAINING', 'UNKNOWN', 'DEGRADED'] } } : {}),
  };
}

function loadAssignment(name: string, endpoints: readonly { ip: string; port: number }[]): EnvoyObject {
  return {
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: endpoints.map(({ ip, port }) => ({
          endpoint: { address: socketAddress(ip, port) },
          health_status: 'HEALTHY',
          load_balancing_weight: 1,
        })),
      },
    ],
  };
}

/** One outbound cluster before it is rendered: a Service's port, or a subset of it. */
interface OutboundCluster {
  readonly name: string;
  readonly subset: string;
  readonly service: MeshService;
  readonly endpoints: readonly MeshEndpoint[];
  readonly rule?: RenderedDestinationRule;
}

function hasLabels(endpoint: MeshEndpoint, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([key, value]) => endpoint.labels[key] === value);
}

function outboundClusters(mesh: MeshObjects, proxy: ProxyInput): OutboundCluster[] {
  return mesh.services.flatMap((service) => {
    const { host, port, endpoints } = service;
    const rule = destinationRuleFor(mesh.destinationRules, service, proxy);
    const common = { service, ...(rule ? { rule } : {}) };
    const subsets = (rule?.spec.subsets ?? []).map((subset) => ({
      ...common,
      name: clusterName(port, subset.name, host),
      subset: subset.name,
      endpoints: endpoints.filter((endpoint) => hasLabels(endpoint, subset.labels ?? {})),
    }));
    return [{ ...common, name: clusterName(port, '', host), subset: '', endpoints }, ...subsets];
  });
}

function istioMetadata({ service, subset, rule }: OutboundCluster): EnvoyObject {
  const { host, name, namespace } = service;
  return {
    filter_metadata: {
      istio: {
        services: [{ host, name, namespace }],
        ...(rule ? { config: configPath(rule, 'destination-rule') } : {}),
        ...(subset === '' ? {} : { subset }),
      },
    },
  };
}

/** Clusters of all services and subsets, with their endpoints. */
export function renderOutboundClusters(mesh: MeshObjects, proxy: ProxyInput): EnvoyObject[] {
  return outboundClusters(mesh, proxy).map((cluster) => {
    const policy = cluster.rule?.spec.trafficPolicy;
    return {
      name: cluster.name,
      alt_stat_name: `${cluster.name};`,
      type: 'STATIC',
      load_assignment: loadAssignment(cluster.name, cluster.endpoints),
      connect_timeout: envoyDuration(policy?.connectionPool?.tcp?.connectTimeout ?? '10s'),
      lb_policy: policy?.loadBalancer?.simple ?? 'LEAST_REQUEST',
      circuit_breakers: circuitBreakers(policy),
      ...outlierDetection(policy),
      common_lb_config: commonLb(cluster.service, policy, cluster.subset),
      metadata: istioMetadata(cluster),
    };
  });
}

/** The cluster of the replica itself, behind its own sidecar. */
export function inboundCluster(proxy: ProxyInput, services: readonly MeshService[]): EnvoyObject {
  const name = `inbound|${SERVICE_PORT}||`;
  return {
    name,
    alt_stat_name: `${name};`,
    type: 'STATIC',
    load_assignment: loadAssignment(name, [{ ip: proxy.ip, port: APPLICATION_PORT }]),
    connect_timeout: '10s',
    circuit_breakers: circuitBreakers(undefined),
    common_lb_config: {},
    metadata: {
      filter_metadata: {
        istio: { services: services.map(({ host, name: of, namespace }) => ({ host, name: of, namespace })) },
      },
    },
  };
}

/** The agent of the proxy's own node, as the Service with internalTrafficPolicy Local makes it in a cluster. */
export function agentCluster(proxy: ProxyInput): EnvoyObject {
  const [ip = '', port = ''] = proxy.agentAddress.split(':');
  return {
    name: AGENT_CLUSTER,
    alt_stat_name: `${AGENT_CLUSTER};`,
    type: 'STATIC',
    load_assignment: loadAssignment(AGENT_CLUSTER, [{ ip, port: Number(port) }]),
    connect_timeout: '10s',
    lb_policy: 'LEAST_REQUEST',
    circuit_breakers: circuitBreakers(undefined),
    common_lb_config: {},
  };
}
