import { describe, expect, it } from 'vitest';
import { createColors } from 'picocolors';
import { metricsOfApplication, summariseSurvey } from '../../../../tools/lab/survey/figures.ts';
import { surveyPage } from '../../../../tools/lab/survey/page.ts';
import { drawSurvey } from '../../../../tools/lab/survey/picture.ts';
import { surveyTable } from '../../../../tools/lab/survey/table.ts';
import { madeUpRun } from '../../local-mesh/report/made-up-run.ts';

const PLAYLISTS = metricsOfApplication('playlists', {
  run: madeUpRun({ defaultP99: [120, 80], ballastP99: [60, 60], failed: { default: 4, ballast: 1 } }),
  rate: 90,
  requestCpuSeconds: 0.0062,
});
const VIDEOS = metricsOfApplication('videos', { run: madeUpRun({ defaultP99: [40], ballastP99: [44] }), rate: 31 });

describe('the survey', () => {
  it('compares within each round, and counts what failed with the neighbour on', () => {
    expect(PLAYLISTS).toMatchObject({ rate: 90, requestCpuMs: 6.2, p99Ratio: 0.625 });
    expect(PLAYLISTS.defaultP99Ms).toEqual({ median: 100, min: 80, max: 120 });
    expect([PLAYLISTS.failedDefault, PLAYLISTS.failedBallast, PLAYLISTS.requests]).toEqual([8, 2, 8000]);
    expect(VIDEOS).toMatchObject({ requestCpuMs: null, p99Ratio: 1.1, failedBallast: 0 });
  });

  it('refuses a run that ended before both had been measured', () => {
    expect(() =>
      metricsOfApplication('videos', { run: madeUpRun({ defaultP99: [], ballastP99: [] }), rate: 1 }),
    ).toThrow('videos: there is no round');
  });

  it('is as good as its worst application', () => {
    expect(summariseSurvey([PLAYLISTS, VIDEOS])).toEqual({ worst_p99_ratio: 1.1, failed: 2 });
    expect(summariseSurvey([])).toEqual({ worst_p99_ratio: null, failed: 0 });
  });

  it('has a line for each application', () => {
    const lines = surveyTable([PLAYLISTS, VIDEOS], createColors(false)).split('\n');
    const cells = (name: string) =>
      lines
        .find((line) => line.includes(name))
        ?.split('│')
        .map((cell) => cell.trim())
        .slice(1, -1);
    expect(cells('playlists')).toEqual(['playlists', '90', '6.20', '100', '60.0', '0.63', '8, 2']);
    expect(cells('videos')).toEqual(['videos', '31', '–', '40.0', '44.0', '1.10', '0, 0']);
    expect(lines.join('\n')).toContain('80.0..120');
  });

  it('fills a page with the table, the settings and where each application is described', () => {
    const page = surveyPage([PLAYLISTS, VIDEOS], { node: 'node-2', rounds: 2, seconds: 25 });
    expect(page).toContain(surveyTable([PLAYLISTS, VIDEOS], createColors(false)));
    expect(page).toContain('2 rounds of 25 s each');
    expect(page).toContain('[videos](../../apps/videos/README.md)');
    expect(page).toContain('The highest ratio is 1.10; 2 requests failed');
  });

  it('is drawn with a point for each balancer', () => {
    const svg = drawSurvey([PLAYLISTS, VIDEOS], 'two < three');
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
    expect(texts).toEqual(expect.arrayContaining(['playlists', 'videos', 'two &lt; three', '44.0 ms  Ballast']));
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});
