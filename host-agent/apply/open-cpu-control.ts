/** CPU control as the command line asks for it. */
import { BallastError } from '../../contract/errors.ts';
import type { Sources } from '../sample/open-sources.ts';
import { CpuControl, type CpuControlParts } from './cpu-control.ts';
import { cpuControllerFiles } from './cpu-interface-v1.ts';
import { unifiedFiles } from './cpu-interface-v2.ts';
import { NodeWeights, type WeightCurve } from './cpu-weight.ts';
import { readNumber } from './group-file.ts';
import { bootIdentity, SettingsFile } from './settings-file.ts';

export interface CpuControlOptions {
  /** File of the saved settings; undefined: nothing may be set. */
  readonly cpuControl: string | undefined;
  /** The agent's own pod, whose weight and request show the curve of `cpu.weight`. */
  readonly podUid: string | undefined;
  /** In thousandths of a core. */
  readonly podCpuRequest: number | undefined;
}

export interface CpuControlEvents extends Pick<CpuControlParts, 'written' | 'failed'> {
  /** Hears with every look by which curve weights are computed; undefined: no group told it, so it is assumed. */
  readonly curve: (observed: WeightCurve | undefined) => void;
}

/**
 * Restores what an agent before this one left changed. Undefined when nothing may be set: no file is named, or its
 * content cannot be read, which `events.failed` hears of.
 * @throws BallastError INVALID_FLAG when replicas are not found by their cgroups
 */
export function openCpuControl(
  { cpuControl: path, podUid: uid, podCpuRequest: milliCores }: CpuControlOptions,
  pods: Sources['pods'],
  events: CpuControlEvents,
): CpuControl | undefined {
  if (path === undefined) return undefined;
  if (pods === undefined) {
    throw new BallastError('INVALID_FLAG', '--cpu-control: needs cgroups, --processes has none');
  }
  const { hierarchy, groups } = pods;
  const saved = new SettingsFile(path, bootIdentity());
  const left = saved.load();
  if (!left.ok) {
    events.failed(left.failure, true);
    return undefined;
  }
  const weights = new NodeWeights(uid === undefined || milliCores === undefined ? undefined : { uid, milliCores });
  const isUnified = hierarchy.version === 'v2';
  const files = isUnified ? unifiedFiles(weights) : cpuControllerFiles;
  const findPods = (): ReadonlyMap<string, string> => {
    const directories = new Map<string, string>();
    // A pod's first group is the one with its processes.
    for (const [uid, [group = '']] of groups.find()) directories.set(uid, hierarchy.settings(group));
    if (!isUnified) return directories;
    weights.observe((pod) => {
      const directory = directories.get(pod);
      return directory === undefined ? undefined : readNumber(directory, files.sharesFile);
    });
    events.curve(weights.observed);
    return directories;
  };
  return new CpuControl({ written: events.written, failed: events.failed, files, findPods, saved }, left.value);
}
