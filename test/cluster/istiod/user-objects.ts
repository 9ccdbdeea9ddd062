/** Every field of Istio's that the local mesh renders, at least once. */
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';

function istio(
  kind: string,
  name: string,
  spec: object,
  creationTimestamp?: string,
  namespace = 'hotel-reservation',
): Manifest {
  const metadata = { name, namespace, ...(creationTimestamp ? { creationTimestamp } : {}) };
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

const OLD = '2024-01-01T00:00:00Z';
const NEW = '2026-01-01T00:00:00Z';
const host = (name: string): string => `${name}.hotel-reservation.svc.cluster.local`;
const pool = (maxConnections: number) => ({ connectionPool: { tcp: { maxConnections } } });

/** Several objects for one host: wildcards, some that not all callers see, and some of one host. */
export const objectsOfOneHost: readonly Manifest[] = [
  istio(
    'DestinationRule',
    'a-new',
    { host: 'rate', trafficPolicy: pool(2), subsets: [{ name: 'new', labels: { app: 'rate' } }] },
    NEW,
  ),
  istio(
    'DestinationRule',
    'b-old',
    { host: host('rate'), trafficPolicy: pool(1), subsets: [{ name: 'old', labels: { app: 'rate' } }] },
    OLD,
  ),
  istio('DestinationRule', 'private', { host: GEO, trafficPolicy: pool(3), exportTo: ['.'] }, OLD, 'elsewhere'),
  istio('DestinationRule', 'elsewhere', { host: host('search'), trafficPolicy: pool(4) }, OLD, 'elsewhere'),
  istio('DestinationRule', 'selected', {
    host: host('user'),
    trafficPolicy: pool(5),
    workloadSelector: { matchLabels: { app: 'geo' } },
  }),
  istio('DestinationRule', 'not-selected', {
    host: host('profile'),
    trafficPolicy: pool(6),
    workloadSelector: { matchLabels: { app: 'nobody' } },
  }),
  istio('DestinationRule', 'wide', { host: '*.hotel-reservation.svc.cluster.local', trafficPolicy: pool(7) }),
  istio('DestinationRule', 'wider', { host: '*.svc.cluster.local', trafficPolicy: pool(8) }),
  istio('DestinationRule', 'root', { host: '*.local', trafficPolicy: pool(9) }, OLD, 'istio-system'),
  istio('DestinationRule', 'subsets-alone', { host: host('recommendation'), subsets: [{ name: 'all', labels: {} }] }),
  istio(
    'VirtualService',
    'z-private',
    {
      hosts: [host('user')],
      exportTo: ['.'],
      http: [{ timeout: '3s', route: [{ destination: { host: host('user') } }] }],
    },
    NEW,
  ),
  istio(
    'VirtualService',
    'public',
    {
      hosts: [host('user')],
      http: [{ timeout: '4s', route: [{ destination: { host: host('user') } }] }],
    },
    OLD,
  ),
  istio(
    'VirtualService',
    'unseen',
    {
      hosts: [host('profile')],
      exportTo: ['.'],
      http: [{ timeout: '5s', route: [{ destination: { host: host('profile') } }] }],
    },
    OLD,
    'elsewhere',
  ),
  istio('VirtualService', 'wide', {
    hosts: ['*.hotel-reservation.svc.cluster.local'],
    http: [{ timeout: '6s', route: [{ destination: { host: host('search') } }] }],
  }),
];
