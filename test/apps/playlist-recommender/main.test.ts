/** Miner, service and client as processes, as a cluster runs them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import type { Recommendation } from '../../../apps/playlist-recommender/service/server.ts';
import { startService } from '../support/service-process.ts';
import { testFolder } from './support.ts';

const MODULE = 'apps/playlist-recommender/main.ts';
const run = promisify(execFile);

async function program(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await run(process.execPath, [MODULE, ...args], {
    env: { ...process.env, ...environment },
    maxBuffer: 16 << 20,
  });
  return stdout;
}

test('the service is ready once the miner has written rules, and the client sees each new model', async () => {
  const data = testFolder();
  const { url, stop } = await startService(MODULE, ['--poll', '20ms'], { DATA_DIR: data, POD_NAME: 'r-0' });
  const readiness = await fetch(new URL('/readyz', url));
  expect([readiness.status, await readiness.json()]).toEqual([
    503,
    { status: 'there are no rules yet: the miner has not written any' },
  ]);

  const job = { DATASET_URL: 'generated:', DATA_DIR: data, MODEL_VERSION: '1.0.0' };
  const first = JSON.parse(await program(['mine', '--json'], job)) as { changed: boolean; date: string };
  expect(first.changed).toBe(true);
  await expect.poll(async () => (await fetch(new URL('/readyz', url))).status).toBe(200);
  expect(await program(['mine'], job)).toContain(`nothing to do: the rules of ${first.date}`);

  const scene = ['Kind Highway', 'Lonely Echo'];
  const answer = JSON.parse(await program(['ask', ...scene, '--url', url.href, '--json'])) as Recommendation;
  expect(answer).toMatchObject({ version: '1.1.0', model_version: '1.0.0', model_date: first.date });
  expect(answer.songs).toContain('Velvet Avenue');

  const client = spawn(process.execPath, [
    MODULE,
    'ask',
    '-c',
    '--changes',
    ...scene,
    '--url',
    url.href,
    '--interval',
    '20ms',
  ]);
  onTestFinished(() => void client.kill('SIGKILL'));
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('time,version,model_date,model_version,replica,response_ms,error');
  expect((await lines.next()).value).toMatch(new RegExp(`Z,1\\.1\\.0,${first.date},1\\.0\\.0,r-0,[\\d.]+,$`));
  await program(['mine'], { ...job, MODEL_VERSION: '1.0.1' });
  expect((await lines.next()).value).toMatch(/Z,1\.1\.0,2.*Z,1\.0\.1,r-0,/);
  const exited = once(client, 'exit');
  client.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  expect(await stop()).toBe(0);
});

test('the data set that is printed can be mined from its file', async () => {
  const csv = await program(['generate', '--seed', '3']);
  expect(csv).toMatch(/^pid,track_name,artist_name,album_name,duration_ms\n0,/);
  const [folder, file] = [testFolder(), join(testFolder(), 'playlists.csv')];
  writeFileSync(file, csv);
  await program(['mine', '--dataset', pathToFileURL(file).href, '--data', folder]);
  const generated = await program(['mine', '--dataset', 'generated:3', '--data', testFolder(), '--json']);
  const fromFile = await program(['mine', '--dataset', pathToFileURL(file).href, '--data', folder, '--json']);
  // Files of rules are named after what they hold.
  expect(JSON.parse(fromFile)).toMatchObject({
    changed: false,
    rules: (JSON.parse(generated) as { rules: string }).rules,
  });
});

test.each([
  [['mine'], "required option '--dataset <url>' not specified", 1],
  [['mine', '--dataset', 'playlists.csv'], '--dataset playlists.csv (or DATASET_URL) is not a URL', 2],
  [['mine', '--dataset', 'generated:', '--min-support', '2'], '--min-support 2 is not a number above 0, up to 1', 2],
  [['mine', '--dataset', 'file:///nowhere.csv'], '[DATASET_UNREACHABLE] Check DATASET_URL', 1],
  [['ask', 'One', '--url', 'here'], '--url here is not an http:// or https:// URL', 2],
  [['ask', 'One', '--url', 'http://127.0.0.1:1'], 'http://127.0.0.1:1/ cannot be reached', 1],
  [['ask'], "missing required argument 'songs'", 1],
  [['generate', '--seed', 'x'], '--seed x is not a whole number', 2],
  [['serve', '--poll', 'often'], '--poll often is not a time', 2],
  [['serve', '--version', 'a b'], '--version (or APP_VERSION) a b is not 1 to 64 characters', 2],
  [['experiment', 'sleep', 'true'], 'Allowed choices are data, replicas, code.', 1],
  [['experiment', 'data', '--url', 'http://127.0.0.1:1', '--', 'true'], 'the service must answer each request', 1],
  [['serve', '--listen', '52004'], '--listen 52004 is not of the form ip:port', 2],
  [['sing'], 'too many arguments', 1],
])('%j is refused with what is wrong', async (args, says, code) => {
  const refusal = await program(args).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code, stderr: expect.stringContaining(says) as string });
});
