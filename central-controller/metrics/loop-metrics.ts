/** The control loop: who leads, how long decisions take, whether they are on time, what is published. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { ProxyStatus } from '../collect/node-counters.ts';
import type { ControllerState } from '../state.ts';
import { reading, readings } from './readings.ts';

export function registerLoopMetrics(registry: Registry, state: ControllerState): void {
  registerLeadership(registry, state);
  registerDecisions(registry, state);
  registerAssignments(registry, state);
  reading(registry, 'ballast_manual_weights', 'Weights set by hand that are in force', () =>
    state.isLeading ? state.manual.list(state.clock.now()).length : undefined,
  );
  reading(registry, 'ballast_pauses', 'Pauses that are in force: of one service each, or of all services', () =>
    state.isLeading ? state.pauses.list(state.clock.now()).length : undefined,
  );
}

function registerLeadership(registry: Registry, state: ControllerState): void {
  reading(
    registry,
    'ballast_leading',
    '1: this controller decides; 0: it stands by, or does not know the cluster yet',
    () => (state.isLeading ? 1 : 0),
  );
  const changes = new Counter({
    name: 'ballast_leader_changes_total',
    help: 'How often this controller saw another one lead than before, or none',
    registers: [registry],
  });
  let { leader } = state.leadership;
  state.leadership.onChange(() => {
    if (state.leadership.leader === leader) return;
    ({ leader } = state.leadership);
    changes.inc();
  });
}

function registerDecisions(registry: Registry, state: ControllerState): void {
  const registers = [registry];
  const duration = new Histogram({
    name: 'ballast_decision_duration_seconds',
    help: 'Time from taking the snapshot to having published the decision',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5],
    registers,
  });
  const interval = new Histogram({
    name: 'ballast_decision_interval_seconds',
    help: 'Time from one decision to the next: what is above the tick came late',
    buckets: [0.05, 0.1, 0.2, 0.26, 0.3, 0.5, 1, 2, 5],
    registers,
  });
  const moving = new Counter({
    name: 'ballast_decisions_moving_weights_total',
    help: 'Decisions that changed some weight',
    registers,
  });
  state.onDecision((decision, previous, seconds) => {
    duration.observe(seconds);
    if (previous) interval.observe(Math.max(0, decision.at - previous.at) / 1000);
    if (decision.changed) moving.inc();
  });
  reading(
    registry,
    'ballast_last_decision_timestamp_seconds',
    'When the latest decision was made, seconds since 1970; absent while another controller leads',
    () => (state.decision ? state.decision.at / 1000 : undefined),
  );
  reading(
    registry,
    'ballast_decision_optimality_gap_ratio',
    'Largest relative violation of the optimality conditions by the latest decision',
    () => state.decision?.optimalityGap,
  );
  reading(
    registry,
    'ballast_decision_certificate_ratio',
    'Old name of ballast_decision_optimality_gap_ratio, gone in the next version',
    () => state.decision?.optimalityGap,
  );
}

function registerAssignments(registry: Registry, state: ControllerState): void {
  const { published } = state;
  const versions = new Counter({
    name: 'ballast_assignments_published_total',
    help: 'Versions that agents were told of; weights: some weight or replica changed, utilisation: only that',
    labelNames: ['change'],
    registers: [registry],
  });
  let { version } = published;
  state.onDecision(() => {
    if (published.version === version) return;
    ({ version } = published);
    versions.inc({ change: published.history.at(-1)?.weightsChanged ? 'weights' : 'utilisation' });
  });
  reading(
    registry,
    'ballast_assignments_version',
    'Newest version that agents were told of; 0: none yet',
    () => published.version,
  );
  reading(registry, 'ballast_agents_connected', 'Agents that listen for assignments', () => published.connected.length);
  readings(
    registry,
    {
      name: 'ballast_proxies',
      help: 'VMs of the plugin that were heard lately, by whether they hold a valid table',
      labelNames: ['table'],
    },
    () => {
      if (!state.isLeading) return [];
      const proxies = state.proxies();
      const countVms = (isCounted: (proxy: ProxyStatus) => boolean): number =>
        proxies.filter(isCounted).reduce((sum, { vms }) => sum + vms, 0);
      return [
        [{ table: 'held' }, countVms(({ tableVersion }) => tableVersion > 0)],
        [{ table: 'none' }, countVms(({ tableVersion }) => tableVersion === 0)],
      ];
    },
  );
}
