/** `ballast pause` and `ballast resume`: keep the weights of one service or of all as they are. */
import { Command, InvalidArgumentError } from 'commander';
import { qualifiedName } from '../../contract/names.ts';
import { BallastError } from '../../contract/errors.ts';
import { askController, type ControllerFlags, withControllerOptions } from './controller-client.ts';
import { askForService, servicePath } from './find-target.ts';
import { print } from './print.ts';
import { seconds } from './values.ts';

interface Flags extends ControllerFlags {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly ttl?: number;
  readonly reason?: string;
}

interface Pause {
  readonly service?: string;
  /** Absent from a controller of the version before: the pause has no end. */
  readonly expiresAt?: number;
}

/** Path of the pause in the API, and what it pauses, in words. */
async function pauseTarget(name: string | undefined, flags: Flags): Promise<{ path: string; what: string }> {
  if ((name === undefined) !== (flags.all === true)) {
    throw new BallastError('INVALID_FLAG', 'service: name one service, or set --all; one of the two is needed');
  }
  if (name === undefined) return { path: '/api/v1/pause', what: 'all services' };
  const service = await askForService(flags, name);
  return { path: `${servicePath(service)}/pause`, what: qualifiedName(service) };
}

async function pause(name: string | undefined, flags: Flags): Promise<void> {
  const { path, what } = await pauseTarget(name, flags);
  const { ttl, reason } = flags;
  const body = { ...(ttl !== undefined && { ttlSeconds: ttl }), ...(reason !== undefined && { reason }) };
  const set = await askController<Pause>(flags, path, { method: 'PUT', body });
  const until =
    set.expiresAt === undefined ? '`ballast resume`' : `${new Date(set.expiresAt).toISOString().slice(11, 19)} UTC`;
  print(set, flags.json, () => `${what}: weights stay as they are until ${until}`);
}

async function resume(name: string | undefined, flags: Flags): Promise<void> {
  const { path, what } = await pauseTarget(name, flags);
  await askController<undefined>(flags, path, { method: 'DELETE' });
  print({ service: what, resumed: true }, flags.json, () => `${what}: balanced again`);
}

function upToOneDay(text: string): number {
  const value = seconds(text);
  if (value < 1 || value > 86_400) throw new InvalidArgumentError('Expected between 1s and 24h.');
  return value;
}

function command(name: string): Command {
  return withControllerOptions(new Command(name))
    .argument('[service]', '[<namespace>/]<name>')
    .option('--all', 'all services instead of one')
    .option('--json', 'print the object instead of text');
}

export function pauseCommand(): Command {
  return command('pause')
    .description('keep the weights as they are: stop balancing without losing what was learnt')
    .option('--ttl <time>', 'resume automatically after this time, 1s to 24h (default: 1h)', upToOneDay)
    .option('--reason <text>', 'shown with the pause')
    .action(pause);
}

export function resumeCommand(): Command {
  return command('resume').description('end a pause').action(resume);
}
