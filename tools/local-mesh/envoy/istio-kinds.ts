/**
 * The part of Istio's API that the local mesh renders. The schemas are closed: a field that is not listed here is
 * refused by name, so that the local mesh never silently means something else than a cluster would.
 */
import { Type, type Static } from 'typebox';
import { Metadata } from '../../../central-controller/kubernetes/manifest.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const Duration = Type.String({ pattern: String.raw`^\d+(\.\d+)?(h|m|s|ms)$`, description: "Go's form: 250ms, 10s" });
const Labels = Type.Record(Type.String(), Type.String());

const StringMatch = Type.Union([
  Type.Object({ exact: Type.String() }, closed),
  Type.Object({ prefix: Type.String() }, closed),
  Type.Object({ regex: Type.String() }, closed),
]);
export type StringMatch = Static<typeof StringMatch>;

const HttpMatch = Type.Object(
  {
    name: Type.Optional(Type.String()),
    uri: Type.Optional(StringMatch),
    headers: Type.Optional(Type.Record(Type.String(), StringMatch)),
  },
  closed,
);
export type HttpMatch = Static<typeof HttpMatch>;

const Retries = Type.Object(
  {
    attempts: Type.Optional(Count),
    retryOn: Type.Optional(Type.String()),
    perTryTimeout: Type.Optional(Duration),
    retryIgnorePreviousHosts: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type Retries = Static<typeof Retries>;

const Destination = Type.Object(
  {
    host: Type.String({ minLength: 1 }),
    subset: Type.Optional(Type.String()),
    port: Type.Optional(Type.Object({ number: Type.Integer({ minimum: 1, maximum: 65535 }) }, closed)),
  },
  closed,
);
export type Destination = Static<typeof Destination>;

const HttpRoute = Type.Object(
  {
    name: Type.Optional(Type.String()),
    match: Type.Optional(Type.Array(HttpMatch)),
    route: Type.Array(Type.Object({ destination: Destination, weight: Type.Optional(Count) }, closed), {
      minItems: 1,
      maxItems: 1,
      description: 'One destination: weighted routes are not rendered',
    }),
    timeout: Type.Optional(Duration),
    retries: Type.Optional(Retries),
  },
  closed,
);
export type HttpRoute = Static<typeof HttpRoute>;

export const VirtualServiceKind = {
  kind: 'VirtualService',
  group: 'networking.istio.io',
  schema: Type.Object({
    apiVersion: Type.String(),
    metadata: Metadata,
    spec: Type.Object(
      {
        hosts: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
        gateways: Type.Optional(Type.Array(Type.String())),
        http: Type.Array(HttpRoute, { minItems: 1 }),
      },
      closed,
    ),
  }),
} as const;
export type VirtualService = Static<typeof VirtualServiceKind.schema>;

const TrafficPolicy = Type.Object(
  {
    loadBalancer: Type.Optional(
      Type.Object({
        simple: Type.Union([Type.Literal('LEAST_REQUEST'), Type.Literal('ROUND_ROBIN'), Type.Literal('RANDOM')]),
      }),
    ),
    connectionPool: Type.Optional(
      Type.Object(
        {
          tcp: Type.Optional(
            Type.Object({ maxConnections: Type.Optional(Count), connectTimeout: Type.Optional(Duration) }, closed),
          ),
          http: Type.Optional(
            Type.Object(
              {
                http1MaxPendingRequests: Type.Optional(Count),
                http2MaxRequests: Type.Optional(Count),
                maxRetries: Type.Optional(Count),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
    outlierDetection: Type.Optional(
      Type.Object(
        {
          consecutive5xxErrors: Type.Optional(Count),
          consecutiveGatewayErrors: Type.Optional(Count),
          interval: Type.Optional(Duration),
          baseEjectionTime: Type.Optional(Duration),
          maxEjectionPercent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
          minHealthPercent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type TrafficPolicy = Static<typeof TrafficPolicy>;

export const DestinationRuleKind = {
  kind: 'DestinationRule',
  group: 'networking.istio.io',
  schema: Type.Object({
    apiVersion: Type.String(),
    metadata: Metadata,
    spec: Type.Object(
      {
        host: Type.String({ minLength: 1 }),
        trafficPolicy: Type.Optional(TrafficPolicy),
        subsets: Type.Optional(
          Type.Array(Type.Object({ name: Type.String({ minLength: 1 }), labels: Labels }, closed)),
        ),
      },
      closed,
    ),
  }),
} as const;
export type DestinationRule = Static<typeof DestinationRuleKind.schema>;

export const GatewayKind = {
  kind: 'Gateway',
  group: 'networking.istio.io',
  schema: Type.Object({
    metadata: Metadata,
    spec: Type.Object(
      {
        selector: Labels,
        servers: Type.Array(
          Type.Object(
            {
              port: Type.Object({
                number: Type.Integer({ minimum: 1, maximum: 65535 }),
                protocol: Type.Literal('HTTP'),
              }),
              hosts: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
            },
            closed,
          ),
          { minItems: 1 },
        ),
      },
      closed,
    ),
  }),
} as const;
export type Gateway = Static<typeof GatewayKind.schema>;

export const WasmPluginKind = {
  kind: 'WasmPlugin',
  group: 'extensions.istio.io',
  schema: Type.Object({
    metadata: Metadata,
    spec: Type.Object(
      {
        selector: Type.Optional(Type.Object({ matchLabels: Labels }, closed)),
        url: Type.String({ minLength: 1 }),
        sha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
        pluginName: Type.Optional(Type.String()),
        pluginConfig: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        phase: Type.Optional(Type.Literal('UNSPECIFIED_PHASE')),
        failStrategy: Type.Optional(
          Type.Union([Type.Literal('FAIL_OPEN'), Type.Literal('FAIL_CLOSE'), Type.Literal('FAIL_RELOAD')]),
        ),
        match: Type.Optional(
          Type.Array(
            Type.Object(
              {
                mode: Type.Union([Type.Literal('CLIENT'), Type.Literal('SERVER'), Type.Literal('CLIENT_AND_SERVER')]),
              },
              closed,
            ),
          ),
        ),
      },
      closed,
    ),
  }),
} as const;
export type WasmPlugin = Static<typeof WasmPluginKind.schema>;
