/** Runs one replica of one service of the video recommendation application, or one of each. */
import { BallastError, describeFailure } from '../../contract/errors.ts';
import { runAll } from '../service/run-all.ts';
import { runService } from '../service/run-service.ts';
import { readAddressing } from './dependencies/addressing.ts';
import { HELP, type Options, type ServiceName, readFlags } from './flags.ts';
import { createServer } from './http/server.ts';

const TRENDING_MS = 10_000;

/** A replica loads its own service only, and so starts in a fraction of the time that all three would take. */
async function run(service: ServiceName, options: Options): Promise<void> {
  const pod = process.env['POD_NAME'] ?? `${service}-0`;
  const server = createServer();
  switch (service) {
    case 'user-service': {
      const { addUserRoutes } = await import('./services/user-service.ts');
      addUserRoutes(server, options.maxBatchSize);
      break;
    }
    case 'video-service': {
      const { addVideoRoutes } = await import('./services/video-service.ts');
      addVideoRoutes(server, options.maxBatchSize, Date.now);
      break;
    }
    case 'video-recommendation': {
      const { addRecommendationRoutes } = await import('./services/video-recommendation.ts');
      const addressing = readAddressing(process.env, options.hosts);
      addRecommendationRoutes(server, { ...options, pod, addressing, trendingMs: TRENDING_MS, log: console.log });
      break;
    }
  }
  await runService(server, { pod, listen: options.listen });
}

function flagsOf(service: ServiceName, listen: string, options: Options): string[] {
  const flags = {
    service,
    listen,
    'batch-size': options.maxBatchSize,
    'default-limit': options.defaultLimit,
    'client-pool-size': options.poolSize,
    'deadline-ms': options.deadlineMs,
    ...(service === 'video-recommendation' && options.hosts),
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

const read = readFlags(process.argv.slice(2));
if (!read.ok) {
  console.error(describeFailure(read.failure));
  process.exit(2);
}
if (read.value === 'help') {
  console.log(HELP);
  process.exit(0);
}
const { service } = read.value;
try {
  if (service === 'all') {
    const options = read.value;
    process.exitCode = await runAll({
      stages: [['user-service', 'video-service'], ['video-recommendation']],
      front: 'video-recommendation',
      listen: options.listen,
      flagsOf: (name, listen) => flagsOf(name, listen, options),
    });
  } else await run(service, read.value);
} catch (error) {
  console.error(error instanceof BallastError ? describeFailure(error) : error);
  process.exit(2);
}
