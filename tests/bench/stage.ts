/**
 * What the benchmarks run on: an embedded Postgres with production's settings in a temporary folder, Redis where there is
 * one, and the product's own processes. tests/bench/run.ts opens a stage and closes it, whatever happened.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../infra/migrate.ts';
import { startPostgres } from '../../infra/postgres/launcher.ts';
import { openRedis } from '../../shared/jobs.ts';
import { openDb } from '../../shared/store/db.ts';
import { createDatabase, dropDatabase, TEMPLATE, TEST_SECRET, urlOf } from '../helpers/databases.ts';

export const ZONE = 'Africa/Casablanca';
/** How long a process may take to start on a very busy machine. */
export const PATIENCE_MS = 180_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A line of progress; stdout is for the result alone. */
export function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

const closers: (() => Promise<unknown>)[] = [];

/** Has `close` called by `closeAll`, the last registered first. */
export function onClose(close: () => Promise<unknown>): void {
  closers.push(close);
}

let closing: Promise<void> | undefined;

/** Ends processes and removes folders, one after the other. Safe to repeat, also while it runs. */
export function closeAll(): Promise<void> {
  closing ??= closeInOrder().finally(() => {
    closing = undefined;
  });
  return closing;
}

async function closeInOrder(): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) {
    await close().catch((error: Error) => say(`left behind: ${error.message}`));
  }
}

/** A temporary folder that `closeAll` removes. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sada-bench-'));
  onClose(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** True when the project has this file. */
export const projectHas = (path: string): boolean => existsSync(join(ROOT, path));

export interface Stage {
  /** A migrated, empty database of its own; `drop` when it is no longer wanted. */
  database(name: string): Promise<{ url: string; drop: () => Promise<void> }>;
  /** An empty Redis; undefined when there is no redis-server. */
  redis(): Promise<string | undefined>;
}

/** Starts the server, fsync on, with a migrated template. */
export async function openStage(): Promise<Stage> {
  const folder = await temporaryFolder();
  const server = await startPostgres({ dataDir: join(folder, 'postgres') });
  onClose(() => server.stop());
  await createDatabase(server.url, TEMPLATE);
  const template = openDb(urlOf(server.url, TEMPLATE));
  await migrate(template, { zone: ZONE, secret: TEST_SECRET, queueHere: true });
  await template.end();
  let redis: Promise<string | undefined> | undefined;
  return {
    async database(name) {
      const url = await createDatabase(server.url, name, TEMPLATE);
      return { url, drop: () => dropDatabase(server.url, name) };
    },
    async redis() {
      redis ??= startRedis();
      const url = await redis;
      if (url) await emptyRedis(url);
      return url;
    },
  };
}

/** Redis with the settings of docker-compose.yml, on a free port. */
async function startRedis(): Promise<string | undefined> {
  const [folder, port] = [await temporaryFolder(), await freePort()];
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync: 'everysec' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
  const missing = new Promise<'missing'>((resolve) => child.once('error', () => resolve('missing')));
  if ((await Promise.race([missing, sleep(100)])) === 'missing') return undefined;
  onClose(() => endProcess(child));
  return `redis://127.0.0.1:${port}`;
}

async function emptyRedis(url: string): Promise<void> {
  const client = openRedis({ driver: 'redis', url });
  try {
    await client.flushall();
  } finally {
    client.disconnect();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Stops a process and waits for its end; resolves with its code, null when a signal ended it. */
export async function endProcess(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  try {
    return await ended;
  } finally {
    clearTimeout(killer);
  }
}

/** Starts a script of the project in a process of its own, with `env` and nothing else as its environment. */
export function startScript(
  args: readonly string[],
  env: Record<string, string>,
  stderr: 'pipe' | 'show',
): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 2, stderr === 'pipe' ? 'pipe' : 2, 'ipc'],
  });
  onClose(() => endProcess(child));
  return child;
}

export interface Role {
  pid: number;
  /** What it said of itself when it was ready. */
  told: Record<string, unknown>;
  stop(): Promise<void>;
}

/** Starts a role of the product on this database and waits until it is ready. */
export async function startRole(command: readonly string[], env: Record<string, string>): Promise<Role> {
  const child = startScript(command, { SADA_SECRET: TEST_SECRET, SADA_ZONE: ZONE, LOG_LEVEL: 'warn', ...env }, 'show');
  const told = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${command.join(' ')} ${why}`));
    const timer = setTimeout(() => fail(`is not ready after ${PATIENCE_MS / 1_000} s`), PATIENCE_MS);
    child.once('message', (message) => {
      clearTimeout(timer);
      resolve(message as Record<string, unknown>);
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended with code ${code} before it was ready`));
  });
  return {
    pid: child.pid ?? 0,
    told,
    async stop() {
      const code = await endProcess(child);
      if (code !== 0) throw new Error(`${command.join(' ')} ended with code ${code}`);
    },
  };
}
