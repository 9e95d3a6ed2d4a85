/**
 * The queue: names, payloads and the two drivers behind one pair of functions. Without Redis, BullMQ runs on the app's
 * own Postgres; with it, on Redis through ioredis. Jobs carry ids, never text, so that losing one loses no post.
 * Everyone enqueues through `openQueues`; workers/worker.ts runs `startJobWorker`.
 */
import {
  createPostgresBackend,
  type JobsOptions,
  Queue,
  type QueueOptions,
  runMigrations,
  Worker,
  type WorkerOptions,
  withBackend,
} from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import { z } from 'zod';
import type { QueueTarget } from './config.ts';

/** Keeps every key of every queue in one slot of a Redis Cluster; costs nothing elsewhere. */
const PREFIX = '{sada}';
/** Schema of BullMQ's tables when the queue runs on Postgres. */
export const QUEUE_SCHEMA = 'bullmq';

/** Every job there is, with its payload. The queue has the job's name. */
export const JOBS = {
  collect: z.object({ source_id: z.int() }),
  ingest: z.object({ from: z.enum(['import', 'push']), id: z.int() }),
  maintain: z.object({ task: z.enum(['partitions', 'retention', 'reconcile', 'prune']) }),
  rescore: z.object({ rescore_id: z.int() }),
  watch: z.object({}),
  fill_scope: z.object({ scope_id: z.int() }),
  deliver: z.object({ delivery_id: z.uuid() }),
} as const;

export type JobName = keyof typeof JOBS;
export type JobData<N extends JobName> = z.infer<(typeof JOBS)[N]>;

const KEEP = { removeOnComplete: { age: 3_600, count: 1_000 }, removeOnFail: { age: 14 * 86_400, count: 5_000 } };

/** Attempts are for the work's own failures: a database outage uses none up (workers/worker.ts). */
const OPTIONS: Record<JobName, JobsOptions> = {
  collect: { ...KEEP, attempts: 3, backoff: { type: 'exponential', delay: 5_000, jitter: 0.5 } },
  // An ended ingest job is forgotten at once, or its id would keep the sweep from enqueueing a chunk that still waits.
  ingest: {
    removeOnComplete: true,
    removeOnFail: true,
    attempts: 5,
    backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
  },
  maintain: { ...KEEP, attempts: 3, backoff: { type: 'exponential', delay: 60_000, jitter: 0.5 } },
  // The scheduler asks again for as long as the run is open.
  rescore: {
    removeOnComplete: true,
    removeOnFail: true,
    attempts: 5,
    backoff: { type: 'exponential', delay: 5_000, jitter: 0.5 },
  },
  // Asked for again every minute.
  watch: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
  fill_scope: {
    removeOnComplete: true,
    removeOnFail: true,
    attempts: 5,
    backoff: { type: 'exponential', delay: 5_000, jitter: 0.5 },
  },
  // When to try again is in the outbox (workers/alerts/deliver.ts), where people see it.
  deliver: { removeOnComplete: true, removeOnFail: true, attempts: 1 },
};

