/**
 * What is done with each command on the pages: a test runs it unchanged in an environment of its own, or it is
 * one that another test runs, or (benchmarks, which take minutes) its flags are checked against its help.
 */
import type { DocumentedCommand } from './documented-commands.ts';

/** Environment in which commands are run, each by a test file of its own. */
export type Stage =
  /** test/apps/documented-commands.test.ts: this machine, and a controller that decides. */
  | 'machine'
  /** test/cluster/documented-commands.test.ts: an API server, with kubectl. */
  | 'cluster'
  /** The same with Helm, on an API server of its own. */
  | 'helm'
  /** test/lab/documented-commands.test.ts: a cluster whose pods run. */
  | 'lab';

export type Account =
  | { readonly kind: 'run'; readonly stage: Stage }
  | {
      readonly kind: 'test';
      /** Relative to the checkout. */
      readonly file: string;
      /** What of it runs the command. */
      readonly holds: string;
      /** Entry module whose help knows the command's flags. */
      readonly program?: string;
    }
  | { readonly kind: 'help'; readonly program: string };

interface Rule {
  readonly command: RegExp;
  readonly account: Account;
}

const run = (command: RegExp, stage: Stage): Rule => ({ command, account: { kind: 'run', stage } });
const tested = (command: RegExp, file: string, holds: string, program?: string): Rule => ({
  command,
  account: { kind: 'test', file, holds, ...(program !== undefined && { program }) },
});
const explained = (command: RegExp, program: string): Rule => ({ command, account: { kind: 'help', program } });

const DEMO = 'tools/local-mesh/main.ts';
const LAB = 'tools/lab/main.ts';
const CLUSTER_INFO = 'apps/cluster-info/main.ts';
const IMAGES = 'test/tools/images/project-images.test.ts';
const HOTEL = 'test/tools/local-mesh/applications/hotel-reservation.test.ts';
const PDF = 'test/apps/pdf-converter';
const VIDEO = 'test/apps/video-recommendation';
const MAIN_SYSTEM = 'test/lab/main-system.test.ts';
const RENDERED = 'test/istio-configs/hotel-reservation.test.ts';

