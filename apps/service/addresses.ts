/** Addresses of other services, as flags and environment give them. */
import { BallastError } from '../../contract/errors.ts';
import { type Result, failure, success } from '../../contract/result.ts';

const HOST_AND_PORT = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[-A-Za-z0-9._]{0,251}[A-Za-z0-9])?):(\d{1,5})$/;

/** Checks `host:port`: a name, an IPv4 address, or an IPv6 address in brackets. The message names no flag. */
export function checkHostAndPort(text: string): Result<string> {
  const port = Number(HOST_AND_PORT.exec(text)?.[1]);
  if (port >= 1 && port <= 65_535 && URL.canParse(`http://${text}`)) return success(text);
  // What stands before an @ may be a password.
  return failure('INVALID_FLAG', `${text.replace(/^.*@/, '***@')} is not host:port such as users.shop:8081`);
}

export interface ServiceAddresses {
  /** `ip:port` of the sidecar's outbound listener. */
  readonly meshOutbound?: string;
  /** `ip:port` by name of a service, for running without mesh and DNS. */
  readonly addresses: Readonly<Record<string, string>>;
}

/**
 * Reads `MESH_OUTBOUND` and `SERVICE_ADDRESSES`.
 * @throws BallastError INVALID_FLAG
 */
export function readServiceAddresses(env: NodeJS.ProcessEnv): ServiceAddresses {
  const meshOutbound = env['MESH_OUTBOUND'];
  if (!meshOutbound) return { addresses: readAddresses(env['SERVICE_ADDRESSES'] ?? '{}') };
  const checked = checkHostAndPort(meshOutbound);
  if (!checked.ok) throw new BallastError('INVALID_FLAG', `MESH_OUTBOUND: ${checked.failure.message}`);
  return { meshOutbound, addresses: readAddresses(env['SERVICE_ADDRESSES'] ?? '{}') };
}

function readAddresses(text: string): Record<string, string> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    given = undefined;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new BallastError('INVALID_FLAG', 'SERVICE_ADDRESSES is not JSON such as {"geo":"127.0.0.1:8081"}');
  }
  return Object.fromEntries(
    Object.entries(given).map(([name, address]: [string, unknown]) => {
      const checked = checkHostAndPort(String(address));
      if (checked.ok) return [name, checked.value];
      throw new BallastError('INVALID_FLAG', `SERVICE_ADDRESSES: ${name}: ${checked.failure.message}`);
    }),
  );
}
