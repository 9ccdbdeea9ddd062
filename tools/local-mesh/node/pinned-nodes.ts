/** Nodes as cores that processes are pinned to, for machines without writable control groups. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine, MeshNode, NodeSet, Place } from './mesh-node.ts';
import { processCpuSeconds } from '../../machine/processes.ts';

class PinnedNode implements MeshNode {
  readonly name: string;
  readonly cores: number;
  readonly agentFlags: readonly string[];
  readonly #cpu: number | undefined;
  readonly #processesFile: string;
  readonly #pids: number[] = [];
  readonly #pods: Record<string, number[]> = {};
  /** Last known CPU of each process. A process that has ended keeps what it used. */
  readonly #used = new Map<number, number>();

  constructor(name: string, cores: number, directory: string, cpu?: number) {
    this.name = name;
    this.cores = cores;
    this.#cpu = cpu;
    this.#processesFile = join(directory, `processes-${name}.json`);
    this.#write();
    const cpus = cpu === undefined ? [] : ['--cpus', String(cpu)];
    this.agentFlags = ['--processes', this.#processesFile, ...cpus];
  }

  within(_place: Place, line: CommandLine): CommandLine {
    if (this.#cpu === undefined) return line;
    return { command: 'taskset', arguments: ['--cpu-list', String(this.#cpu), line.command, ...line.arguments] };
  }

  started(place: Place, pid: number): void {
    this.#pids.push(pid);
    if (place.kind !== 'pod') return;
    (this.#pods[place.uid] ??= []).push(pid);
    this.#write();
  }

  limit(): void {}

  cpuSeconds(): number {
    let sum = 0;
    for (const pid of this.#pids) {
      const seconds = processCpuSeconds(pid) ?? this.#used.get(pid) ?? 0;
      this.#used.set(pid, seconds);
      sum += seconds;
    }
    return sum;
  }

  #write(): void {
    const partial = `${this.#processesFile}.partial`;
    writeFileSync(partial, JSON.stringify(this.#pods));
    renameSync(partial, this.#processesFile);
  }
}

/**
 * One node per core. On a machine with more than two cores, one stays free for everything else. `cpus` are the cores
 * that this process may run on, `reason` is why the nodes are not control groups.
 */
export function createPinnedNodes(
  directory: string,
  names: readonly string[],
  cpus: readonly number[],
  reason: string,
): NodeSet {
  const spare = cpus.length > 2 ? 1 : 0;
  const nodes = names
    .slice(0, Math.max(1, cpus.length - spare))
    .map((name, index) => new PinnedNode(name, 1, directory, cpus[index + spare] ?? 0));
  return {
    nodes,
    edge: new PinnedNode('edge', cpus.length, directory),
    sharesCores: true,
    notice: `${reason}: ${nodes.length} nodes are one core each, shared with all that runs on it. Run as root for real quotas.`,
    remove: () => [],
  };
}
