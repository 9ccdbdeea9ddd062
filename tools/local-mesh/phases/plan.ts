/** Which phases a run has, in which order. Pure. */
import type { Balancer } from '../report/phases.ts';

export interface PlannedPhase {
  readonly balancer: Balancer;
  /** Both balancers have one phase in each round. */
  readonly round: number;
  readonly neighbour: boolean;
  /** Whole seconds from the start of the load, at which the phase begins, is measured from, and ends. */
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
  /** The begin of each phase that is not measured: what the one before it left in queues is worked off. */
  readonly settleSeconds: number;
}

/** Default and Ballast in turn, so that the machine's mood meets both: first without the neighbour, then with it. */
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
