/** `ballast weights`: shows the weights in force, and sets one by hand for a while. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { percent } from '../dashboard/format.js';
import { askController, type ControllerFlags, withControllerOptions } from './controller-client.ts';
import { askForService, servicePath } from './find-target.ts';
import { print, tableText } from './print.ts';
import { fraction, seconds } from './values.ts';

interface Flags extends ControllerFlags {
  readonly json?: boolean;
}

interface Manual {
  readonly replica: string;
  readonly weight: number;
  readonly expiresAt: number;
}

interface Weights {
  readonly at: number;
  readonly weights: Readonly<Record<string, number>>;
  readonly manual: readonly Manual[];
}

function untilText(expiresAt: number): string {
  return `by hand until ${new Date(expiresAt).toISOString().slice(11, 19)} UTC`;
}

async function get(name: string, flags: Flags): Promise<void> {
  const found = await askController<Weights>(flags, `${servicePath(await askForService(flags, name))}/weights`);
  const byHand = new Map(found.manual.map((manual) => [manual.replica, untilText(manual.expiresAt)]));
  const rows = Object.entries(found.weights).map(([replica, weight]) => [
    replica,
    percent(weight),
    byHand.get(replica) ?? '',
  ]);
  print(found, flags.json, () => tableText(['replica', 'weight', ''], rows));
}

async function set(name: string, replica: string, weight: number, flags: Flags & { ttl: number }): Promise<void> {
  const path = `${servicePath(await askForService(flags, name))}/weights/${encodeURIComponent(replica)}`;
  const body = { weight, ttlSeconds: flags.ttl };
  const manual = await askController<Manual>(flags, path, { method: 'PUT', body });
  print(manual, flags.json, () => `${manual.replica}: ${percent(manual.weight)}, ${untilText(manual.expiresAt)}`);
}

async function clear(name: string, replica: string, flags: Flags): Promise<void> {
  const path = `${servicePath(await askForService(flags, name))}/weights/${encodeURIComponent(replica)}`;
  await askController<undefined>(flags, path, { method: 'DELETE' });
  print({ replica, cleared: true }, flags.json, () => `${replica}: Ballast decides the weight again`);
}

function upToOneHour(text: string): number {
  const value = seconds(text);
  if (value < 1 || value > 3600) throw new InvalidArgumentError('Expected between 1s and 1h.');
  return value;
}

export function weightsCommand(): Command {
  const SERVICE = '[<namespace>/]<name>';
  const subcommand = (name: string): Command =>
    withControllerOptions(new Command(name)).option('--json', 'print the object instead of text');
  return new Command('weights')
    .description('show the weights of a service, or set one by hand for a while')
    .addCommand(subcommand('get').description('show the weights in force').argument('<service>', SERVICE).action(get))
    .addCommand(
      subcommand('set')
        .description('set the weight of a replica; the others share the rest in proportion')
        .argument('<service>', SERVICE)
        .argument('<replica>', 'name of the pod')
        .argument('<weight>', "fraction of the service's requests, such as 0.3 or 30%", fraction)
        .addOption(
          new Option('--ttl <time>', 'Ballast decides the weight again after this time, 1s to 1h')
            .argParser(upToOneHour)
            .default(600, '10m'),
        )
        .action(set),
    )
    .addCommand(
      subcommand('clear')
        .description('let Ballast decide the weight of a replica again')
        .argument('<service>', SERVICE)
        .argument('<replica>', 'name of the pod')
        .action(clear),
    );
}
