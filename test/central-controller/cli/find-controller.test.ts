import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { edgeAddresses } from '../../../tools/local-mesh/manifests/placement.ts';
import { findController, LOCAL_MESHES } from '../../../central-controller/cli/find-controller.ts';

const UNUSED = 'http://127.0.0.1:1';

async function listening(status = 200): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/livez' ? status : 404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('without --controller, a command', () => {
  it('uses the controller at the default address, even if local meshes run', async () => {
    const address = await listening();
    expect(await findController(address, [await listening(), await listening()])).toBe(address);
  });

  it('uses the controller of the only local mesh', async () => {
    const mesh = await listening();
    expect(await findController(UNUSED, [UNUSED, mesh])).toBe(mesh);
    expect(await findController(await listening(500), [mesh])).toBe(mesh);
  });

  it('asks for --controller if several local meshes run', async () => {
    const meshes = [await listening(), await listening()];
    await expect(findController(UNUSED, meshes)).rejects.toMatchObject({
      code: 'INVALID_FLAG',
      message: `--controller: several local meshes run here; choose one of ${meshes.join(', ')}`,
    });
  });

  it('uses the default address if no controller runs', async () => {
    expect(await findController(UNUSED, [UNUSED])).toBe(UNUSED);
  });
});

it('the known addresses of local meshes are the ones that local meshes use', () => {
  expect(LOCAL_MESHES.map((url) => new URL(url).hostname)).toEqual(
    Array.from({ length: 31 }, (_, index) => edgeAddresses(`127.${10 + index}`).controller),
  );
});
