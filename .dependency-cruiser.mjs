/**
 * The house's plan: one ordered list. A place imports from the places before it in the list, and from none after it.
 * Places that share a line are side by side: none imports another.
 */
const ORDER = [
  ['^contract/'],
  // The plugin runs inside Envoy. Its rooms:
  ['^wasm-plugin/assembly/abi/'],
  ['^wasm-plugin/assembly/table/'],
  ['^wasm-plugin/assembly/pick/'],
  ['^wasm-plugin/assembly/outbound/', '^wasm-plugin/assembly/inbound/'],
  ['^wasm-plugin/assembly/agent/'],
  ['^wasm-plugin/assembly/main\\.ts$'],
  ['^wasm-plugin/[^/]+\\.ts$'],
  // The agent's rooms.
  ['^host-agent/sample/'],
  ['^host-agent/apply/', '^host-agent/uplink/'],
  ['^host-agent/serve/'],
  ['^host-agent/[^/]+\\.ts$'],
  // The controller's rooms: what is known, what follows from it, what is done about it, who is told.
  ['^central-controller/model/', '^central-controller/dashboard/'],
  ['^central-controller/kubernetes/', '^central-controller/collect/', '^central-controller/estimate/'],
  ['^central-controller/decide/', '^central-controller/cluster/'],
  ['^central-controller/publish/', '^central-controller/overrides/', '^central-controller/history/'],
  ['^central-controller/routing/'],
  ['^central-controller/policy/'],
  ['^central-controller/wording/'],
  ['^central-controller/state\\.ts$'],
  ['^central-controller/loop\\.ts$'],
  ['^central-controller/metrics/', '^central-controller/tracing/'],
  ['^central-controller/api/'],
  ['^central-controller/(options|open-cluster)\\.ts$'],
  ['^central-controller/main\\.ts$'],
  ['^central-controller/cli/'],
  // The sample applications share one kit.
  ['^apps/service/'],
  [
    '^apps/cluster-info/',
    '^apps/hotel-reservation/',
    '^apps/pdf-converter/',
    '^apps/playlist-recommender/',
    '^apps/video-recommendation/',
  ],
  // What builds, starts, loads and measures all of the above.
  ['^tools/machine/'],
  ['^tools/install/'],
  ['^tools/go/', '^tools/monitoring/', '^tools/noisy-neighbour/', '^tools/load-generator/'],
  ['^tools/images/'],
  ['^tools/local-mesh/'],
  ['^tools/lab/'],
  ['^test/'],
];

/** Programs that meet in `contract/` alone; the list above would let the later ones import the earlier ones. */
const PROGRAMS = ['^central-controller/', '^host-agent/', '^wasm-plugin/', '^apps/'];

const upwards = ORDER.flatMap((places, row) =>
  places.map((place) => ({
    name: `order: ${place}`,
    comment: 'A place imports only from the places before it in ORDER',
    severity: 'error',
    from: { path: place },
    to: { path: [...ORDER.slice(row + 1).flat(), ...places.filter((other) => other !== place)] },
  })),
);

const between = PROGRAMS.map((program) => ({
  name: `program: ${program}`,
  comment: 'Programs know each other by contract/ alone',
  severity: 'error',
  from: { path: program },
  to: { path: PROGRAMS.filter((other) => other !== program) },
}));

export default {
  forbidden: [
    ...upwards,
    ...between,
    { name: 'every place is in ORDER', severity: 'error', from: { pathNot: ORDER.flat() }, to: {} },
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'everything resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'estimates and decisions are pure',
      comment: 'They do no I/O: no module of Node, no package',
      severity: 'error',
      from: { path: '^central-controller/(estimate|decide)/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(wasm-plugin|tools/images)/build/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
