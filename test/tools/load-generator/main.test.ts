import { spawnSync } from 'node:child_process';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startLoadProcess } from './support/load-process.ts';
import { MIXES } from '../../../tools/load-generator/flags.ts';
import type { LoadReport } from '../../../tools/load-generator/show/report.ts';
import { stubServer } from './stub-server.ts';

const MAIN = 'tools/load-generator/main.ts';

function command(...flags: string[]) {
  return promisify(execFile)(process.execPath, [MAIN, ...flags]);
}

test("prints wrk2's layout, or one JSON object", async () => {
  const server = await stubServer((_request, response) => response.end('x'.repeat(100)));
  const flags = ['--url', server.url.href, '--rate', '50', '--duration', '400ms'];
  const { stdout: text } = await command(...flags);
  expect(text).toMatch(
    /Running 400\.00ms test @ http.*\n {2}1 threads and 64 connections\n {2}Thread Stats +Avg +Stdev/,
  );
  expect(text).toMatch(/Latency Distribution \(HdrHistogram - Recorded Latency\)\n 50\.000% +[\d.]+m?s\n/);
  expect(text).toMatch(/Detailed Percentile spectrum:\n +Value +Percentile +TotalCount/);
  expect(text).toMatch(/20 requests in 400\.00ms, 1\.95KB read\nRequests\/sec: +50\.00\nTransfer\/sec: +4\.88KB\n$/);
  const { stdout: json } = await command(...flags, '--json');
  const report = JSON.parse(json) as LoadReport;
  expect(report).toMatchObject({ requests: 20, answered: 20, failed: 0, durationSeconds: 0.4, requestsPerSecond: 50 });
  expect(report.seconds.map(({ second, requests }) => [second, requests])).toEqual([[0, 20]]);
});

test('failures show in the text', async () => {
  const server = await stubServer((_request, response) => response.writeHead(500).end());
  const { stdout } = await command('--url', server.url.href, '--duration', '100ms');
  expect(stdout).toMatch(/Non-2xx or 3xx responses: 10\nRequests\/sec: +0\.00/);
});

test.each([
  [['--rate', 'fast'], '--rate fast is not a number'],
  [['--duration', '-3s'], '--duration -3s is not a time'],
  [['--connections', '1.5'], '--connections 1.5 is not a whole number'],
  [['--timeout', '0s'], '--timeout 0s is not a time'],
  [['--seed', 'x'], '--seed x is not a whole number'],
  [['--header', 'nonsense'], '--header nonsense is not of the form'],
  [['--mix', 'motel'], `--mix motel is neither one of ${MIXES.join(', ')} nor a file`],
  [['--url', 'ftp://host'], '--url ftp://host is not an http'],
  [['--header', 'Expect: 100-continue'], '--header Expect is not possible: the connection sets this header itself'],
  [['--header', 'content-length: 3'], '--header content-length is not possible'],
  [['--url', 'http://user:secret@h:99999/'], '--url http://***@h:99999/ is not an http'],
  [['--url', 'http://host/?a=1', '--mix', 'hotel'], '--url http://host/?a=1 must not have a query'],
])('%j is refused with what is wrong', (flags, says) => {
  const run = spawnSync(process.execPath, [MAIN, '--url', 'http://127.0.0.1:9', ...flags], { encoding: 'utf8' });
  expect(run.status).toBe(2);
  expect(run.stderr).toContain(says);
});

test('as a process of its own it runs until it is stopped, and says why where it cannot run', async () => {
  const server = await stubServer((_request, response) => response.end());
  let seen = 0;
  const load = startLoadProcess({
    url: server.url.href,
    mix: 'hotel',
    rate: 50,
    onSecond: (second, latency) => {
      expect(latency.totalCount).toBe(second.answered);
      seen += 1;
      if (seen === 2) void load.stop();
    },
  });
  const report = await load.finished;
  expect(report.answered).toBe(report.requests);
  expect(report.requests).toBeGreaterThanOrEqual(100);
  await expect(startLoadProcess({ url: 'nowhere', mix: 'hotel', rate: 1 }).finished).rejects.toThrow('--url nowhere');
});
