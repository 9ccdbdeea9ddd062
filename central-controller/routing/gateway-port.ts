/** The port of a Service that routes for gateways name. Pure. */
import type { Service } from '../kubernetes/objects.ts';

type ServicePort = NonNullable<Service['spec']['ports']>[number];

/** Istio reads a port's appProtocol, or else its name up to the first hyphen. */
const HTTP = /^(?:(?:http2?|grpc)(?:-.*)?|kubernetes\.io\/(?:h2c|ws))$/i;

/**
 * A route for gateways names a port, or Istio takes the gateway's own, which the Service may not have. Undefined where
 * the Service has a single port: Istio takes that one.
 */
export function gatewayPort({ spec: { ports = [] } }: Service): number | undefined {
  // Istio counts ports of every protocol.
  if (ports.length <= 1) return undefined;
  const tcp = ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return (tcp.find(isHttp) ?? tcp[0])?.port;
}

function isHttp({ appProtocol, name = '' }: ServicePort): boolean {
  return HTTP.test(appProtocol ?? name);
}
