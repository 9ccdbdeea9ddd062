import { expect, it } from 'vitest';
import { gatewayPort } from '../../../central-controller/routing/gateway-port.ts';

interface Port {
  readonly port: number;
  readonly name?: string;
  readonly appProtocol?: string;
  readonly protocol?: string;
}

const METRICS: Port = { name: 'metrics', port: 9090 };

function chosen(...ports: Port[]): number | undefined {
  return gatewayPort({ kind: 'Service', metadata: { name: 'cart' }, spec: { ports } });
}

it('leaves an only port to Istio, which takes it', () => {
  expect(chosen({ name: 'http', port: 8080 })).toBeUndefined();
  expect(chosen()).toBeUndefined();
  expect(gatewayPort({ kind: 'Service', metadata: { name: 'cart' }, spec: {} })).toBeUndefined();
});

it.each(['http', 'http-web', 'http2', 'http2-web', 'grpc', 'grpc-web', 'grpc-web-shop'])(
  'takes the port of several that is named %s',
  (name) => expect(chosen(METRICS, { name, port: 8080 })).toBe(8080),
);

it.each(['http', 'HTTP', 'http2', 'grpc', 'grpc-web', 'kubernetes.io/h2c', 'kubernetes.io/ws'])(
  'takes the port of several whose appProtocol is %s',
  (appProtocol) => expect(chosen(METRICS, { name: 'web', port: 8080, appProtocol })).toBe(8080),
);

it.each([{ name: 'https' }, { name: 'httpd' }, { name: 'tls' }, { name: 'http', appProtocol: 'tcp' }])(
  'does not take for HTTP what Istio does not: %o',
  (port) => expect(chosen({ ...METRICS, port: 1 }, { ...port, port: 2 }, { name: 'http', port: 3 })).toBe(3),
);

it('takes the first of several HTTP ports', () => {
  expect(chosen(METRICS, { name: 'http-a', port: 8080 }, { name: 'http', port: 80 })).toBe(8080);
});

it('takes the first TCP port where none says HTTP', () => {
  expect(chosen({ name: 'dns', port: 53, protocol: 'UDP' }, METRICS, { name: 'web', port: 8080 })).toBe(9090);
});

it('counts ports of other protocols, as Istio does, but takes none', () => {
  expect(chosen({ name: 'http3', port: 443, protocol: 'UDP' }, { name: 'web', port: 8080 })).toBe(8080);
  const udp = { protocol: 'UDP' };
  expect(chosen({ ...udp, name: 'a', port: 1 }, { ...udp, name: 'b', port: 2 })).toBeUndefined();
});
