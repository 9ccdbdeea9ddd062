/** The page and the picture of what was measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { renderPng } from '../../../tools/local-mesh/report/write-report.ts';
import type { BenchResult } from '../support/bench.ts';
import { costOf, ratioOf } from './figures.ts';
import { drawCosts } from './picture.ts';
import { SPECS } from './variants.ts';

const TITLE = 'What the plugin costs a real Envoy';

export function costPage({ rounds, summary }: BenchResult, rate: number): string {
  const figure = (name: string, digits = 2): string => (summary[name] ?? NaN).toFixed(digits);
  const rows = SPECS.map(({ name, label, proxy }) => {
    const { first, median, third } = costOf(rounds, name);
    const ratio = ratioOf(rounds, name, proxy === 'bare' ? 'bare none' : 'none');
    const ratios = [ratio.median, ratio.first, ratio.third].map((value) => value.toFixed(2));
    return `| ${label} | ${median.toFixed(1)} | ${first.toFixed(1)} to ${third.toFixed(1)} | ${ratios[0]} (${ratios[1]} to ${ratios[2]}) |`;
  });
  return `# ${TITLE}

\`npm run bench -- plugin\` measures this and writes this page.

CPU time of the whole Envoy process, from the kernel's accounting, divided by the requests it served: one worker on one
core, ${rate} requests/s over kept-alive connections. Load, replicas and agent are on another core. All proxies run at
once and get the load in turns, a quarter of a second each, in ${rounds.length} rounds; ratios are taken within a round.
A process of the lowest priority keeps the proxies' core from falling asleep between requests. The replicas' answers carry
their load as those of a sidecar with the plugin do, and the agent publishes a new table every three seconds.

- A _sidecar_ has the configuration that istiod gives one of the hotel application's, with all Services of the mesh, and
  mutual TLS to the replicas. What is not in this Envoy is Istio's own telemetry filter, which costs a sidecar of Istio
  more and would make every ratio here smaller. A _bare_ proxy has the router alone, and no TLS.
- _Nothing_ is the proxy without plugin and without the session filter that Endpoint routing uses. _Sessions alone_ has
  that filter of Istio's and nobody who names a replica to it.
- _A plugin that does nothing_ is called as often as ours, beside the same session filter, and returns at once: what
  Envoy's WebAssembly costs by itself.
- _Lua, the same policy_ is the plugin's pick as far as the Lua filter lets it: a draw against a window, load and
  failures learnt from responses, but no end of a stream, no table from outside, no ejection, nothing shared by workers,
  nothing reported.
  _A draw alone_ sets the same two headers by weight, removes them from the response, and learns nothing.
- Envoy itself spends more with 1,000 replicas than with 10, whoever chooses. The plugin's share is told by holding each
  against the same proxy without it.

| variant | median, µs | quartiles | over nothing |
| --- | ---: | ---: | ---: |
${rows.join('\n')}

| ratio of medians within rounds | |
| --- | ---: |
| plugin over nothing | ${figure('cpu_ratio')} |
| plugin over sessions alone | ${figure('cpu_ratio_to_session')} |
| plugin over one that does nothing | ${figure('cpu_ratio_to_idle')} |
| one that does nothing over nothing | ${figure('cpu_ratio_of_idle')} |
| plugin over nothing, bare proxy | ${figure('cpu_ratio_bare')} |
| plugin over Lua, the same policy | ${figure('lua_ratio')} |
| plugin over Lua, a draw alone | ${figure('lua_draw_ratio')} |
| plugin with 100 replicas over 10, each over nothing | ${figure('replicas_100_over_10')} |
| plugin with 1,000 replicas over 10, each over nothing | ${figure('replicas_1000_over_10')} |
| whole proxy with 1,000 replicas over 10, plugin | ${figure('replicas_1000_over_10_with_envoy')} |
| whole proxy with 1,000 replicas over 10, nothing | ${figure('none_1000_over_10')} |

Resident memory of the proxy with the plugin grew by ${figure('memory_growth_mb', 1)} MB from request 100,000 to request
1,000,000.

![CPU time per request of each variant](../figures/plugin.png)
`;
}

/** Writes the page, the picture and the figures below `directory`. Returns their paths. */
export async function writeDocs(result: BenchResult, rate: number, directory: string): Promise<string[]> {
  const folders = { reference: join(directory, 'reference'), figures: join(directory, 'figures') };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  const files = {
    page: join(folders.reference, 'plugin-cost.md'),
    picture: join(folders.figures, 'plugin.png'),
    json: join(folders.figures, 'plugin.json'),
  };
  const style = await resolveConfig(files.page);
  writeFileSync(files.page, await format(costPage(result, rate), { ...style, parser: 'markdown' }));
  writeFileSync(files.json, `${JSON.stringify({ name: 'plugin', ...result }, null, 2)}\n`);
  const bars = SPECS.map(({ name, label, filter }) => {
    return { label, cost: costOf(result.rounds, name), ours: filter === 'plugin' };
  });
  const note = `One worker, ${rate} requests/s; median of ${result.rounds.length} rounds, lines are quartiles`;
  writeFileSync(files.picture, renderPng(drawCosts(TITLE, note, bars)));
  return Object.values(files);
}
