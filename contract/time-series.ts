/** Figures of the last ten minutes, and what switching balancing on or off has changed in them. */
import { Type, type Static } from 'typebox';

const Known = (meaning: string) =>
  Type.Array(Type.Union([Type.Number({ minimum: 0 }), Type.Null()]), {
    description: `${meaning}; one value for each of \`at\`, null: not known`,
  });

const MaybeFigure = (meaning: string) =>
  Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: `${meaning}; null: not known` });

const At = Type.Number({ description: "Controller's wall clock, ms since 1970" });

/** When figures were taken: steps that nothing is known of are left out. */
export const FigureTimes = Type.Array(At, { description: 'Every two seconds, oldest first' });

export const NodeFigures = Type.Object(
  {
    name: Type.String(),
    utilisation: Known('Busy share of its cores, the parts below included'),
    background: Known('Share that is busy with something else than balanced replicas: the neighbours'),
    steal: Known('Share that the hypervisor took'),
  },
  { title: 'NodeFigures' },
);
export type NodeFigures = Static<typeof NodeFigures>;

export const ReplicaFigures = Type.Object(
  { name: Type.String(), weight: Known('Weight'), cpuCores: Known('CPU that it used, cores') },
  { title: 'ReplicaFigures' },
);
export type ReplicaFigures = Static<typeof ReplicaFigures>;

export const ServiceFigures = Type.Object(
  {
    requestsPerSecond: Known('Requests a second'),
    inFlight: Known('Requests in flight, mean'),
    meanLatencySeconds: Known('Mean latency of its replicas, by their requests'),
  },
  { title: 'ServiceFigures' },
);
export type ServiceFigures = Static<typeof ServiceFigures>;

/** What Ballast does with a service. */
export const Stance = Type.Union([
  Type.Literal('Enforce', { description: 'It is balanced' }),
  Type.Literal('Observe', { description: 'Weights are worked out, Istio balances' }),
  Type.Literal('Off'),
  Type.Literal('Paused', { description: 'Weights stay as they were' }),
]);
export type Stance = Static<typeof Stance>;

export const SpanFigures = Type.Object(
  {
    seconds: Type.Number({ minimum: 0, description: 'How long they were taken over' }),
    p50Seconds: MaybeFigure("Median latency, by its proxies' histograms"),
    p99Seconds: MaybeFigure('Likewise, what 99 % of the requests stay below'),
    meanLatencySeconds: MaybeFigure('Mean latency'),
    requestsPerSecond: MaybeFigure('Requests a second'),
    inFlight: MaybeFigure('Requests in flight, mean'),
    busiestNode: MaybeFigure('Utilisation of the busiest of the nodes that carry it'),
    idlestNode: MaybeFigure('Likewise of the idlest: the nearer the two, the better levelled'),
  },
  { title: 'SpanFigures' },
);
export type SpanFigures = Static<typeof SpanFigures>;

export const Switch = Type.Object(
  {
    at: At,
    namespace: Type.String(),
    name: Type.String({ description: 'Service' }),
    from: Stance,
    to: Stance,
    before: Type.Union([SpanFigures, Type.Null()], {
      description: 'The last minute before, as far as nothing else was switched; null: too little is known',
    }),
    after: Type.Union([SpanFigures, Type.Null()], {
      description: 'The last minute since, until the next switch; null: too little is known yet',
    }),
  },
  { title: 'Switch' },
);
export type Switch = Static<typeof Switch>;
