/** What users write besides: every field of Istio's that the local mesh renders, at least once. */
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';

function istio(kind: string, name: string, spec: object, creationTimestamp?: string): Manifest {
  const metadata = { name, namespace: 'hotel-reservation', ...(creationTimestamp ? { creationTimestamp } : {}) };
  return { apiVersion: 'networking.istio.io/v1', kind, metadata, spec };
}

const GEO = 'geo.hotel-reservation.svc.cluster.local';

export const userObjects: readonly Manifest[] = [
  istio('DestinationRule', 'geo', {
    host: 'geo',
    trafficPolicy: {
      loadBalancer: { simple: 'ROUND_ROBIN' },
      connectionPool: {
        tcp: { maxConnections: 50, connectTimeout: '250ms' },
        http: { http1MaxPendingRequests: 7, http2MaxRequests: 8, maxRetries: 9 },
      },
      outlierDetection: {
        consecutive5xxErrors: 3,
        consecutiveGatewayErrors: 0,
        interval: '1s',
        baseEjectionTime: '1m',
        maxEjectionPercent: 30,
        minHealthPercent: 10,
      },
    },
    subsets: [{ name: 'first', labels: { 'statefulset.kubernetes.io/pod-name': 'geo-0' } }],
  }),
  istio('VirtualService', 'geo', {
    hosts: ['geo'],
    http: [
      {
        name: 'exact',
        match: [
          { name: 'one', uri: { exact: '/nearby' }, headers: { 'x-b': { prefix: 'b' }, 'x-a': { regex: 'a+' } } },
          { uri: { prefix: '/n' } },
        ],
        route: [{ destination: { host: 'geo', subset: 'first' } }],
        timeout: '1.5s',
        retries: {
          attempts: 3,
          retryOn: 'connect-failure,503',
          perTryTimeout: '200ms',
          retryIgnorePreviousHosts: false,
        },
      },
      { match: [{ uri: { regex: '/x/.*' } }], route: [{ destination: { host: GEO } }], retries: { attempts: 0 } },
      {
        match: [{ uri: { prefix: '/' } }],
        route: [{ destination: { host: 'geo', port: { number: 8080 } }, weight: 100 }],
      },
      { route: [{ destination: { host: 'search' } }] },
    ],
  }),
  istio('VirtualService', 'api', {
    hosts: ['api.example.com'],
    gateways: ['hotel-reservation/hotel'],
    http: [{ match: [{ uri: { prefix: '/user' } }], route: [{ destination: { host: 'user' } }] }],
  }),
  istio(
    'VirtualService',
    'a-later-one',
    {
      hosts: ['api.example.com'],
      gateways: ['hotel'],
      http: [{ match: [{ uri: { prefix: '/u' } }], route: [{ destination: { host: 'geo' } }] }],
    },
    '2026-01-01T00:00:00Z',
  ),
  istio('VirtualService', 'api-more', {
    hosts: ['api.example.com', 'other.example.com'],
    gateways: ['hotel', 'mesh'],
    http: [
      { match: [{ uri: { prefix: '/user/vip' } }], route: [{ destination: { host: 'rate' } }] },
      { route: [{ destination: { host: 'profile' } }] },
    ],
  }),
  istio('Gateway', 'more', {
    selector: { istio: 'hotel-gateway' },
    servers: [
      {
        port: { number: 9090, name: 'http-more', protocol: 'HTTP' },
        hosts: ['hotel-reservation/*.example.com', './b.example.org', 'elsewhere/c.example.org', 'd.example.net'],
      },
    ],
  }),
  istio('VirtualService', 'more', {
    hosts: ['x.example.com', 'b.example.org', 'c.example.org', '*.example.net'],
    gateways: ['more'],
    http: [{ route: [{ destination: { host: 'recommendation' } }] }],
  }),
];
