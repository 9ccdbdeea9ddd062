import fc from 'fast-check';
import { expect, test } from 'vitest';
import { balancerBands, neighbourSpans } from '../../../../../tools/local-mesh/report/picture/bands.ts';
import { drawRun } from '../../../../../tools/local-mesh/report/picture/picture.ts';
import { renderPng } from '../../../../../tools/local-mesh/report/write-report.ts';
import { logScale, timeScale } from '../../../../../tools/local-mesh/report/picture/scale.ts';
import { PHASE_MS, madeUpRun } from '../made-up-run.ts';

const run = madeUpRun({ defaultP99: [120, 130], ballastP99: [41.5, 43] });

test('marks phases, neighbour, nodes and the p99 of each phase', () => {
  const svg = drawRun(run);
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
  expect(texts.filter((text) => text === 'Ballast')).toHaveLength(2);
  expect(texts.filter((text) => text === 'LEAST_REQUEST')).toHaveLength(2);
  expect(texts.filter((text) => text === 'neighbour' || text === 'neighbour on node-2')).toHaveLength(4);
  for (const text of ['node-1', 'node-2 + neighbour', '120 ms', '41.5 ms', 'p50', 'p99', '100 %', '100 requests/s']) {
    expect(texts).toContain(text);
  }
});

test('text is escaped, and nothing in the picture is not a number', () => {
  const svg = drawRun({ ...run, setting: 'a < b & "c"' });
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
  for (const drawn of [svg, drawRun({ phases: [], latency: [], nodes: [] })]) {
    expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test('the PNG has text without any font of the system', () => {
  const png = Buffer.from(renderPng(drawRun(run)));
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2400, 1600]);
  const canvas = (content: string): Buffer =>
    Buffer.from(renderPng(`<svg xmlns="http://www.w3.org/2000/svg" width="200" height="50">${content}</svg>`));
  const text = (font: string): Buffer => canvas(`<text x="10" y="30" font-family="${font}">Ballast</text>`);
  expect(text('Inter').equals(canvas(''))).toBe(false);
  // The family list of the SVG ends in one that resvg must replace where it is all there is.
  expect(text('sans-serif').equals(text('Inter'))).toBe(true);
});

test('phases of one balancer and round are one band; the neighbour is marked where it runs', () => {
  expect(balancerBands(run.phases).map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ['default', 0, 2 * PHASE_MS],
    ['ballast', 2 * PHASE_MS, 4 * PHASE_MS],
    ['default', 4 * PHASE_MS, 6 * PHASE_MS],
    ['ballast', 6 * PHASE_MS, 8 * PHASE_MS],
  ]);
  expect(neighbourSpans(run.phases).map(({ startMs }) => startMs / PHASE_MS)).toEqual([1, 3, 5, 7]);
});

test('a logarithmic scale encloses its values between ticks and rises with them', () => {
  const positive = fc.double({ min: 0.01, max: 1e5, noNaN: true });
  fc.assert(
    fc.property(positive, positive, (one, other) => {
      const [low, high] = one < other ? [one, other] : [other, one];
      const { ticks, at } = logScale(low, high, 400, 100);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks[0]).toBeLessThanOrEqual(low * 1.0001);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(high * 0.9999);
      expect(at(ticks[0] ?? 0)).toBeCloseTo(400);
      expect(at(ticks.at(-1) ?? 0)).toBeCloseTo(100);
      expect(at(low)).toBeGreaterThanOrEqual(at(high));
    }),
  );
});

test('the time axis has at most a dozen ticks', () => {
  for (const endMs of [1000, 45_000, 180_000, 600_000, 7_200_000]) {
    const { ticks } = timeScale(endMs, 0, 100);
    expect(ticks.length).toBeLessThanOrEqual(12);
    expect(ticks[0]).toBe(0);
  }
});
