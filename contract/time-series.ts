/** Time series of the last ten minutes, and how switching balancing on or off changed them. */
import { Type, type Static } from 'typebox';

const Known = (meaning: string) =>
  Type.Array(Type.Union([Type.Number({ minimum: 0 }), Type.Null()]), {
    description: `${meaning}; one value per entry of \`at\`, null: not known`,
  });

const MaybeFigure = (meaning: string) =>
  Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: `${meaning}; null: not known` });

const At = Type.Number({ description: "Controller's wall clock, ms since 1970" });

/** Times of the values. Steps of which nothing is known are left out. */
export const FigureTimes = Type.Array(At, { description: 'Every two seconds, oldest first' });

export const NodeFigures = Type.Object(
  {
    name: Type.String(),
    utilisation: Known('Busy fraction of its cores, the parts below included'),
    background: Known('Fraction that is busy with neighbours: all that no weight moves'),
    steal: Known('Fraction that the hypervisor took'),
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
  Type.Literal('Observe', { description: 'Weights are decided, but Istio balances' }),
  Type.Literal('Off'),
  Type.Literal('Paused', { description: 'Weights stay as they were' }),
]);
export type Stance = Static<typeof Stance>;

export const SpanFigures = Type.Object(
  {
    seconds: Type.Number({ minimum: 0, description: 'Length of the time span' }),
    p50Seconds: MaybeFigure("Median latency, from its proxies' histograms"),
    p99Seconds: MaybeFigure('Latency that 99 % of the requests stay below'),
    meanLatencySeconds: MaybeFigure('Mean latency'),
    requestsPerSecond: MaybeFigure('Requests a second'),
    inFlight: MaybeFigure('Requests in flight, mean'),
    busiestNode: MaybeFigure('Utilisation of the busiest of the nodes that carry it'),
    idlestNode: MaybeFigure('Utilisation of the idlest of them'),
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
      description: 'The last minute before, back to the previous switch at most; null: too little is known',
    }),
    after: Type.Union([SpanFigures, Type.Null()], {
      description: 'The last minute since, up to the next switch at most; null: too little is known yet',
    }),
  },
  { title: 'Switch' },
);
export type Switch = Static<typeof Switch>;
