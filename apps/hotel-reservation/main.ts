/** Runs one replica of one service of the hotel application. */
import { parseArgs } from 'node:util';
import closeWithGrace from 'close-with-grace';
import { readServiceAddresses } from '../service/addresses.ts';
import { readListenAddress } from '../service/flags.ts';
import { serve } from './http/server.ts';
import { type CreateService, SERVICE_NAMES, type ServiceName } from './services/service.ts';

const HELP = `Runs one replica of one service of the hotel reservation application, or one of each.

Usage: npx node apps/hotel-reservation/main.ts --service <name> [--listen <ip:port>] [--data <dir>]

  --service  ${SERVICE_NAMES.join(', ')}; or all: one of each
  --listen   address to serve HTTP on (default 127.0.0.1:8080); port 0 takes any free one;
             of all: that of the frontend, the others have the next ports
  --data     directory of the reservations' database (default ./hotel-data)

Environment:
  POD_NAME           name of this replica (default <service>-0)
  MESH_OUTBOUND      ip:port of the sidecar's outbound listener; every call to another service goes there
  SERVICE_ADDRESSES  without mesh and DNS: JSON such as {"geo":"127.0.0.1:8081"}
`;

const DRAIN_MS = 10_000;

function stop(message: string): never {
  console.error(`${message}\nRun with --help for the flags.`);
  process.exit(2);
}

function readFlags(): { service?: string; listen: string; data: string; help: boolean } {
  try {
    return parseArgs({
      options: {
        service: { type: 'string' },
        listen: { type: 'string', default: '127.0.0.1:8080' },
        data: { type: 'string', default: 'hotel-data' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
}

function orStop<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
}

/** A replica loads its own service only, and so starts in a fraction of the time that all eight would take. */
const MODULES: Readonly<Record<ServiceName, () => Promise<{ create: CreateService }>>> = {
  frontend: () => import('./services/frontend.ts'),
  search: () => import('./services/search.ts'),
  geo: () => import('./services/geo.ts'),
  rate: () => import('./services/rate.ts'),
  profile: () => import('./services/profile.ts'),
  recommendation: () => import('./services/recommendation.ts'),
  reservation: () => import('./services/reservation.ts'),
  user: () => import('./services/user.ts'),
};

const flags = readFlags();
if (flags.help) {
  console.log(HELP);
  process.exit(0);
}
if (flags.service === 'all') {
  orStop(() => readListenAddress(flags.listen));
  const { runAll } = await import('../service/run-all.ts');
  const code = await runAll<ServiceName>({
    stages: [['geo', 'rate', 'profile', 'recommendation', 'reservation', 'user'], ['search'], ['frontend']],
    front: 'frontend',
    listen: flags.listen,
    flagsOf: (service, listen) => ['--service', service, '--listen', listen, '--data', flags.data],
  });
  process.exit(code);
}
const name = SERVICE_NAMES.find((known) => known === flags.service);
if (!name) stop(`--service: must be one of ${SERVICE_NAMES.join(', ')}, all`);
const address = orStop(() => readListenAddress(flags.listen));
const addressing = orStop(() => readServiceAddresses(process.env));
const pod = process.env['POD_NAME'] ?? `${name}-0`;

const service = (await MODULES[name]()).create({ data: flags.data, addressing });
const server = await serve(service.routes, address, pod).catch((error: Error) =>
  stop(`--listen: cannot serve on ${flags.listen}: ${error.message}`),
);

closeWithGrace({ delay: DRAIN_MS }, async ({ err }) => {
  if (err) console.error(`${pod} stops:`, err);
  await server.drain();
  await service.close?.();
});

console.log(`${pod} serves ${name} on ${address.host}:${server.port}`);
