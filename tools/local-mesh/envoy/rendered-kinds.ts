/**
 * Istio's objects as far as the local mesh renders them. The schemas are closed: a field that is not listed here is
 * refused by name, so that the local mesh never silently means something else than a cluster would.
 */
import { Type, type Static } from 'typebox';
import {
  Destination,
  DestinationRule,
  ISTIO_API_VERSION,
  Subset,
  VirtualService,
} from '../../../central-controller/kubernetes/istio.ts';
import { KINDS } from '../../../central-controller/kubernetes/kinds.ts';
import { Labels, Metadata } from '../../../central-controller/kubernetes/manifest.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const Duration = Type.String({ pattern: String.raw`^\d+(\.\d+)?(h|m|s|ms)$`, description: "Go's form: 250ms, 10s" });

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

const RenderedDestination = Type.Object(Destination.properties, closed);
export type RenderedDestination = Static<typeof RenderedDestination>;

const RenderedRoute = Type.Object(
  {
    name: Type.Optional(Type.String()),
    match: Type.Optional(Type.Array(HttpMatch)),
    route: Type.Array(Type.Object({ destination: RenderedDestination, weight: Type.Optional(Count) }, closed), {
      minItems: 1,
      maxItems: 1,
      description: 'One destination: weighted routes are not rendered',
    }),
    timeout: Type.Optional(Duration),
    retries: Type.Optional(Retries),
  },
  closed,
);
export type RenderedRoute = Static<typeof RenderedRoute>;

export const RENDERED_VIRTUAL_SERVICE = {
  ...KINDS.VirtualService,
  schema: Type.Object({
    ...VirtualService.properties,
    spec: Type.Object(
      {
        hosts: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
        gateways: VirtualService.properties.spec.properties.gateways,
        exportTo: VirtualService.properties.spec.properties.exportTo,
        http: Type.Array(RenderedRoute, { minItems: 1 }),
      },
      closed,
    ),
  }),
} as const;
export type RenderedVirtualService = Static<typeof RENDERED_VIRTUAL_SERVICE.schema>;

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

export const RENDERED_DESTINATION_RULE = {
  ...KINDS.DestinationRule,
  schema: Type.Object({
    ...DestinationRule.properties,
    spec: Type.Object(
      {
        ...DestinationRule.properties.spec.properties,
        trafficPolicy: Type.Optional(TrafficPolicy),
        subsets: Type.Optional(Type.Array(Type.Object(Subset.properties, closed))),
      },
      closed,
    ),
  }),
} as const;
export type RenderedDestinationRule = Static<typeof RENDERED_DESTINATION_RULE.schema>;

export const GATEWAY = {
  kind: 'Gateway',
  apiVersion: ISTIO_API_VERSION,
  plural: 'gateways',
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
export type Gateway = Static<typeof GATEWAY.schema>;

export const WASM_PLUGIN = {
  kind: 'WasmPlugin',
  apiVersion: 'extensions.istio.io/v1alpha1',
  plural: 'wasmplugins',
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
export type WasmPlugin = Static<typeof WASM_PLUGIN.schema>;
