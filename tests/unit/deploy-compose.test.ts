/**
 * docker-compose.yml against what the code expects: roles, settings, ports, hardening. No container engine is needed.
 */
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { registerRoles } from '../../infra/commands/roles.ts';
import { Environment, loadConfig } from '../../shared/config.ts';
import {
  imageProblems,
  METRICS_PORT,
  parseYaml,
  plant,
  ROLES,
  read,
  runHealthCheck,
  unknownSettings,
} from './deploy-files.ts';

const Service = z.looseObject({
  image: z.string().default(''),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()).default([]) }).default({ test: [] }),
  deploy: z.looseObject({ replicas: z.union([z.number(), z.string()]) }).optional(),
  tmpfs: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
});
type Service = z.infer<typeof Service>;
const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.unknown()),
  networks: z.record(z.string(), z.looseObject({ internal: z.boolean().optional() })),
});

/** Variables of .env that are not settings of Sada. */
const OUTSIDE = ['POSTGRES_PASSWORD', 'PUBLISH_ADDRESS', 'PUBLISH_PORT'];
const SADA = ['migrate', 'api', 'worker', 'scheduler'];
const text = read('docker-compose.yml');

/** What compose puts in: the default, or a value for what must be given. */
function interpolate(value: string): string {
  return value.replace(/\$\{\w+(?::-([^}]*)|:\?[^}]*)\}/g, (_all, fallback?: string) => fallback ?? 'x'.repeat(40));
}

