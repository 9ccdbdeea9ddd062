/** Updates the rules in a folder. */
import { failure, type Result, success } from '../../../contract/result.ts';
import type { Source } from '../model/model.ts';
import type { ModelFolder } from '../model/model-folder.ts';
import type { Checkpoint } from '../model/stored-model.ts';
import { associationRules, DEFAULT_THRESHOLDS, type MinedRules, type Thresholds } from './association-rules.ts';
import { fetchDataset } from './fetch-dataset.ts';
import { parsePlaylists } from './playlists.ts';

export interface Mined {
  /** False if neither the data set nor the options have changed; then nothing was written. */
  readonly changed: boolean;
  readonly checkpoint: Checkpoint;
  /** Number of rules, if they were mined now. */
  readonly rules?: number;
  /** Time that the search for them took, seconds. */
  readonly seconds?: number;
  /** Which rules were left out and why. */
  readonly cut?: string;
}

function describeCut({ maxSongs, bound }: NonNullable<MinedRules['cut']>, options: Thresholds): string {
  const { maxRules, maxSeconds } = { ...DEFAULT_THRESHOLDS, ...options };
  const why =
    bound === 'maxRules' ? `there are more than ${maxRules} (--max-rules)` : `${maxSeconds} s are over (--max-time)`;
  return maxSongs === 1 ? `rules of two songs: ${why}` : `rules of more than ${maxSongs} songs are left out: ${why}`;
}

/** Mines the data set unless the folder already has its rules. A failure leaves the folder as it is. */
export async function mineRules(
  folder: ModelFolder,
  options: Omit<Source, 'sha256'>,
  now: () => Date,
): Promise<Result<Mined>> {
  const dataset = await fetchDataset(options.dataset);
  if (!dataset.ok) return dataset;
  const source = { ...options, dataset: dataset.value.shown, sha256: dataset.value.sha256 };
  const current = await currentOf(folder, source);
  if (current) return success({ changed: false, checkpoint: current });
  const playlists = parsePlaylists(dataset.value.csv);
  if (!playlists.ok) return playlists;
  const start = performance.now();
  const { rules, cut } = associationRules(playlists.value, options);
  const seconds = Math.round(performance.now() - start) / 1000;
  if (cut?.maxSongs === 1) return failure('INVALID_DATASET', `${describeCut(cut, options)}: raise --min-support`);
  const checkpoint = await folder.write(source, now(), rules);
  return success({
    changed: true,
    checkpoint,
    rules: rules.length,
    seconds,
    ...(cut && { cut: describeCut(cut, options) }),
  });
}

/** The folder's checkpoint if it is of this source and its rules are readable. */
async function currentOf(folder: ModelFolder, source: Source): Promise<Checkpoint | undefined> {
  const read = await folder.readCheckpoint();
  if (!read.ok || !read.value) return undefined;
  const checkpoint = read.value;
  const fields = [
    ...(['version', 'dataset', 'sha256'] as const),
    ...(['minSupport', 'minConfidence', 'maxSongs', 'maxRules', 'maxSeconds'] as const),
  ];
  if (fields.some((field) => checkpoint[field] !== source[field])) return undefined;
  return (await folder.readModel(checkpoint)).ok ? checkpoint : undefined;
}
