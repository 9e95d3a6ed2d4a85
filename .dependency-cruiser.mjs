// The import rule of ARCHITECTURE.md: contracts ← nlp, store, jobs ← workers, api. Held by tests/unit/layers.test.ts too.
const only = (name, packages, allowed) => ({
  name: `only-${name}`,
  severity: 'error',
  comment: `Only ${allowed} may import ${packages}.`,
  from: { pathNot: `^(${allowed}|tests/)` },
  to: { path: `node_modules/(${packages})/` },
});
const never = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    never(
      'contracts-depend-on-nothing',
      '^shared/contracts/',
      '^(shared/(?!contracts/)|workers|api|infra)',
      'Contracts are the bottom.',
    ),
    never('nlp-is-pure', '^shared/nlp/', '^(shared/(store|jobs)|workers|api|infra)', 'Text in, values out.'),
    never('shared-is-below', '^shared/', '^(workers|api|infra)/', 'Arrows point one way.'),
    never('workers-never-meet-api', '^workers/', '^(api|infra)/', 'They meet in the database.'),
    never('api-never-meets-workers', '^api/', '^(workers|infra)/', 'They meet in the database.'),
    never('infra-starts-the-api-only', '^infra/', '^api/', 'The CLI starts it as a process of its own.'),
    never(
      'the-dashboard-sees-contracts',
      '^api/dashboard/',
      '^(shared/(?!contracts/)|workers|infra)',
      'It runs in a browser.',
    ),
    never('nothing-imports-tests', '^(shared|workers|api|infra)/', '^tests/', 'Tests are no library.'),
    only('store-talks-to-postgres', 'pg', 'shared/store/'),
    only('api-serves-http', 'express', 'api/'),
    only('jobs-and-workers-queue', 'bullmq', 'shared/jobs.ts|workers/'),
    only('jobs-talk-to-redis', 'ioredis', 'shared/jobs.ts'),
    only('nlp-reads-language', 'wink-nlp|wink-eng-lite-web-model', 'shared/nlp/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
