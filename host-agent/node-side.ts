/** What the agent does with the kernel of its node: reads CPU counters, and sets what policies grant. */
import { describeFailure } from '../contract/errors.ts';
import type { NodeInventory } from '../contract/node-inventory.ts';
import { openCpuControl } from './apply/open-cpu-control.ts';
import type { AgentContext } from './context.ts';
import { onChange } from './quiet-log.ts';
import { readInventory } from './sample/inventory.ts';
import { openSources } from './sample/open-sources.ts';
import { type Sample, Sampler } from './sample/sampler.ts';

export interface NodeSide {
  /** Replicas of the last sample. */
  readonly replicas: number;
  /** Reads what the node is made of; undefined where it cannot. */
  inventory(): Promise<NodeInventory | undefined>;
  /** CPU settings of pods that are changed now. */
  readonly cpuSettings: number;
  /** Reads all counters; undefined when those of the node cannot be read. */
  sample(): Sample | undefined;
  applyGrants(): void;
  close(): void;
}

export function nodeSide({ options, log, metrics, held, now }: AgentContext): NodeSide {
  const sources = openSources(options, (why) => log.warn(why));
  const logCurve = onChange((line) => log.info(`cpu.weight: ${line}`));
  const cpuControl = openCpuControl(options, sources.pods, {
    curve: (curve) =>
      logCurve(
        curve ?? 'assumed',
        curve === undefined
          ? 'linear is assumed, since no pod named by --pod-uid and --pod-cpu-request shows it'
          : `${curve}, as the agent's own pod shows`,
      ),
    written: (outcome) => metrics.cpuWrites.inc({ outcome }),
    failed(failure, isNew) {
      metrics.cpuWrites.inc({ outcome: 'failed' });
      if (isNew) log.error({ code: failure.code }, describeFailure(failure));
    },
  });
  const logGrants = onChange((line) => log.info(`CPU settings: ${line}`));
  const sampler = new Sampler(sources.node, sources.replicas, options.intervalMs, now);
  const logNode = onChange((line) => log.info(`node: ${line}`));
  let replicas = 0;
  return {
    get replicas() {
      return replicas;
    },
    async inventory() {
      const inventory = await readInventory(sources.cgroupVersion);
      if (inventory === undefined) log.warn('node: what it is made of cannot be read, so it is not reported');
      return inventory;
    },
    get cpuSettings() {
      return cpuControl?.size ?? 0;
    },
    sample() {
      const started = now();
      const sample = sampler.take();
      metrics.sampleSeconds.inc((now() - started) / 1000);
      if (sample === undefined) {
        metrics.missedSamples.inc();
        logNode('unread', 'its CPU cannot be read: nothing is reported');
        return undefined;
      }
      logNode(String(sample.cpu.cores), `${sample.cpu.cores} cores by ${sources.description}`);
      replicas = sample.replicas.length;
      if (cpuControl === undefined) return sample;
      return { ...sample, replicas: sample.replicas.map((replica) => cpuControl.reported(replica)) };
    },
    applyGrants() {
      const { cpuGrants } = held;
      if (cpuControl === undefined) {
        if (cpuGrants.length > 0)
          logGrants('ignored', 'policies ask for some, which takes an agent with --cpu-control');
      } else if (cpuControl.follow(cpuGrants, now())) {
        // The sources must not take a quota that was just set or lifted for one that the replica has of its own.
        sources.replicas.refresh();
        logGrants(String(cpuControl.size), `${cpuControl.size} changed, for ${cpuGrants.length} pods`);
      }
    },
    close() {
      cpuControl?.close();
      sampler.close();
    },
  };
}
