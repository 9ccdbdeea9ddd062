/**
 * Gives a proxy every rival's clusters beside Istio's own, and routes that choose between them by Envoy's runtime, so that
 * the balancer changes from one request to the next in the same processes. The rivals' clusters do not have names
 * of Istio's, so the plugin leaves them alone; it always runs, so that its cost is in all figures. Pure.
 */
import type { EnvoyObject } from '../../../tools/local-mesh/envoy/proxy.ts';
import { RIVALS, runtimeKey } from './policies.ts';

const BALANCED = /^outbound\|8080\|\|/;

function isObject(value: unknown): value is EnvoyObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value with each object in it changed, innermost first. */
function mapObjects(value: unknown, change: (object: EnvoyObject) => EnvoyObject): unknown {
  if (Array.isArray(value)) return value.map((part) => mapObjects(part, change));
  if (!isObject(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapObjects(part, change)])));
}

function rivalName(cluster: string, policy: string): string {
  return cluster.replace(BALANCED, `rival|8080|${policy}|`);
}

/** A copy of the route for each rival, and then the route itself. */
function withRivalRoutes(route: EnvoyObject): EnvoyObject[] {
  const action = route['route'];
  if (!isObject(action) || !BALANCED.test(String(action['cluster']))) return [route];
  const match = isObject(route['match']) ? route['match'] : {};
  const rivals = Object.keys(RIVALS).map((policy) => ({
    ...route,
    match: {
      ...match,
      runtime_fraction: { default_value: { numerator: 0, denominator: 'HUNDRED' }, runtime_key: runtimeKey(policy) },
    },
    route: { ...action, cluster: rivalName(String(action['cluster']), policy) },
  }));
  return [...rivals, route];
}

function withRivalClusters(cluster: EnvoyObject): EnvoyObject[] {
  const name = String(cluster['name']);
  if (!BALANCED.test(name)) return [cluster];
  const { lb_policy: _, ...rest } = cluster;
  const rivals = Object.entries(RIVALS).map(([policy, fields]) => {
    const own = rivalName(name, policy);
    const assignment = { ...(isObject(rest['load_assignment']) ? rest['load_assignment'] : {}), cluster_name: own };
    return { ...rest, name: own, alt_stat_name: `${own};`, load_assignment: assignment, ...fields };
  });
  return [cluster, ...rivals];
}

/** Lets the replicas' sidecars send ORCA load reports: a switch of the plugin's configuration. */
function withLoadReports(object: EnvoyObject): EnvoyObject {
  const { configuration } = object;
  if (!('vm_config' in object) || !isObject(configuration)) return object;
  const value = { ...(JSON.parse(String(configuration['value'])) as object), orca: true };
  return { ...object, configuration: { ...configuration, value: JSON.stringify(value) } };
}

function asList(value: unknown): EnvoyObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The bootstrap configuration with the rivals in it, all of them off. */
export function withRivals(bootstrap: EnvoyObject): EnvoyObject {
  const patched = mapObjects(bootstrap, (object) => {
    if ('domains' in object) return { ...object, routes: asList(object['routes']).flatMap(withRivalRoutes) };
    if ('clusters' in object) return { ...object, clusters: asList(object['clusters']).flatMap(withRivalClusters) };
    return withLoadReports(object);
  });
  const runtime = { layers: [{ name: 'admin', admin_layer: {} }] };
  return { ...(isObject(patched) ? patched : {}), layered_runtime: runtime };
}
