/**
 * The configuration: one schema over the environment, read once by a main.ts or the CLI. A wrong value stops the start
 * with every problem listed; the README's table is generated from this schema (`npx sada config --table`).
 */
import { z } from 'zod';
import { zoneNames } from './zones.ts';

const port = z.coerce.number().int().min(0).max(65535);
const list = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  );
const flag = z
  .enum(['true', 'false', '1', '0', 'yes', 'no'])
  .transform((value) => value === 'true' || value === '1' || value === 'yes');
const nodes = list.refine(
  (value) => value.every((node) => /^[^\s:]+:\d+$/.test(node)),
  'expected host:port, comma-separated',
);

export const Environment = z.object({
  SADA_DATA_DIR: z.string().min(1).default('./data').describe('Where the embedded Postgres and the saved secret live'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected postgres://…')
    .optional()
    .describe('Use this Postgres (14 or newer) instead of the embedded one'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'expected redis://…')
    .optional()
    .describe('Run the queue on this Redis (AOF on, noeviction) instead of Postgres'),
  REDIS_SENTINELS: nodes.describe('Sentinels as host:port,host:port; needs REDIS_MASTER'),
  REDIS_MASTER: z.string().optional().describe('Name of the master that the sentinels watch'),
  REDIS_CLUSTER: nodes.describe('Nodes of a Redis Cluster as host:port,host:port'),
  SADA_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address that the API listens on; beyond loopback, API keys are required'),
  SADA_PORT: port.default(4040).describe('Port of the API; 0 takes a free one'),
  SADA_METRICS_PORT: port
    .optional()
    .describe('Port for /metrics and /healthz of a worker or scheduler; none by default'),
  SADA_PG_PORT: port
    .optional()
    .describe('Port of the embedded Postgres; by default a free one near 54329, kept beside the data'),
  SADA_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address under which people reach Sada; https turns HSTS on'),
  SADA_CORS_ORIGINS: list.describe('Origins of other sites whose pages may call the API, comma-separated'),
  SADA_TRUST_PROXY: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('Number of trusted reverse proxies in front of the API'),
  SADA_SECRET: z
    .string()
    .min(32)
    .optional()
    .describe(
      'Key of the author pseudonyms, 32 characters or more; made and kept in the data folder by default, required with DATABASE_URL on several hosts',
    ),
  SADA_KEEP_NAMES: flag.default(false).describe('Keep display names of authors (Law 09-08: only with a legal ground)'),
  SADA_ZONE: z
    .string()
    .refine((zone) => zoneNames().includes(zone), 'unknown time zone')
    .default('Africa/Casablanca')
    .describe('Reporting zone: its local days are the days of every chart'),
  SADA_RETENTION_DAYS: z.coerce
    .number()
    .int()
    .min(30)
    .max(36_500)
    .optional()
    .describe('Posts older than this are removed by whole months; numbers stay. Kept for ever by default'),
  SADA_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Worker processes of `sada all`; one core each'),
  SADA_SAMPLE: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe('Load the marked sample into an empty database at the first start'),
  SADA_CONTACT: z
    .string()
    .max(200)
    .default('https://github.com/sada-maroc/sada')
    .describe('Contact shown to sites in the User-Agent'),
  FETCH_ALLOW_PRIVATE: nodes.describe(
    'Private addresses that sources may be fetched from, as host:port; none by default',
  ),
  SADA_SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/[^/\s]+/, 'expected smtp://user:password@host:587 or smtps://…')
    .refine((value) => URL.canParse(value), 'expected smtp://user:password@host:587 or smtps://…')
    .optional()
    .describe('Mail server for alerts by e-mail; a channel may name its own'),
  SADA_ALLOW_PRIVATE_WEBHOOKS: z
    .union([flag.transform((any): true | string[] => any || []), nodes])
    .default([])
    .describe('Private addresses that alerts may be sent to, as host:port, or `true` for any; none by default'),
  FETCH_SPACING_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(2_000)
    .describe('Least time between two requests to one site, in milliseconds'),
  QUEUE_LOCK_MS: z.coerce
    .number()
    .int()
    .min(500)
    .max(600_000)
    .default(30_000)
    .describe('How long a silent worker keeps its job before another takes it, in milliseconds'),
  SWEEP_MS: z.coerce
    .number()
    .int()
    .min(200)
    .max(3_600_000)
    .default(15_000)
    .describe('How often waiting chunks that the queue lost are put back, in milliseconds'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least level that is logged'),
});

/** How to reach the queue: the app's own Postgres, or Redis in one of its three shapes. */
export type QueueTarget =
  | { driver: 'postgres'; url: string }
  | { driver: 'redis'; url: string }
  | { driver: 'sentinel'; sentinels: string[]; master: string }
  | { driver: 'cluster'; nodes: string[] };

export type Config = ReturnType<typeof toConfig>;

/** Lists every problem, one a line, each naming its variable. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((p) => `  ${p}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** Reads the environment. Empty variables count as not set. Throws ConfigError with all problems at once. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = Environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (parsed.success && parsed.data.REDIS_SENTINELS.length > 0 && !parsed.data.REDIS_MASTER) {
    problems.push('REDIS_MASTER: needed with REDIS_SENTINELS');
  }
  const redis = ['REDIS_URL', 'REDIS_SENTINELS', 'REDIS_CLUSTER'].filter((name) => given[name]);
  if (redis.length > 1) problems.push(`${redis.join(', ')}: set only one of them`);
  for (const name of unknownNames(Object.keys(given))) problems.push(`${name}: no such setting`);
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return toConfig(parsed.data);
}

// A misspelt SADA_ name would otherwise be ignored in silence.
function unknownNames(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith('SADA_') && !(name in Environment.shape));
}

function toConfig(env: z.infer<typeof Environment>) {
  return {
    dataDir: env.SADA_DATA_DIR,
    databaseUrl: env.DATABASE_URL,
    redis: redisTarget(env),
    host: env.SADA_HOST,
    port: env.SADA_PORT,
    metricsPort: env.SADA_METRICS_PORT,
    pgPort: env.SADA_PG_PORT,
    publicUrl: env.SADA_PUBLIC_URL,
    corsOrigins: env.SADA_CORS_ORIGINS,
    trustProxy: env.SADA_TRUST_PROXY,
    secret: env.SADA_SECRET,
    keepNames: env.SADA_KEEP_NAMES,
    zone: env.SADA_ZONE,
    retentionDays: env.SADA_RETENTION_DAYS,
    workers: env.SADA_WORKERS,
    sample: env.SADA_SAMPLE,
    contact: env.SADA_CONTACT,
    fetchAllowPrivate: env.FETCH_ALLOW_PRIVATE,
    smtpUrl: env.SADA_SMTP_URL,
    allowPrivateWebhooks: env.SADA_ALLOW_PRIVATE_WEBHOOKS,
    fetchSpacingMs: env.FETCH_SPACING_MS,
    queueLockMs: env.QUEUE_LOCK_MS,
    sweepMs: env.SWEEP_MS,
    logLevel: env.LOG_LEVEL,
  };
}

function redisTarget(env: z.infer<typeof Environment>): Exclude<QueueTarget, { driver: 'postgres' }> | undefined {
  if (env.REDIS_URL) return { driver: 'redis', url: env.REDIS_URL };
  if (env.REDIS_SENTINELS.length > 0)
    return { driver: 'sentinel', sentinels: env.REDIS_SENTINELS, master: env.REDIS_MASTER ?? '' };
  if (env.REDIS_CLUSTER.length > 0) return { driver: 'cluster', nodes: env.REDIS_CLUSTER };
  return undefined;
}

/** The queue's target once the database's address is known. */
export function queueTarget(config: Config, databaseUrl: string): QueueTarget {
  return config.redis ?? { driver: 'postgres', url: databaseUrl };
}
