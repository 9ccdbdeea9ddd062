import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { edgeAddresses } from '../../../tools/local-mesh/manifests/placement.ts';
import { findController, LOCAL_MESHES } from '../../../central-controller/cli/find-controller.ts';

const NOBODY = 'http://127.0.0.1:1';

async function listening(status = 200): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/livez' ? status : 404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a controller that nobody named', () => {
  it('is the one at the usual address, whatever meshes run', async () => {
    const usual = await listening();
    expect(await findController(usual, [await listening(), await listening()])).toBe(usual);
  });

  it('is that of the local mesh where there is one', async () => {
    const mesh = await listening();
    expect(await findController(NOBODY, [NOBODY, mesh])).toBe(mesh);
    expect(await findController(await listening(500), [mesh])).toBe(mesh);
  });

  it('is asked for where there are several', async () => {
    const meshes = [await listening(), await listening()];
    await expect(findController(NOBODY, meshes)).rejects.toMatchObject({
      code: 'INVALID_FLAG',
      message: `--controller: several meshes run here, name one: ${meshes.join(', ')}`,
    });
  });

  it('is said to be missing at the usual address', async () => {
    expect(await findController(NOBODY, [NOBODY])).toBe(NOBODY);
  });
});

it('local meshes have their controllers where they are looked for', () => {
  expect(LOCAL_MESHES.map((url) => new URL(url).hostname)).toEqual(
    Array.from({ length: 31 }, (_, index) => edgeAddresses(`127.${10 + index}`).controller),
  );
});
