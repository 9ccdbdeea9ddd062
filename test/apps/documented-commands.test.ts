/** What the pages tell readers to type about a controller that runs, and programs that need nothing else. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LiveController, startLiveController } from '../bench/support/live-controller.ts';
import { CHECKOUT } from '../docs/support/markdown.ts';
import { Shell } from '../docs/support/shell.ts';
import { commandsOn } from '../docs/support/stage.ts';

/** The services that the pages speak of. */
const FLEET = {
  nodes: ['node-1', 'node-2', 'node-3'],
  services: [
    ...['frontend', 'search'].map((name) => ({ namespace: 'hotel-reservation', name })),
    ...['cart', 'echo'].map((name) => ({ namespace: 'shop', name })),
  ],
};
const BALLAST = [process.execPath, join(CHECKOUT, 'central-controller/cli/main.ts')];

let controller: LiveController;
let server: Server;
let shell: Shell;

beforeAll(async () => {
  controller = await startLiveController(FLEET);
  server = createServer((_request, response) => response.end());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  shell = new Shell({
    programs: {
      ballast: BALLAST,
      'kubectl-ballast': BALLAST,
      kubectl: ['sh', '-c', 'shift; exec kubectl-ballast "$@"', 'sh'],
    },
    environment: { BALLAST_CONTROLLER: controller.origin },
  });
});

afterAll(async () => {
  shell[Symbol.dispose]();
  server.close();
  await controller[Symbol.asyncDispose]();
});

/** Loads are sent to a server of this test, and not for as long; views that go on until Ctrl-C look once. */
function shortened(command: string): string {
  const { port } = server.address() as AddressInfo;
  const here = command.replace('http://127.0.0.1:8080', `http://127.0.0.1:${port}`).replace(/\btop$/, 'top --once');
  if (!/\bload\b|noisy-neighbour/.test(here)) return here;
  return / --duration /.test(here) ? here.replace(/ --duration \d+s/, ' --duration 1s') : `${here} --duration 1s`;
}

test.each(commandsOn('machine').map((command) => [command.name, command] as const))('%s', async (_name, { text }) => {
  const printed = await shell.run(shortened(text));
  expect(printed === '').toBe(text.includes(' > '));
});
