/**
 * From a change of a node's CPU to picks by new weights. Under load, a noisy pod on a node is frozen and thawed again
 * and again. The time runs from the thaw until the weights have made at least half of their final shift
 * and every sidecar has them (test/bench/reaction, on a real cluster).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NEIGHBOUR_NAMESPACE, startNeighbourPod, stopNeighbourPod } from '../../../tools/lab/demo/neighbour-pod.ts';
import { DecisionLog } from '../reaction/decision-log.ts';
import { TableWatch, type WatchedAgent } from '../reaction/table-watch.ts';
import { type PublishedVersion, reactionOf, spreadMs } from '../reaction/timing.ts';
import type { Round } from '../support/bench.ts';
import { AGENTS, HOTEL, type Scene } from './scene.ts';

const NODE = 'node-2';
/** Cores that the pod uses. */
const NEIGHBOUR_PART = 0.7;
const STEADY_MS = 5000;
const AVERAGE_MS = 2000;

async function watchedAgents(scene: Scene): Promise<WatchedAgent[]> {
  const [agents, application] = await Promise.all([scene.pods(AGENTS), scene.pods(HOTEL)]);
  return agents.map(({ ip, node }) => ({
    url: new URL(`http://${ip}:15080/`),
    proxies: application.filter((pod) => pod.node === node).length,
  }));
}

async function publishedVersions(controller: URL): Promise<PublishedVersion[]> {
  const answer = await fetch(new URL('/api/v1/versions', controller));
  return ((await answer.json()) as { versions: PublishedVersion[] }).versions;
}

/** Starts the noisy pod. The returned function stops (`FROZEN`) or continues (`THAWED`) all its processes at once. */
async function startNeighbour(scene: Scene): Promise<(state: 'FROZEN' | 'THAWED') => void> {
  const cores = scene.lab.node(NODE).settings.cores ?? 1;
  await startNeighbourPod(scene.lab.kubectl, { name: NODE, cores }, NEIGHBOUR_PART * cores);
  const [pod] = await scene.pods(NEIGHBOUR_NAMESPACE, 'app=noisy-neighbour');
  if (!pod) throw new Error('the noisy pod is not there');
  const file = join(scene.groupOf(pod, 'freezer'), 'freezer.state');
  readFileSync(file);
  return (state) => writeFileSync(file, state);
}

/** Rows of `repetitions` changes. The load must be running. */
export async function measureReaction(scene: Scene, repetitions: number): Promise<Round[]> {
  const { signal } = scene;
  const controller = await scene.controller();
  const log = new DecisionLog(NODE);
  const watch = new TableWatch(await watchedAgents(scene));
  const rounds: Round[] = [];
  const set = await startNeighbour(scene);
  const watching = Promise.all([log.follow(controller), watch.follow()]);
  const repeat = async (): Promise<void> => {
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      set('FROZEN');
      await sleep(STEADY_MS + spreadMs(repetition), undefined, { signal });
      const startMs = Date.now();
      set('THAWED');
      await sleep(STEADY_MS, undefined, { signal });
      const { shifts } = log;
      const { sightings } = watch;
      const versions = await publishedVersions(controller);
      const reaction = reactionOf({ startMs, averageMs: AVERAGE_MS, shifts, versions, sightings });
      const usedMs = reaction.usedSeconds * 1000;
      scene.progress(`change ${repetition}: in use everywhere after ${usedMs.toFixed(0)} ms`);
      rounds.push({
        repetition,
        decided_ms: reaction.decidedSeconds * 1000,
        used_ms: usedMs,
        cores_before: reaction.coresBefore,
        cores_after: reaction.coresAfter,
      });
    }
  };
  try {
    await Promise.race([repeat(), watching]);
  } finally {
    set('THAWED');
    log.close();
    watch.close();
    await watching.catch(() => undefined);
    await stopNeighbourPod(scene.lab.kubectl);
  }
  return rounds;
}
