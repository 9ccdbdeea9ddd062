/** Folders and models of the tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Rule, Source } from '../../../apps/playlist-recommender/model/model.ts';

/** A folder that is there until the test is over. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-playlists-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function sourceOf(version: string): Source {
  return { version, dataset: 'file:///playlists.csv', sha256: '0'.repeat(64), minSupport: 0.1, minConfidence: 0.5 };
}

export function ruleOf(consequent: string, ...antecedent: readonly string[]): Rule {
  return { antecedent, consequent, support: 0.25, confidence: 0.75, lift: 2.5 };
}
