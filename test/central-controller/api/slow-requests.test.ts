import { connect } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import { createLoop } from '../fixtures.ts';
import { SOON } from '../../support/soon.ts';

const STREAM = 'POST /agent/v1/reports/stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n';

// Node's own defaults are a minute and five, and one look in half a minute.
it('is done with requests that are not all there after ten seconds, be it their head or their body', async () => {
  const { loop } = createLoop();
  const app = await createServer(loop);
  onTestFinished(() => app.close());
  loop.start();
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const begun = performance.now();
  const ages: number[] = [];
  for (const text of ['POST /agent/v1/reports HTTP/1.1\r\nHo', `${STREAM}Transfer-Encoding: chunked\r\n\r\n`]) {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.on('error', () => undefined);
    socket.on('close', () => ages.push(performance.now() - begun));
    socket.resume();
  }
  await vi.waitFor(() => expect(ages).toHaveLength(2), SOON);
  // An agent's stream of reports takes nine.
  expect(Math.min(...ages)).toBeGreaterThan(9_500);
});