function composeProblems(source: string): string[] {
  const compose = Compose.parse(parseYaml(source)[0]);
  const { postgres, redis, ...sada } = compose.services;
  return [
    ...unknownSettings(
      [...source.matchAll(/\$\{(\w+)/g)].map((match) => match[1] ?? ''),
      OUTSIDE,
    ),
    ...['SADA_SECRET', 'POSTGRES_PASSWORD']
      .filter(
        (name) => !source.includes(`\${${name}:?`) || source.replaceAll(`\${${name}:?`, '').includes(`\${${name}`),
      )
      .map((name) => `${name}: not required`),
    ...(Object.keys(sada).sort().join() === [...SADA].sort().join() ? [] : [`services: ${Object.keys(sada)}`]),
    ...Object.entries(compose.services).flatMap(([name, service]) => [
      ...hardeningProblems(name, service),
      ...imageProblems(service.image),
      ...mountProblems(name, service, compose),
    ]),
    ...Object.entries(sada).flatMap(([name, service]) => roleProblems(name, service, postgres)),
    ...storeProblems(postgres, redis),
  ];
}

function hardeningProblems(name: string, service: Service): string[] {
  const once = name === 'migrate';
  const wrong = {
    read_only: service.read_only !== true,
    cap_drop: JSON.stringify(service.cap_drop) !== '["ALL"]' || service.cap_add !== undefined,
    'no-new-privileges': JSON.stringify(service.security_opt) !== '["no-new-privileges:true"]',
    user: typeof service.user !== 'string' || /^(root|0)?(:|$)/.test(service.user),
    privileged: service.privileged !== undefined,
    'tmpfs /tmp': !service.tmpfs.some((mount) => mount.split(':')[0] === '/tmp'),
    restart: service.restart !== (once ? 'no' : 'unless-stopped'),
    stop_grace_period: typeof service.stop_grace_period !== 'string',
    healthcheck: once ? service.healthcheck.disable !== true : service.healthcheck.test.length < 2,
    init: SADA.includes(name) && service.init !== true,
  };
  return Object.entries(wrong).flatMap(([key, is]) => (is ? [`${name}: ${key}`] : []));
}

function mountProblems(name: string, service: Service, { volumes, networks }: z.infer<typeof Compose>): string[] {
  const stray = [
    ...service.volumes.map((volume) => volume.split(':')[0] ?? '').filter((volume) => !(volume in volumes)),
    ...service.networks.filter((network) => !(network in networks)),
  ];
  const open = SADA.includes(name) ? [] : service.networks.filter((network) => networks[network]?.internal !== true);
  const published = name !== 'api' && service.ports.length > 0;
  return [
    ...stray.map((missing) => `${name}: ${missing} is not declared`),
    ...open.map((network) => `${name}: reachable through ${network}`),
    ...(published ? [`${name}: publishes a port`] : []),
  ];
}

function roleProblems(name: string, service: Service, postgres: Service | undefined): string[] {
  const problems = unknownSettings(Object.keys(service.environment));
  if (service.command.join() !== name || !ROLES.includes(name)) problems.push(`${name}: starts ${service.command}`);
  const env = Object.fromEntries(Object.entries(service.environment).map(([key, value]) => [key, interpolate(value)]));
  const config = loadConfig(env);
  const given = postgres?.environment ?? {};
  const expected = `postgres://${given.POSTGRES_USER}:${interpolate(given.POSTGRES_PASSWORD ?? '')}@postgres:5432/${given.POSTGRES_DB}`;
  if (config.databaseUrl !== expected) problems.push(`${name}: ${config.databaseUrl}`);
  if (config.redis?.driver !== 'redis' || config.redis.url !== 'redis://redis:6379') problems.push(`${name}: queue`);

  const waits = Object.entries(service.depends_on).map(([on, { condition }]) => `${on} ${condition}`);
  const healthy = ['postgres service_healthy', 'redis service_healthy', 'migrate service_completed_successfully'];
  const missing = (name === 'migrate' ? healthy.slice(0, 1) : healthy).filter((wait) => !waits.includes(wait));
  problems.push(...missing.map((wait) => `${name}: does not wait for ${wait}`));
  if (name === 'migrate') return problems;

  const port = name === 'api' ? config.port : config.metricsPort;
  if (port !== (name === 'api' ? Environment.parse({}).SADA_PORT : METRICS_PORT))
    problems.push(`${name}: port ${port}`);
  if (!service.healthcheck.test.join(' ').includes(`http://127.0.0.1:${port}/healthz`))
    problems.push(`${name}: health path`);
  if (config.host !== '0.0.0.0') problems.push(`${name}: not reachable from outside its container`);
  if (name === 'api' && interpolate(service.ports.join()) !== `127.0.0.1:${port}:${port}`)
    problems.push('api: published port');
  const replicas: Record<string, string> = { worker: '2', scheduler: '2' };
  if (name in replicas && interpolate(String(service.deploy?.replicas)) !== replicas[name])
    problems.push(`${name}: replicas`);
  return problems;
}

function storeProblems(postgres: Service | undefined, redis: Service | undefined): string[] {
  const wanted = ['--appendonly yes', '--appendfsync everysec', '--maxmemory-policy noeviction'];
  const command = redis?.command.join(' ') ?? '';
  const wrong = {
    'postgres: not 18': !postgres?.image.startsWith('postgres:18-'),
    'postgres: pg_isready': !postgres?.healthcheck.test.includes('pg_isready'),
    // From 18 on, data below /var/lib/postgresql/data would stay in the container and go with it.
    'postgres: volume': postgres?.volumes.join() !== 'postgres:/var/lib/postgresql',
    'postgres: settings':
      unknownSettings(Object.keys(postgres?.environment ?? {}), ['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD'])
        .length > 0,
    'redis: not 7': !redis?.image.startsWith('redis:7'),
    'redis: volume': redis?.volumes.join() !== 'redis:/data',
    'redis: durability': !wanted.every((option) => command.includes(option)),
    'redis: health': !redis?.healthcheck.test.join(' ').includes('redis-cli ping'),
  };
  return Object.entries(wrong).flatMap(([problem, is]) => (is ? [problem] : []));
}

test('the roles that are checked against are those of the command line', () => {
  const program = new Command();
  registerRoles(program, () => loadConfig({}), {});
  expect(program.commands.map((command) => command.name()).sort()).toEqual(ROLES.toSorted());
});

test('the compose file fits the code', () => {
  expect(composeProblems(text)).toEqual([]);
});

describe('a fault in the compose file is found', () => {
  test.each([
    ['command: [scheduler]', 'command: [sheduler]', 'scheduler: starts sheduler'],
    ['  SWEEP_MS: ${', '  SWEEP_SECONDS: ${', 'SWEEP_SECONDS: no such setting'],
    ['{SADA_ZONE:-}', '{SADA_TIMEZONE:-}', 'SADA_TIMEZONE: no such setting'],
    ["SADA_PORT: '4040'", "SADA_PORT: '4041'", 'api: port 4041'],
    ['-4040}:4040', '-4040}:4000', 'api: published port'],
    ['ADDRESS:-127.0.0.1}', 'ADDRESS:-0.0.0.0}', 'api: published port'],
    ["SADA_METRICS_PORT: '9464'", "SADA_METRICS_PORT: '9465'", 'worker: port 9465'],
    ['9464/healthz', '9464/health', 'worker: health path'],
    ['SADA_HOST: 0.0.0.0', 'SADA_HOST: 127.0.0.1', 'worker: not reachable'],
    ['sada:0.1.0', 'sada:latest', 'sada:latest: no fixed tag'],
    ['redis:7.4-bookworm', 'redis', 'redis: no fixed tag'],
    ['cap_drop: [ALL]', 'cap_drop: [NET_RAW]', 'postgres: cap_drop'],
    ['read_only: true', 'read_only: false', 'worker: read_only'],
    ["['no-new-privileges:true']", '[]', 'api: no-new-privileges'],
    ["user: '1000:1000'", "user: '0:0'", 'api: user'],
    ['user: postgres', 'user: root', 'postgres: user'],
    [
      'migrate: { condition: service_completed_successfully }',
      'migrate: { condition: service_started }',
      'worker: does not wait for migrate',
    ],
    ['${SADA_SECRET:?put', '${SADA_SECRET:-put', 'SADA_SECRET: not required'],
    [':/var/lib/postgresql', ':/var/lib/postgresql/data', 'postgres: volume'],
    ["--appendonly, 'yes'", "--appendonly, 'no'", 'redis: durability'],
    ['internal: true', 'internal: false', 'redis: reachable through data'],
    ['POSTGRES_DB: sada', 'POSTGRES_DB: other', 'api: postgres://'],
    ['  redis: {}', '  cache: {}', 'redis: redis is not declared'],
  ])('%s → %s', (from, to, problem) => {
    expect(composeProblems(plant(text, from, to)).join('\n')).toContain(problem);
  });

  test('a value that the configuration refuses', () => {
    expect(() => composeProblems(plant(text, 'SADA_ZONE:-}', 'SADA_ZONE:-Africa/Casablanka}'))).toThrow(
      'unknown time zone',
    );
  });
});

test.each([
  ['api', 200, 0],
  ['api', 503, 1],
  ['worker', 200, 0],
  ['worker', 503, 1],
])(
  'the health check of %s ends a %i with %i',
  async (name, status, code) => {
    const service = Compose.parse(parseYaml(text)[0]).services[name];
    const script = service?.healthcheck.test.at(-1) ?? '';
    const at = (port: number) => script.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
    expect(await runHealthCheck(at, () => ({}), status)).toBe(code);
  },
  60_000,
);
