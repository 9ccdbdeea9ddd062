/**
 * `npm run bench -- dashboard`: what the dashboard costs in a browser that shows a thousand replicas or more, whose
 * figures change once a second: time until the first figures are painted with an empty cache, CPU of all processes of the
 * browser, and layout shift.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { launchBrowser } from '../../dashboard/support/browser.ts';
import { openPage } from '../../dashboard/support/watched-page.ts';
import { type Bench, type BenchContext, type BenchResult, type Round, wholeNumber } from '../support/bench.ts';
import { startFleetController } from '../support/fleet-controller.ts';
import { startLiveController } from '../support/live-controller.ts';
import { cpuSeconds } from '../support/process-cpu.ts';
import type { TickFleet } from '../tick/load.ts';
import { LARGE_FLEET } from './large-fleet.ts';

/** Time for the controller to learn what replicas cost, and for its code to be compiled. */
const WARM_UP_MS = 15_000;
/** Charts and code of the page are ready. */
const SETTLE_MS = 5_000;
const VIEWPORT = { width: 1440, height: 900 };

/** The process and its descendants. */
function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      parents.set(Number(name), Number(fields[1]));
    } catch {
      // It has ended since the directory was read.
    }
  }
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

/** Opens the page with an empty cache. Returns when its first figures were painted, ms. */
async function firstPaint(browser: Browser, origin: string): Promise<number> {
  const context = await browser.newContext({ viewport: VIEWPORT });
  const { paintedAt } = await openPage(context, `${origin}/`);
  const ms = await paintedAt();
  await context.close();
  return ms;
}

async function live(
  browser: Browser,
  pid: number,
  origin: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Round> {
  const context = await browser.newContext({ viewport: VIEWPORT });
  const { errors, layoutShift } = await openPage(context, `${origin}/`);
  await sleep(SETTLE_MS, undefined, { signal });
  const processes = familyOf(pid);
  const used = (): number => processes.reduce((sum, each) => sum + cpuSeconds(each), 0);
  const [before, startedAt] = [used(), performance.now()];
  await sleep(seconds * 1000, undefined, { signal });
  const cpu = used() - before;
  const elapsed = (performance.now() - startedAt) / 1000;
  const shift = await layoutShift();
  await context.close();
  if (errors.length > 0) throw new Error(`the page failed: ${errors.join('; ')}`);
  return {
    part: 'live',
    seconds: Number(elapsed.toFixed(1)),
    cpu_seconds: Number(cpu.toFixed(2)),
    cpu_of_core: Number((cpu / elapsed).toFixed(4)),
    layout_shift: Number(shift.toFixed(4)),
  };
}

/** Ten replicas a node, twenty a service. */
function fleetOf(replicas: number): TickFleet {
  return { nodes: Math.ceil(replicas / 10), replicas, services: Math.ceil(replicas / 20) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function run({ options, progress, signal }: BenchContext): Promise<BenchResult> {
  const { replicas } = options;
  await using controller =
    replicas === undefined
      ? await startLiveController(LARGE_FLEET)
      : await startFleetController(fleetOf(wholeNumber('--replicas', replicas, 100_000)));
  const server = await launchBrowser();
  try {
    const browser = await chromium.connect(server.wsEndpoint());
    progress(`${replicas ?? 1000} replicas report; the controller learns them`);
    await sleep(WARM_UP_MS, undefined, { signal });
    const paints: number[] = [];
    for (let open = 0; open < Number(options['pages'] ?? 5); open++) {
      signal.throwIfAborted();
      paints.push(await firstPaint(browser, controller.origin));
    }
    const seconds = Number(options['seconds'] ?? 30);
    progress(`the page is open for ${seconds} s`);
    const round = await live(browser, server.process().pid ?? 0, controller.origin, seconds, signal);
    return {
      rounds: [...paints.map((ms) => ({ part: 'opened', first_paint_ms: Number(ms.toFixed(1)) })), round],
      summary: {
        first_paint_ms: Number(median(paints).toFixed(1)),
        cpu_of_core: Number(round['cpu_of_core']),
        layout_shift: Number(round['layout_shift']),
      },
    };
  } finally {
    await server.close();
  }
}

export const bench: Bench = {
  description: 'The dashboard in a browser, with a thousand replicas that change once a second',
  options: [
    {
      flags: '--replicas <count>',
      description:
        'ten on a node, twenty of a service, of a loop in this process; absent: 1,000 of a controller as it ships',
    },
    { flags: '--seconds <count>', description: 'how long the page is open', default: '30' },
    { flags: '--pages <count>', description: 'how often it is opened anew, for the first paint', default: '5' },
  ],
  run,
};
