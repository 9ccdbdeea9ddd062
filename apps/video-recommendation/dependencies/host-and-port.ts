/** Addresses of services as people write them in flags and in the environment. */
import { type Result, failure, success } from '../../../contract/result.ts';

const HOST_AND_PORT = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?):(\d{1,5})$/;

/** Checks `host:port`: a name, an IPv4 address, or an IPv6 address in brackets. The message names no flag. */
export function checkHostAndPort(text: string): Result<string> {
  const port = Number(HOST_AND_PORT.exec(text)?.[1]);
  if (port >= 1 && port <= 65_535 && URL.canParse(`http://${text}`)) return success(text);
  // What stands before an @ may be a password.
  return failure('INVALID_FLAG', `${text.replace(/^.*@/, '***@')} is not host:port such as users.shop:8081`);
}
