/** Rules change under load: no request fails, and each answer is of one model. */
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { ModelFolder } from '../../../../apps/playlist-recommender/model/model-folder.ts';
import type { Recommendation } from '../../../../apps/playlist-recommender/service/server.ts';
import { startService } from '../../support/service-process.ts';
import { ruleOf, sourceOf, testFolder } from '../support.ts';

const MODELS = 15;
const CLIENTS = 8;
const RULES = 5_000;

/** Rules that recommend songs with the name of their version. */
function rulesOf(version: string) {
  return Array.from({ length: RULES }, (_, number) => ruleOf(`${version} ${number % 40}`, 'One', `Other ${number}`));
}

test('while a replica reloads, all requests are answered, each from one model', async () => {
  const folder = new ModelFolder(testFolder());
  const dates = new Map<string, string>();
  const write = async (version: string) => {
    const date = new Date(Date.UTC(2026, 0, 1, 0, dates.size));
    dates.set(version, date.toISOString());
    await folder.write(sourceOf(version), date, rulesOf(version));
  };
  await write('v0');
  const { url } = await startService('apps/playlist-recommender/main.ts', ['--data', folder.path, '--poll', '10ms']);
  await expect.poll(async () => (await fetch(new URL('/readyz', url))).status).toBe(200);

  const agent = new Agent({ connections: CLIENTS });
  onTestFinished(() => agent.close());
  const ask = async (): Promise<{ status: number; answer: Recommendation }> => {
    const response = await request(new URL('/api/recommend', url), {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ songs: ['One'] }),
    });
    return { status: response.statusCode, answer: (await response.body.json()) as Recommendation };
  };

  const ended = new AbortController();
  const seen = new Set<string>();
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!ended.signal.aborted) {
      const { status, answer } = await ask();
      expect(status).toBe(200);
      const { songs, model_version: version, model_date: date } = answer;
      expect(date).toBe(dates.get(version));
      expect(songs).toHaveLength(10);
      expect(songs.filter((song) => !song.startsWith(`${version} `))).toEqual([]);
      seen.add(version);
    }
  });
  try {
    for (let model = 1; model <= MODELS; model++) {
      await write(`v${model}`);
      await expect.poll(() => seen.has(`v${model}`), { timeout: 30_000 }).toBe(true);
    }
  } finally {
    ended.abort();
    await Promise.all(clients);
  }
  expect(seen.size).toBe(MODELS + 1);
});
