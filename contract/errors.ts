/** The one catalogue of errors: code, HTTP status, and what to do about it. */
export const ERRORS = {
  MALFORMED_STATISTICS: { status: 400, remedy: 'Plugin and agent differ in version: roll both to the same release.' },
  MALFORMED_REPORT: { status: 400, remedy: 'Agent and controller differ in version: roll both to the same release.' },
  MALFORMED_ASSIGNMENT: {
    status: 502,
    remedy: 'Agent and controller differ in version: roll both to the same release.',
  },
  STALE_REPORT: {
    status: 409,
    remedy: 'Reports of one agent must rise in sequence and time: check for two agents under one node name.',
  },
  UNKNOWN_NODE: {
    status: 404,
    remedy: 'Take a name that GET /api/v1/nodes lists; the name of an agent is set by its --node.',
  },
  UNKNOWN_SERVICE: { status: 404, remedy: 'GET /api/v1/services lists the services that are balanced.' },
  UNKNOWN_REPLICA: { status: 404, remedy: "GET /api/v1/services/{namespace}/{name} lists the service's replicas." },
  UNKNOWN_POLICY: { status: 404, remedy: 'GET /api/v1/policies lists the policies that there are.' },
  NOT_PAUSED: { status: 404, remedy: 'GET /api/v1/pauses lists what is paused.' },
  UNKNOWN_DECISION: { status: 404, remedy: 'GET /api/v1/decisions lists the ticks that are still known.' },
  INVALID_REQUEST: { status: 400, remedy: 'See /api/v1/openapi.json for the fields and their limits.' },
  UNKNOWN_PATH: { status: 404, remedy: 'See /api/v1/openapi.json for the paths that exist.' },
  METHOD_NOT_ALLOWED: { status: 405, remedy: 'The header Allow names what the path takes.' },
  BODY_TOO_LARGE: { status: 413, remedy: 'Send less: no request that is documented needs as much.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    remedy: 'Send JSON, with the header Content-Type: application/json; streams as application/x-ndjson.',
  },
  TOO_MANY_REQUESTS: { status: 429, remedy: 'Ask less often: GET /api/v1/stream tells of every decision by itself.' },
  DEFECT: { status: 500, remedy: "This is a defect of Ballast: please report it with the controller's log." },
  INVALID_MANIFEST: { status: 422, remedy: 'Correct what the message names, and try again.' },
  INVALID_FLAG: { status: 400, remedy: 'Run the command with --help.' },
  INVALID_MIX: { status: 400, remedy: 'Correct the named field: tools/load-generator/README.md lists them.' },
  INVALID_DATASET: {
    status: 422,
    remedy: 'Correct what the message names: apps/playlist-recommender/README.md says what a data set looks like.',
  },
  DATASET_UNREACHABLE: { status: 502, remedy: 'Check DATASET_URL, and that its host answers from here.' },
  INVALID_MODEL: { status: 500, remedy: 'Run the miner again: it replaces rules that cannot be read.' },
  NOT_READY: { status: 503, remedy: 'The controller has not yet heard from its agents: wait, or see /api/v1/nodes.' },
  NOT_LEADER: { status: 503, remedy: 'Ask the instance that leads: GET /api/v1/leader names it.' },
  UNKNOWN_KIND: {
    status: 404,
    remedy: "Install its CustomResourceDefinition (Istio's, or istio-configs/base/crds): it is then found by itself.",
  },
  CLUSTER_UNREACHABLE: {
    status: 502,
    remedy: 'Check that the API server answers, and that the role of the service account lets it list and watch.',
  },
  NO_CPU_SOURCE: {
    status: 500,
    remedy: 'Mount the cgroup file system and pass it with --cgroup-root, or name the processes with --processes.',
  },
  UNREACHABLE: {
    status: 502,
    remedy:
      'Start a controller (npm run demo -- --keep), forward the port of one (kubectl --namespace ballast-system ' +
      'port-forward deployment/ballast-controller 15070), or name its address with --controller.',
  },
  CPU_NOT_SET: {
    status: 500,
    remedy: 'Run the agent as root with cgroups mounted writable, or take cpuControl out of the policy.',
  },
  UNKNOWN_PLUGIN: {
    status: 503,
    remedy: 'Roll out the agents first, then set url and sha256 of the WasmPlugin to the digest that they have.',
  },
  STALE_DIGEST: { status: 500, remedy: 'The plugin was changed: npm run pin writes its digest into the manifests.' },
  NO_CHECKOUT: {
    status: 500,
    remedy: 'Clone the repository, run npm ci in it, and there npm run demo or npm run bench.',
  },
  MISSING_TOOL: { status: 500, remedy: 'Install the named tool and run the command again.' },
  BUILD_FAILED: { status: 500, remedy: 'Correct the source that the message names and build again.' },
  LAB_DOWN: { status: 503, remedy: 'Start it: npm run lab -- up' },
  LAB_BUSY: { status: 503, remedy: 'Wait until the other command has ended, or end it.' },
  NODE_DOWN: { status: 503, remedy: 'Start it again: npm run lab -- up' },
  COMMAND_FAILED: { status: 500, remedy: 'Correct what the message names and run the command again.' },
  CHILD_FAILED: { status: 500, remedy: 'See the log that the message names.' },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An expected failure as a value: its entry in the catalogue, and a message that names the field. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The failure as one line of text. */
export function describeFailure(failure: Failure): string {
  return `${failure.message} [${failure.code}] ${ERRORS[failure.code].remedy}`;
}

/** Thrown only at the edge of a process (command line, start-up); inside, failures are values. */
export class BallastError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BallastError';
    this.code = code;
  }
}
