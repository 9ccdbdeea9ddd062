import { format } from 'prettier';
import { expect, it } from 'vitest';
import { metricsPage } from './metrics-page.ts';
import { agentRegistry, controllerRegistry, describeMetrics } from './registries.ts';

const page = new URL('../../../docs/reference/metrics.md', import.meta.url).pathname;

// After a change on purpose: npx vitest run test/central-controller/metrics/metrics-page.test.ts -u
it('docs/reference lists every metric of controller and agent', async () => {
  const text = await format(metricsPage(), { parser: 'markdown', printWidth: 120, proseWrap: 'always' });
  await expect(text).toMatchFileSnapshot(page);
});

it.each([
  ['controller', controllerRegistry, /^ballast_(?!agent_)|^process_/],
  ['agent', agentRegistry, /^ballast_agent_|^ballast_build_info$|^process_/],
])('names of the %s say whose they are, and what they count', (_program, registry, own) => {
  for (const { name, type, help } of describeMetrics(registry())) {
    expect(name).toMatch(own);
    expect(help.length).toBeGreaterThan(20);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  }
});
