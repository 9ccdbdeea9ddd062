/** Istio's objects as far as Ballast reads and writes them. Other fields are kept and left alone. */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Labels, Metadata } from './manifest.ts';

export const ISTIO_API_VERSION = 'networking.istio.io/v1';

const Json = Type.Record(Type.String(), Type.Unknown());

export const Subset = Type.Object({ name: Type.String(), labels: Type.Optional(Labels) });
export type Subset = Static<typeof Subset>;

export const DestinationRule = Type.Object({
  apiVersion: Type.String(),
  kind: Type.String(),
  metadata: Metadata,
  spec: Type.Object({
    host: Type.String(),
    subsets: Type.Optional(Type.Array(Subset)),
    trafficPolicy: Type.Optional(Type.Unknown()),
    exportTo: Type.Optional(Type.Array(Type.String())),
    workloadSelector: Type.Optional(Type.Object({ matchLabels: Type.Optional(Labels) })),
  }),
});
export type DestinationRule = Static<typeof DestinationRule>;

export const Destination = Type.Object({
  host: Type.String(),
  subset: Type.Optional(Type.String()),
  port: Type.Optional(Type.Object({ number: Type.Integer() })),
});

const HttpRoute = Type.Object({
  match: Type.Optional(Type.Array(Type.Object({ headers: Type.Optional(Json) }))),
  route: Type.Optional(Type.Array(Type.Object({ destination: Destination }))),
  delegate: Type.Optional(Type.Object({ name: Type.Optional(Type.String()), namespace: Type.Optional(Type.String()) })),
});
export type HttpRoute = Static<typeof HttpRoute>;

export const VirtualService = Type.Object({
  apiVersion: Type.String(),
  kind: Type.String(),
  metadata: Metadata,
  spec: Type.Object({
    /** Absent: other VirtualServices delegate to it. */
    hosts: Type.Optional(Type.Array(Type.String())),
    gateways: Type.Optional(Type.Array(Type.String())),
    exportTo: Type.Optional(Type.Array(Type.String())),
    http: Type.Optional(Type.Array(Json)),
  }),
});
export type VirtualService = Static<typeof VirtualService>;

/** A route of another form leads to no replica; it does not make the rest of its object unreadable. */
export function isHttpRoute(route: Readonly<Record<string, unknown>>): route is HttpRoute {
  return Value.Check(HttpRoute, route);
}

export function httpRoutes({ spec }: VirtualService): HttpRoute[] {
  return (spec.http ?? []).filter((route) => isHttpRoute(route));
}
