/** Which port of a Service the routes for gateways lead to. Pure. */
import type { Service } from '../kubernetes/objects.ts';

type ServicePort = NonNullable<Service['spec']['ports']>[number];

/** As Istio reads a port's appProtocol, or else its name up to the first hyphen. */
const HTTP = /^(?:(?:http2?|grpc)(?:-.*)?|kubernetes\.io\/(?:h2c|ws))$/i;

/**
 * The port that a route for gateways has to name: without one Istio takes the gateway's own, which the Service need not
 * have. Undefined where the Service has a single port, which Istio takes.
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
