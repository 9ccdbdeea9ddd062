/** Plans the phases of a run. Pure. */
import type { Balancer } from '../report/phases.ts';

export interface PlannedPhase {
  readonly balancer: Balancer;
  /** Each round has one phase of each balancer. */
  readonly round: number;
  readonly neighbour: boolean;
  /** Start of the phase, start of its measurement, and its end, in whole seconds from the start of the load. */
  readonly startSecond: number;
  readonly measuredSecond: number;
  readonly endSecond: number;
}

export interface PlanRequest {
  /** Rounds with the neighbour, and rounds without. */
  readonly rounds: number;
  readonly quietRounds: number;
  readonly phaseSeconds: number;
  readonly quietPhaseSeconds: number;
  /** Time at the start of each phase that is not measured, in which the queues of the phase before drain. */
  readonly settleSeconds: number;
}

/**
 * Default and Ballast take turns, so that slow changes of the machine affect both: first without the neighbour, then
 * with it.
 */
export function planPhases(request: PlanRequest): PlannedPhase[] {
  const phases: PlannedPhase[] = [];
  let second = 0;
  const addRounds = (count: number, neighbour: boolean, seconds: number): void => {
    for (let round = 0; round < count; round++) {
      for (const balancer of ['default', 'ballast'] as const) {
        const [startSecond, measuredSecond, endSecond] = [second, second + request.settleSeconds, second + seconds];
        const index = neighbour ? request.quietRounds + round : round;
        phases.push({ balancer, round: index, neighbour, startSecond, measuredSecond, endSecond });
        second = endSecond;
      }
    }
  };
  addRounds(request.quietRounds, false, request.quietPhaseSeconds);
  addRounds(request.rounds, true, request.phaseSeconds);
  return phases;
}

export function describePhase({ balancer, neighbour }: Pick<PlannedPhase, 'balancer' | 'neighbour'>): string {
  return `${balancer === 'ballast' ? 'Ballast' : "Istio's default"}, ${neighbour ? 'noisy neighbour' : 'quiet'}`;
}
