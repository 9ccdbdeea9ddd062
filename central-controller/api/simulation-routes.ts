/** Decisions under hypothetical changes. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Simulation, SimulationRequest } from '../../contract/simulation.ts';
import type { ControllerState } from '../state.ts';
import { OLD_GAP, withOldGap } from './old-names.ts';
import { Problem, sendProblem } from './problem.ts';

/** Per address. A simulation takes as long as two decisions, and the control loop waits for it. */
const SIMULATIONS_PER_SECOND = 10;

const SimulationAnswer = Type.Object(
  { ...Simulation.properties, ...OLD_GAP },
  { additionalProperties: false, title: 'Simulation' },
);

export function simulationRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.post(
      '/api/v1/simulate',
      {
        config: { rateLimit: { max: SIMULATIONS_PER_SECOND, timeWindow: 1000 } },
        schema: {
          summary: 'Predict weights, utilisation and delays after changes, without making them',
          tags: ['simulation'],
          body: SimulationRequest,
          response: { 200: SimulationAnswer, 400: Problem, 404: Problem, 429: Problem, 503: Problem },
        },
      },
      (request, reply) => {
        const simulated = state.simulate(request.body.changes);
        if (simulated.ok) void reply.send(withOldGap(simulated.value));
        else sendProblem(reply, simulated.failure);
      },
    );
    done();
  };
}