export interface Queues {
  /** Adds a job, unless one with this key still waits or runs. */
  add<N extends JobName>(name: N, data: JobData<N>, key: string): Promise<void>;
  /** Adds chunks to ingest; one that is in the queue already is left alone. */
  addChunks(chunks: readonly JobData<'ingest'>[]): Promise<void>;
  /** Makes the repeating jobs of a queue equal to `wanted`, by id. */
  schedule<N extends JobName>(name: N, wanted: readonly Schedule<N>[]): Promise<{ added: number; removed: number }>;
  /** Jobs by state. */
  counts(name: JobName): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export interface Schedule<N extends JobName> {
  /** Changes when the schedule does; a known id is left alone, so that its next run does not move. */
  id: string;
  everyMs: number;
  /** When within each interval it is due, so that all sources do not start together. */
  offsetMs: number;
  data: JobData<N>;
}

/** Opens the queues for adding. The target must be reachable: a Postgres queue opened during an outage stays dead. */
export async function openQueues(target: QueueTarget, onError: (error: Error) => void): Promise<Queues> {
  const connection = connectionOf(target, 3);
  const queues = Object.fromEntries(
    (Object.keys(JOBS) as JobName[]).map((name) => {
      const options: QueueOptions = {
        connection: connection.shared as never,
        prefix: PREFIX,
        defaultJobOptions: OPTIONS[name],
      };
      const queue = new connection.classes.Queue(name, options);
      queue.on('error', onError);
      return [name, queue];
    }),
  ) as Record<JobName, Queue>;
  try {
    await Promise.all(Object.values(queues).map((queue) => queue.waitUntilReady()));
  } catch (error) {
    await Promise.allSettled(Object.values(queues).map((queue) => queue.close()));
    connection.close();
    throw error;
  }
  return {
    async add(name, data, key) {
      await queues[name].add(name, data, { deduplication: { id: key } });
    },
    async addChunks(chunks) {
      const jobs = chunks.map((data) => ({ name: 'ingest', data, opts: { jobId: `${data.from}-${data.id}` } }));
      if (jobs.length > 0) await queues.ingest.addBulk(jobs);
    },
    schedule: (name, wanted) => syncSchedules(queues[name], name, wanted),
    counts: (name) => queues[name].getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed'),
    async close() {
      await Promise.allSettled(Object.values(queues).map((queue) => queue.close()));
      connection.close();
    },
  };
}

async function syncSchedules<N extends JobName>(queue: Queue, name: N, wanted: readonly Schedule<N>[]) {
  const now = Date.now();
  const present = new Map(
    (await queue.getJobSchedulers(0, -1, true)).map((scheduler) => [scheduler.key, scheduler.next ?? 0]),
  );
  let added = 0;
  for (const { id, everyMs, offsetMs, data } of wanted) {
    const next = present.get(id);
    present.delete(id);
    // A schedule that should have run two intervals ago has lost its next job, and is made again.
    if (next !== undefined && next > now - 2 * everyMs) continue;
    const startDate = new Date(now - (now % everyMs) + offsetMs + (offsetMs < now % everyMs ? everyMs : 0));
    // `every` only: cron with a named zone would ask Node's zone data, which are wrong for Morocco.
    await queue.upsertJobScheduler(id, { every: everyMs, startDate }, { name, data, opts: OPTIONS[name] });
    added += 1;
  }
  for (const id of present.keys()) await queue.removeJobScheduler(id);
  return { added, removed: present.size };
}

export interface JobWorkerOptions<N extends JobName> {
  target: QueueTarget;
  name: N;
  concurrency: number;
  lockMs: number;
  /** `signal` is aborted when the process stops: finish what is begun, then return. */
  handle: (data: unknown, signal: AbortSignal) => Promise<void>;
  onError: (error: Error) => void;
}

export interface JobWorker {
  /** Makes the whole queue wait, keeping the attempts of the job that asks for it. Throws. */
  pauseQueue(ms: number): Promise<never>;
  close(): Promise<void>;
}

/** Starts taking jobs of one queue. Rejects when the queue cannot be reached. */
export async function startJobWorker<N extends JobName>(options: JobWorkerOptions<N>): Promise<JobWorker> {
  const connection = connectionOf(options.target, options.concurrency + 2);
  const stopping = new AbortController();
  const settings: WorkerOptions = {
    connection: connection.shared as never,
    prefix: PREFIX,
    concurrency: options.concurrency,
    lockDuration: options.lockMs,
    stalledInterval: options.lockMs,
    // A killed process is not the job's fault. Work that kills its process is counted where it lies: import_chunks, inbox.
    maxStalledCount: 1_000,
  };
  const process = (job: { data: unknown }) => options.handle(job.data, stopping.signal);
  const worker = new connection.classes.Worker(options.name, process, settings);
  worker.on('error', options.onError);
  try {
    await worker.waitUntilReady();
  } catch (error) {
    await worker.close(true).catch(() => undefined);
    connection.close();
    throw error;
  }
  return {
    async pauseQueue(ms) {
      await worker.rateLimit(ms);
      throw Worker.RateLimitError();
    },
    async close() {
      stopping.abort(new Error('the process stops'));
      await worker.close();
      connection.close();
    },
  };
}

/** Makes BullMQ's own tables on Postgres. Safe to repeat; called by infra/migrate.ts with a client of its own. */
export async function migrateQueueTables(client: { query(text: string): Promise<unknown> }): Promise<void> {
  await runMigrations(client as Parameters<typeof runMigrations>[0], QUEUE_SCHEMA);
  // Analysed while the queue is empty, the claim query would read the whole backlog through the primary key.
  await client.query(
    `alter table ${QUEUE_SCHEMA}.job set (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000000000)`,
  );
}

interface QueueConnection {
  classes: { Queue: typeof Queue; Worker: typeof Worker };
  shared: unknown;
  close(): void;
}

// The same classes with another backend; their types differ in the connection alone, which `connectionOf` gives.
const onPostgres = withBackend(createPostgresBackend) as unknown as QueueConnection['classes'];

function connectionOf(target: QueueTarget, max: number): QueueConnection {
  if (target.driver === 'postgres') {
    const shared = { connectionString: target.url, max, schema: QUEUE_SCHEMA, application_name: 'sada-queue' };
    return { classes: onPostgres, shared, close: () => undefined };
  }
  const client = openRedis(target);
  return { classes: { Queue, Worker }, shared: client, close: () => client.disconnect() };
}

/** A Redis client for BullMQ, which needs commands to wait for a reconnect rather than fail. */
export function openRedis(target: Exclude<QueueTarget, { driver: 'postgres' }>): Redis | Cluster {
  const forever = { maxRetriesPerRequest: null };
  const client =
    target.driver === 'redis'
      ? new Redis(target.url, forever)
      : target.driver === 'sentinel'
        ? new Redis({ ...forever, name: target.master, sentinels: target.sentinels.map(toHostPort) })
        : new Cluster(target.nodes.map(toHostPort), { redisOptions: forever });
  client.on('error', () => undefined); // BullMQ reports through its own error events
  return client;
}

/**
 * What is wrong with a Redis for a queue that must not lose jobs, in plain words; empty when all is well or when the
 * server does not tell (managed ones often refuse CONFIG).
 */
export async function redisAdvice(target: QueueTarget): Promise<string[]> {
  if (target.driver === 'postgres') return [];
  const client = openRedis(target);
  try {
    const read = async (name: string) => ((await client.config('GET', name)) as string[])[1];
    const advice: string[] = [];
    if ((await read('maxmemory-policy')) !== 'noeviction')
      advice.push('maxmemory-policy is not noeviction: jobs may be evicted');
    if ((await read('appendonly')) !== 'yes')
      advice.push('appendonly is off: a crash of Redis loses the queue until the sweep');
    return advice;
  } catch {
    return [];
  } finally {
    client.disconnect();
  }
}

function toHostPort(node: string): { host: string; port: number } {
  const [host = '', port = ''] = node.split(':');
  return { host, port: Number(port) };
}
