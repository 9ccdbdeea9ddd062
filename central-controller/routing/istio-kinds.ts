/** What Ballast reads of Istio's objects; whatever else they hold is let through. */
import { Type } from 'typebox';
import { Metadata } from '../kubernetes/manifest.ts';

const Labels = Type.Record(Type.String(), Type.String());

export const DestinationRuleKind = {
  kind: 'DestinationRule',
  group: 'networking.istio.io',
  schema: Type.Object({
    apiVersion: Type.String(),
    kind: Type.String(),
    metadata: Metadata,
    spec: Type.Object({
      host: Type.String(),
      subsets: Type.Optional(Type.Array(Type.Object({ name: Type.String(), labels: Type.Optional(Labels) }))),
    }),
  }),
} as const;

const Destination = Type.Object({
  host: Type.String(),
  subset: Type.Optional(Type.String()),
  port: Type.Optional(Type.Object({ number: Type.Integer() })),
});

export const HttpRouteSchema = Type.Object({
  match: Type.Optional(Type.Array(Type.Object({ headers: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }))),
  route: Type.Optional(Type.Array(Type.Object({ destination: Destination }))),
  delegate: Type.Optional(Type.Object({ name: Type.Optional(Type.String()), namespace: Type.Optional(Type.String()) })),
});

export const VirtualServiceKind = {
  kind: 'VirtualService',
  group: 'networking.istio.io',
  schema: Type.Object({
    apiVersion: Type.String(),
    kind: Type.String(),
    metadata: Metadata,
    spec: Type.Object({
      hosts: Type.Optional(Type.Array(Type.String())),
      gateways: Type.Optional(Type.Array(Type.String())),
      http: Type.Optional(Type.Array(HttpRouteSchema)),
    }),
  }),
} as const;
