/** The agent's own sampler and CPU control, as its program wires them. */
import { writeFileSync } from 'node:fs';
import type { PodCpuGrant } from '../../../contract/assignment.ts';
import type { NodeCpu, ReplicaCpu } from '../../../contract/report.ts';
import type { CpuControl } from '../../../host-agent/apply/cpu-control.ts';
import { openCpuControl } from '../../../host-agent/apply/open-cpu-control.ts';
import { openSources, type Sources } from '../../../host-agent/sample/open-sources.ts';

export interface GuestSample {
  readonly atMs: number;
  readonly node: NodeCpu | undefined;
  readonly replicas: readonly ReplicaCpu[];
}

export interface Applied {
  /** What was written or failed since the control was opened, oldest first. */
  readonly events: readonly string[];
  /** The curve of `cpu.weight` that the control uses. */
  readonly curve: string | undefined;
  /** Files that are changed now. */
  readonly changed: number;
}

interface Control {
  readonly control: CpuControl;
  readonly events: string[];
  curve: string | undefined;
}

let opened: Control | undefined;

/** What the agent's flags may name. */
export interface Flags {
  readonly nodeCgroup?: string;
  readonly cpus?: readonly number[];
  /** Process ids by pod UID: the content of the file of `--processes`. */
  readonly processes?: Readonly<Record<string, readonly number[]>>;
}

interface Opened extends Sources {
  readonly warnings: readonly string[];
}

function open({ nodeCgroup, cpus, processes }: Flags): Opened {
  const warnings: string[] = [];
  const file = processes && '/tmp/processes.json';
  if (file !== undefined) writeFileSync(file, JSON.stringify(processes));
  const only = cpus && new Set(cpus);
  const flags = { cgroupRoot: '/sys/fs/cgroup', nodeCgroup, processes: file, cpus: only };
  return { ...openSources(flags, (why) => warnings.push(why)), warnings };
}

/** Without flags: the machine is the node, and its pods are its replicas. */
const machine = open({});
let other: Opened | undefined;

function sampleOf({ node, replicas }: Opened): GuestSample {
  node.refresh();
  replicas.refresh();
  return { atMs: performance.now(), node: node.sample(), replicas: replicas.sample() };
}

function appliedBy({ control, events, curve }: Control): Applied {
  return { events, curve, changed: control.size };
}

export const samplingCommands = {
  /** Where the agent reads CPU when it is given no flags. */
  describeSources: (): string => machine.description,

  /** A sample after a look for new pods. */
  sample(): GuestSample {
    const { replicas, ...sample } = sampleOf(machine);
    return { ...sample, replicas: replicas.map((replica) => opened?.control.reported(replica) ?? replica) };
  },

  /** Samples as an agent with these flags from now on. */
  openOther(flags: Flags): void {
    other?.node.close();
    other?.replicas.close();
    other = open(flags);
  },

  /** A sample of that agent, and what it would have logged. */
  sampleOther(): GuestSample & { readonly warnings: readonly string[] } {
    if (other === undefined) throw new Error('openOther comes first');
    return { ...sampleOf(other), warnings: other.warnings };
  },

  /** Opens the control of an agent whose own pod is named. */
  openControl(podUid?: string, podCpuRequest?: number): void {
    const events: string[] = [];
    const state: Partial<Control> = {};
    const control = openCpuControl({ cpuControl: '/tmp/settings.json', podUid, podCpuRequest }, machine.pods, {
      written: (outcome) => events.push(outcome),
      failed: (failure) => events.push(`${failure.code} ${failure.message}`),
      curve: (curve) => (opened ? (opened.curve = curve) : (state.curve = curve)),
    });
    if (control === undefined) throw new Error(events.join('\n'));
    opened = { control, events, curve: state.curve };
  },

  /** Applies the grants, after a look at what others wrote. */
  grant(grants: PodCpuGrant[]): Applied {
    if (opened === undefined) throw new Error('no control is open');
    opened.control.follow(grants, performance.now());
    return appliedBy(opened);
  },

  /** Restores everything, as the agent does when it stops. */
  closeControl(): Applied | undefined {
    const closed = opened;
    closed?.control.close();
    opened = undefined;
    return closed && appliedBy(closed);
  },

  /** Leaves everything as it is, as an agent that is killed. */
  abandonControl(): void {
    opened = undefined;
  },
};
