import { expect, test, vi } from 'vitest';
import { parseOptions } from '../../host-agent/options.ts';

const parse = (...flags: string[]): ReturnType<typeof parseOptions> => parseOptions(['node', 'main.ts', ...flags]);

test('flags', () => {
  const flags = [
    '--listen',
    '[::1]:80',
    '--node-cgroup',
    '/ballast/node-1/',
    '--cpus',
    '0-1,3',
    '--interval-ms',
    '500',
  ];
  expect(parse('--node', 'node-1', '--controller', 'http://10.0.0.1:15070', ...flags)).toMatchObject({
    node: 'node-1',
    controller: new URL('http://10.0.0.1:15070'),
    listen: { host: '::1', port: 80 },
    nodeCgroup: 'ballast/node-1',
    cpus: new Set([0, 1, 3]),
    intervalMs: 500,
    cgroupRoot: '/sys/fs/cgroup',
  });
});

test('the environment stands in for flags, and flags win', () => {
  vi.stubEnv('NODE_NAME', 'from-environment');
  vi.stubEnv('BALLAST_CONTROLLER', 'http://10.0.0.2:15070');
  vi.stubEnv('BALLAST_LISTEN', '8080');
  const options = parse('--node', 'from-flag');
  vi.unstubAllEnvs();
  expect(options).toMatchObject({ node: 'from-flag', listen: { host: '0.0.0.0', port: 8080 } });
  expect(options.controller.url.host).toBe('10.0.0.2:15070');
});

test.each([
  ['--listen', 'nowhere'],
  ['--listen', '127.0.0.1:70000'],
  ['--controller', 'controller:15070'],
  ['--controller', 'nonsense'],
  ['--cpus', 'all'],
  ['--interval-ms', '0'],
  ['--node-cgroup', '../elsewhere'],
  ['--unknown', 'x'],
])('%s %s ends the process with a reason', (flag, value) => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  expect(() => parse(flag, value)).toThrow('exit 1');
  expect(said.mock.calls.join('')).toContain(flag);
  exit.mockRestore();
  said.mockRestore();
});
