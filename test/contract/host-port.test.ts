import { expect, it } from 'vitest';
import { hostPort } from '../../contract/host-port.ts';

it.each([
  ['10.0.0.1', 80, '10.0.0.1:80'],
  ['fd00::1', 8080, '[fd00::1]:8080'],
  ['kubernetes.default', '443', 'kubernetes.default:443'],
])('%s and %s are %s', (host, port, joined) => {
  expect(hostPort(host, port)).toBe(joined);
  expect(new URL(`http://${joined}`).hostname).toContain(host);
});
