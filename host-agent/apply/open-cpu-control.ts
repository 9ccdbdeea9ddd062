/** CPU control as the command line asks for it. */
import { BallastError } from '../../contract/errors.ts';
import type { Sources } from '../sample/open-sources.ts';
import { findPodGroups } from '../sample/pod-groups.ts';
import { CpuControl, type CpuControlParts } from './cpu-control.ts';
import { cpuControllerFiles } from './cpu-interface-v1.ts';
import { unifiedFiles } from './cpu-interface-v2.ts';
import { bootIdentity, SettingsFile } from './settings-file.ts';

/**
 * Restores what an agent before this one left changed. Undefined when nothing may be set: no `path` is given, or what
 * it holds cannot be read, which `events.failed` hears of.
 * @throws BallastError INVALID_FLAG when replicas are not told by cgroups
 */
export function openCpuControl(
  path: string | undefined,
  pods: Sources['pods'],
  events: Pick<CpuControlParts, 'written' | 'failed'>,
): CpuControl | undefined {
  if (path === undefined) return undefined;
  if (pods === undefined) {
    throw new BallastError('INVALID_FLAG', '--cpu-control: needs cgroups, --processes has none');
  }
  const { hierarchy, nodePath } = pods;
  const saved = new SettingsFile(path, bootIdentity());
  const left = saved.load();
  if (!left.ok) {
    events.failed(left.failure, true);
    return undefined;
  }
  return new CpuControl(
    {
      ...events,
      files: hierarchy.version === 'v1' ? cpuControllerFiles : unifiedFiles,
      findPods: () =>
        new Map([...findPodGroups(hierarchy, nodePath)].map(([uid, group]) => [uid, hierarchy.settings(group)])),
      saved,
    },
    left.value,
  );
}