/** The first that matches counts. */
const RULES: readonly Rule[] = [
  // The whole, which runs these tests.
  tested(/^npm ci(?: && npm test)?$/, '.ci/run', 'npm ci'),
  tested(/^npm test$/, '.ci/run', 'npm test'),
  tested(/^npm run test:unit$/, 'test/run.ts', "'unit'"),
  tested(/^npm run typecheck$/, 'test/run.ts', "'tsc', '--noEmit'"),
  tested(/^npm run lint$/, 'test/run.ts', "'oxlint', '--deny-warnings'"),
  tested(/^npm run format$/, 'test/run.ts', "'prettier', '--check'"),
  tested(/^node \.ci\/complete-lock\.mjs$/, 'test/docs/complete-lock.test.ts', 'complete-lock.mjs'),
  tested(
    /^npm install --global \.$/,
    'test/central-controller/cli/ballast-process.ts',
    'central-controller/cli/main.ts',
  ),
  tested(/^npx vitest run /, 'test/run.ts', "'vitest', 'run'"),
  tested(/^(?:npm ci && )?(?:npm run demo\b|ballast demo\b)/, 'test/tools/local-mesh/demo.test.ts', DEMO, DEMO),
  tested(/^npm run lab -- up\b/, 'test/lab/support/global-setup.ts', 'upLab(', LAB),
  tested(/^npm run lab -- down$/, 'test/lab/support/global-setup.ts', 'downLab()', LAB),
  tested(/^npm run lab -- status\b/, 'test/lab/lab.test.ts', 'readStatus', LAB),
  tested(/^npm run lab -- shell\b/, 'test/lab/documented-commands.test.ts', "'shell'", LAB),
  tested(/^npm run lab -- demo\b/, 'test/tools/lab/demo.test.ts', 'tools/lab/main.ts'),
  explained(/^npm run lab -- /, LAB),
  explained(/^(?:npm run bench -- |ballast bench )/, 'test/bench/main.ts'),
  tested(/^npx node apps\/hotel-reservation\/main\.ts --service all$/, IMAGES, 'serves without arguments'),
  tested(/^docker run --rm -p 8080:8080 ballast\//, IMAGES, 'serves without arguments'),
  tested(/^npm run images\b/, IMAGES, 'buildImages(IMAGES', 'tools/images/main.ts'),
  tested(/^for .*docker build /, IMAGES, 'makes the same images as the script'),
  tested(/^npm run pin$/, 'test/cluster/install/manifests.test.ts', 'stalePins('),
  tested(/^npm run build:plugin$/, 'test/wasm-plugin/build.test.ts', 'buildPlugin('),
  tested(/^wrk2 /, 'test/tools/load-generator/workload/mix.test.ts', 'hotel-reservation.lua'),

  // The main system from outside, by hand and by its script.
  tested(/^bash tools\/load-generator\/main-system\.sh address$/, MAIN_SYSTEM, "script('address')"),
  tested(/^bash tools\/load-generator\/main-system\.sh pin$/, MAIN_SYSTEM, "script('pin')"),
  tested(/^bash tools\/load-generator\/main-system\.sh load\b/, MAIN_SYSTEM, "script('load'"),
  tested(/^for i in \$\(seq 100\); do curl .*x-lb-endpt/, MAIN_SYSTEM, "script('pin')"),

  // Applications, which serve until they are ended.
  tested(/^npx node apps\/pdf-converter\/main\.ts$/, `${PDF}/main.test.ts`, 'apps/pdf-converter/main.ts'),
  tested(
    /^npx node apps\/pdf-converter\/client\/main\.ts /,
    `${PDF}/client/main.test.ts`,
    'client/main.ts',
    'apps/pdf-converter/client/main.ts',
  ),
  tested(/^curl -F myfile=/, `${PDF}/conversion.test.ts`, "'myfile'"),
  tested(
    /^npx node tools\/load-generator\/operator\/main\.ts /,
    'test/cluster/load-generator/operator.test.ts',
    'operator/main.ts',
    'tools/load-generator/operator/main.ts',
  ),
  // Of objects and pods that the operator makes, or one of the other applications.
  tested(/loadgen(?:requests?|results?)\b/, 'test/cluster/load-generator/operator.test.ts', 'loadgen'),
  tested(
    /^kubectl --namespace ballast-load rollout /,
    'test/tools/load-generator/operator/manifests.test.ts',
    'load-generator/base/deployment.yaml',
  ),
  tested(/^kubectl --namespace pdf-converter logs /, `${PDF}/client/main.test.ts`, 'sends so many pictures'),

  // Blocks of which no line stands alone.
  tested(/^hotel=istio-configs\/hotel-reservation$/, RENDERED, 'istio-configs/hotel-reservation/base'),
  tested(/ballast -- render --from \$hotel\/base --routing Endpoint /, RENDERED, "'--routing', 'Endpoint'"),
  tested(/ballast -- render --from \$hotel\/base .*--routing Subset /, RENDERED, "'--routing', 'Subset'"),
  tested(
    /^(?:cd apps\/hotel-reservation|export SERVICE_ADDRESSES=.*|port=8080|for service in frontend .*)$/,
    HOTEL,
    'startReplica(',
  ),
  tested(/^curl 'http:\/\/127\.0\.0\.1:8080\/hotels\?/, HOTEL, '/hotels'),
  tested(
    /^npx node apps\/video-recommendation\/main\.ts --service all$/,
    `${VIDEO}/main.test.ts`,
    "'--service', 'all'",
  ),
  tested(
    /^curl 'http:\/\/127\.0\.0\.1:8080\/recommendations\//,
    'test/tools/local-mesh/applications/video-recommendation.test.ts',
    '/recommendations/7?limit=',
  ),

  tested(
    /^npx node apps\/video-recommendation\/evenness\/main\.ts /,
    `${VIDEO}/evenness/main.test.ts`,
    'evenness/main.ts',
    'apps/video-recommendation/evenness/main.ts',
  ),

  // Findings are programs of their own, which check themselves.
  tested(/^bash findings\/envoy-least-request-of-two\.sh$/, 'findings/envoy-least-request-of-two.sh', 'LEAST_REQUEST'),

  // Doctor checks a cluster, and its exit code depends on what it finds.
  tested(/ballast(?: --)? doctor\b/, 'test/cluster/doctor.test.ts', "'doctor'", 'central-controller/cli/main.ts'),
  tested(/ballast(?: --)? verify pinning\b/, 'test/lab/pinning.test.ts', "'verify', 'pinning'"),
  tested(/^ballast completion /, 'test/central-controller/cli/completion.test.ts', 'completionScript('),
  run(/^ballast render .*\| kubectl apply /, 'cluster'),
  run(/^(?:npm run (?:-s )?ballast -- |ballast |kubectl ballast )/, 'machine'),
  run(/^(?:npm run (?:-s )?load -- |npx node tools\/noisy-neighbour\/main\.ts )/, 'machine'),

  // Applications by themselves.
  tested(
    /^npx node apps\/cluster-info\/main\.ts /,
    'test/apps/cluster-info/main.test.ts',
    'startService(',
    CLUSTER_INFO,
  ),
  tested(
    /^npx node apps\/playlist-recommender\/main\.ts experiment /,
    'test/apps/playlist-recommender/experiment/experiments.test.ts',
    "'experiment'",
  ),
  tested(
    /^npx node apps\/playlist-recommender\/main\.ts /,
    'test/apps/playlist-recommender/main.test.ts',
    'startService(',
  ),

  // What asks kubelets, or waits for pods.
  run(/^kubectl .*\b(?:logs|exec|port-forward|rollout)\b/, 'lab'),
  run(/^(?:helm |kubectl delete crd )/, 'helm'),
  run(/^kubectl /, 'cluster'),
];

/** Undefined: it is not run. */
export function accountOf({ text }: DocumentedCommand): Account | undefined {
  return RULES.find(({ command }) => command.test(text))?.account;
}

/** Rules that no command of the pages meets. */
export function idleRules(commands: readonly DocumentedCommand[]): string[] {
  const met = new Set(commands.map(({ text }) => RULES.find(({ command }) => command.test(text))));
  return RULES.filter((rule) => !met.has(rule)).map(({ command }) => String(command));
}

/** What readers are to put in, as the tests do. */
const PUT_IN: Readonly<Record<string, string>> = {
  '<namespace>': 'hotel-reservation',
  '<service>': 'search',
  '<name>': 'search',
  '<pod>': 'search-0',
  '<replica>': 'search-0',
  '<command>': 'status',
};

/** The command with its placeholders filled. @param more placeholders besides those that are the same everywhere */
export function filled(text: string, more: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...PUT_IN, ...more }).reduce((all, [name, value]) => all.replaceAll(name, value), text);
}
