/**
 * The two drivers of the queue, for suites that must pass on both. Redis is started from `redis-server` where that is
 * found, or taken from REDIS_URL; otherwise its half is skipped, and the skipped name says so.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { QueueTarget } from '../../shared/config.ts';

export interface TestRedis {
  url: string;
  /** Kills the server without a word, as the kernel would. */
  kill(): Promise<void>;
  /** Starts it again on its port and data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const given = process.env.REDIS_URL;
const found = spawnSync('redis-server', ['--version']).status === 0;

/** Both drivers, each with whether it can run here. */
export const DRIVERS = [
  { driver: 'postgres' as const, title: 'queue on Postgres', possible: true },
  {
    driver: 'redis' as const,
    title: found || given ? 'queue on Redis' : 'queue on Redis (skipped: no redis-server and no REDIS_URL)',
    possible: found || given !== undefined,
  },
];

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Starts a Redis as the docs ask for: AOF every second, noeviction. */
export async function startRedis(): Promise<TestRedis> {
  if (!found && given) {
    const nothing = async () => undefined;
    return { url: given, kill: nothing, start: nothing, stop: nothing };
  }
  const folder = await mkdtemp(join(tmpdir(), 'sada-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;
  const start = async () => {
    const settings = [
      '--port',
      String(port),
      '--dir',
      folder,
      '--appendonly',
      'yes',
      '--appendfsync',
      'everysec',
      '--maxmemory-policy',
      'noeviction',
      '--save',
      '',
    ];
    server = spawn('redis-server', settings, { stdio: 'ignore' });
    await answers(url);
  };
  const kill = async () => {
    const dying = server;
    if (!dying || dying.exitCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url,
    kill,
    start,
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  await client.ping();
  while ((await client.info('persistence')).includes('loading:1')) await sleep(50);
  client.disconnect();
}

/** The queue's target for a driver. */
export function targetOf(driver: 'postgres' | 'redis', url: string, redis: TestRedis | undefined): QueueTarget {
  return driver === 'postgres' ? { driver, url } : { driver, url: redis?.url ?? '' };
}

/** Waits until `check` gives something truthy; fails with `what` after `timeoutMs`. */
export async function until<T>(what: string, check: () => Promise<T>, timeoutMs = 30_000): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const value = await check();
      if (value) return value as NonNullable<T>;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`waited ${timeoutMs / 1000} s for ${what}${last ? `: ${String(last)}` : ''}`);
}
