// Direction of imports (ARCHITECTURE.md, "Layout"): base, limits <- env <- the pure libraries <- core <- handlers, service <- main.
// It holds for types, too, so it is checked on the sources. What is imported at run time is checked on the compiled files: there
// type-only imports, which are allowed of every package and may go in circles, are gone.

// The same kinds of files stand in .dockerignore: the image is built without them.
const TESTS = '\\.(test|test-support|fixture)\\.(ts|js)$';
const PURE_LIBRARIES = '^services/shared/(item|expression|policy|paxos|placement|btree|wal|wire|cluster-client)/';
const PROCESSES = '^services/(router|storage-node|auto-admin|stream-shard)/';

const LAYERS = [
  {
    name: 'base-stands-alone',
    comment: 'base and limits import nothing but each other.',
    from: { path: '^services/shared/(base|limits)/', pathNot: TESTS },
    to: { path: '^(services|test)/', pathNot: '^services/shared/(base|limits)/' },
  },
  {
    name: 'env-on-base-only',
    comment: 'The interfaces of the outside world know no library above them, not even wire.',
    from: { path: '^services/shared/env/', pathNot: TESTS },
    to: { path: '^(services|test)/', pathNot: '^services/shared/(base|limits|env)/' },
  },
  {
    name: 'libraries-are-pure',
    comment: 'Pure libraries import base, limits, env and each other.',
    from: { path: PURE_LIBRARIES, pathNot: TESTS },
    to: { path: '^(services|test)/', pathNot: ['^services/shared/(base|limits|env)/', PURE_LIBRARIES] },
  },
  {
    name: 'platform-knows-no-process',
    comment: 'The platform implements env for every process.',
    from: { path: '^services/shared/platform/', pathNot: TESTS },
    to: { path: '^(services/(?!shared/)|test/)' },
  },
  {
    name: 'core-decides-alone',
    comment: 'core imports shared libraries, core and the list of metrics: not the platform, nor what calls it.',
    from: { path: `${PROCESSES}core/`, pathNot: TESTS },
    to: { path: '^(services|test)/', pathNot: ['^services/shared/(?!platform/)', `${PROCESSES}(core/|metrics\\.ts$)`] },
  },
  {
    name: 'only-main-meets-the-platform',
    comment: 'A service is given its world by main.ts, so that a simulation can give it another one.',
    from: { path: PROCESSES, pathNot: [TESTS, `${PROCESSES}(main|config)\\.ts$`] },
    to: { path: ['^services/shared/platform/', `${PROCESSES}main\\.ts$`] },
  },
  {
    name: 'no-process-imports-another',
    comment: 'What two processes need belongs into services/shared. `stator` reads what they wrote, and may use their pure core for it.',
    from: { path: '^services/(?!shared/)([^/]+)/', pathNot: TESTS },
    to: { path: '^services/', pathNot: ['^services/shared/', '^services/$1/', `${PROCESSES}core/`] },
  },
  {
    name: 'no-process-imports-another-core',
    comment: 'The core of a process is its own.',
    from: { path: PROCESSES, pathNot: TESTS },
    to: { path: PROCESSES, pathNot: '^services/$1/' },
  },
  {
    name: 'nothing-imports-test',
    comment: 'Only tests may use the harness.',
    from: { path: '^services/', pathNot: TESTS },
    to: { path: ['^test/', TESTS] },
  },
];

const REFERENCES = [
  {
    name: 'the-reference-stands-alone',
    comment: 'A mistake in expressions or items must not be in the reference, too.',
    from: { path: '^test/expressions/(reference|generate)/' },
    to: { path: '^services/shared/(expression|item)/' },
  },
];

const RUN_TIME = [
  {
    name: 'world-only-at-the-edge',
    comment: 'node: and npm packages only where the world is touched; elsewhere it arrives as a constructor argument.',
    from: {
      path: '^dist/services/',
      pathNot: ['^dist/services/shared/platform/', '^dist/services/[^/]+/(main|config)\\.js$', '^dist/services/(ctl|console)/', TESTS],
    },
    to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'shipped-code-needs-shipped-packages',
    comment: 'A development dependency is not installed where the processes run.',
    from: { path: '^dist/services/', pathNot: TESTS },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-cycles',
    comment: 'Modules that need each other at run time are one module.',
    from: { path: '^dist/' },
    to: { circular: true },
  },
];

const EVERYWHERE = [
  {
    name: 'everything-resolves',
    comment: 'A dependency that cannot be resolved cannot be checked. In dist/ it may be a file whose source is gone: "make clean".',
    from: {},
    to: { couldNotResolve: true },
  },
];

module.exports = {
  forbidden: [...LAYERS, ...REFERENCES, ...RUN_TIME, ...EVERYWHERE].map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
