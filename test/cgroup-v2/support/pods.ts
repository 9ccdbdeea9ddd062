/** Pods' groups as kubelet makes them with each of its cgroup drivers. */
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Driver } from '../guest/containers.ts';
import { call } from './guest.ts';

export const DRIVERS: readonly Driver[] = ['cgroupfs', 'systemd'];

export interface PodCpu {
  /** `cpu.weight` */
  readonly weight: number;
  /** Microseconds in a period of 100 ms; none when absent. */
  readonly quota?: number;
}

export type QosClass = 'burstable' | 'guaranteed';

/** Text of `cpu.max`. */
export function quotaText(quota: number | undefined): string {
  return `${quota ?? 'max'} 100000`;
}

export class Pod {
  readonly driver: Driver;
  readonly uid: string;
  readonly qosClass: QosClass;

  private constructor(driver: Driver, uid: string, qosClass: QosClass) {
    this.driver = driver;
    this.uid = uid;
    this.qosClass = qosClass;
  }

  /** Makes a pod's group, which ends with the test. */
  static async make(driver: Driver, cpu: PodCpu, uid: string = randomUUID(), qosClass: QosClass = 'burstable') {
    const pod = new Pod(driver, uid, qosClass);
    onTestFinished(async () => pod.remove());
    if (driver === 'systemd') {
      await call('startSlice', pod.slice, ...sliceProperties(cpu));
    } else {
      await call('makeGroup', pod.path);
      await pod.resize(cpu);
    }
    return pod;
  }

  /** Name of the pod's slice, under systemd. */
  get slice(): string {
    const infix = this.qosClass === 'burstable' ? '-burstable' : '';
    return `kubepods${infix}-pod${this.uid.replaceAll('-', '_')}.slice`;
  }

  get path(): string {
    const isBurstable = this.qosClass === 'burstable';
    if (this.driver === 'cgroupfs') return `kubepods/${isBurstable ? 'burstable/' : ''}pod${this.uid}`;
    return `kubepods.slice/${isBurstable ? 'kubepods-burstable.slice/' : ''}${this.slice}`;
  }

  /** Where a runtime puts a container, in the notation that runc takes. */
  containerPath(id: string): string {
    return this.driver === 'cgroupfs' ? `/${this.path}/${id}` : `${this.slice}:cri-containerd:${id}`;
  }

  /** The group of that container. */
  containerGroup(id: string): string {
    return `${this.path}/${this.driver === 'cgroupfs' ? id : `cri-containerd-${id}.scope`}`;
  }

  /** Sets the pod's CPU as kubelet does when the pod is resized in place. */
  async resize(cpu: PodCpu): Promise<void> {
    if (this.driver === 'systemd') {
      await call('changeSlice', this.slice, ...sliceProperties(cpu));
      return;
    }
    await call('writeFile', this.path, 'cpu.weight', String(cpu.weight));
    await call('writeFile', this.path, 'cpu.max', quotaText(cpu.quota));
  }

  /** What the kernel has: weight and quota. */
  async settings(): Promise<[string, string]> {
    return [await call('readFile', this.path, 'cpu.weight'), await call('readFile', this.path, 'cpu.max')];
  }

  /** Makes a group for a container in the pod; returns its path. */
  async makeContainer(): Promise<string> {
    const group = this.containerGroup('app');
    await call('makeGroup', group);
    return group;
  }

  /** Starts a process in a container of its own; returns its id. */
  async startProcess(work: 'busy' | 'idle', cpu = 0): Promise<number> {
    return call('startProcess', await this.makeContainer(), work, cpu);
  }

  /** Ends the pod with its processes. */
  async remove(): Promise<void> {
    await call('destroyGroup', this.path);
    if (this.driver === 'systemd') await call('stopSlice', this.slice);
  }
}

function sliceProperties({ weight, quota }: PodCpu): string[] {
  return [`CPUWeight=${weight}`, `CPUQuota=${quota === undefined ? '' : `${quota / 1000}%`}`];
}
