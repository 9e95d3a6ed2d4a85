/**
 * A whole Sada as a user starts it: `sada all` in a folder of its own, its processes found and killed by role.
 * For e2e tests and the soak; nothing in it is replaced.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostgres } from '../../infra/postgres/launcher.ts';
import { type Db, openDb } from '../../shared/store/db.ts';
import { freePort, until } from './drivers.ts';

export type Role = 'worker' | 'scheduler' | 'api' | 'postgres';

export interface RunningSada {
  /** Address of the API. */
  url: string;
  dataDir: string;
  /** Everything it printed so far. */
  output(): string;
  /** Kills a process of the role without a word. Returns false when there is none right now. */
  kill(role: Role): Promise<boolean>;
  /** Its processes of a role, to be killed without looking for them first. */
  pids(role: Exclude<Role, 'postgres'>): Promise<number[]>;
  /** A connection of the test's own. */
  db: Db;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Kills the parent alone, as `kill -9` would. */
  killParent(): Promise<void>;
  /** Stops and removes everything. */
  remove(): Promise<void>;
}

const CLI = ['--import', 'tsx', 'infra/cli.ts'];

/** The environment of a Sada under test: short locks, no sample, nothing of the caller's. */
export function sadaEnvironment(dataDir: string, more: Record<string, string> = {}): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return {
    PATH,
    HOME,
    SADA_DATA_DIR: dataDir,
    SADA_PORT: '0',
    SADA_SAMPLE: 'off',
    QUEUE_LOCK_MS: '2000',
    SWEEP_MS: '1000',
    FETCH_SPACING_MS: '0',
    LOG_LEVEL: 'warn',
    ...more,
  };
}

/** Starts `sada all` and waits for its summary. */
export async function startSada(more: Record<string, string> = {}, dataDir?: string): Promise<RunningSada> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'sada-e2e-')));
  let output = '';
  const env = sadaEnvironment(folder, { SADA_PORT: String(await freePort()), ...more }); // kept across restarts of the API
  const parent = spawn(process.execPath, [...CLI, 'all'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  parent.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  parent.stderr.on('data', (data: Buffer) => {
    output += data.toString();
  });
  const ended = () => parent.exitCode ?? parent.signalCode;
  const address = () => /Open\s+(http:\/\/\S+)/.exec(output)?.[1];
  // `until` goes on after an error: an end is an answer, and an error only here.
  await until('the start-up summary', async () => ended() !== null || address(), 180_000).catch((error: unknown) => {
    parent.kill('SIGKILL');
    throw new Error(`${String(error)}\n${output}`);
  });
  const url = address();
  if (url === undefined || ended() !== null) {
    if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
    throw new Error(`sada ended with ${ended()}:\n${output}`);
  }
  const postgres = await findPostgres(join(folder, 'postgres'));
  const db = openDb(postgres ?? more.DATABASE_URL ?? '', { max: 2 });
  const stop = async () => {
    if (parent.exitCode !== null || parent.signalCode !== null) return parent.exitCode;
    const gone = once(parent, 'exit');
    parent.kill('SIGINT');
    await gone;
    return parent.exitCode;
  };
  return {
    url,
    dataDir: folder,
    db,
    output: () => output,
    kill: (role) => killRole(parent, folder, role),
    pids: (role) => childrenOf(parent.pid ?? 0, role),
    stop,
    async killParent() {
      const gone = once(parent, 'exit');
      parent.kill('SIGKILL');
      await gone;
    },
    async remove() {
      await db.end();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function killRole(parent: ChildProcess, folder: string, role: Role): Promise<boolean> {
  const pid = role === 'postgres' ? await postmaster(folder) : (await childrenOf(parent.pid ?? 0, role))[0];
  return pid !== undefined && killNow(pid);
}

/** False when it is gone already. */
export function killNow(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

async function postmaster(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(text.split('\n')[0]) || undefined;
}

async function childrenOf(parent: number, role: Role): Promise<number[]> {
  const found: number[] = [];
  const wanted = role === 'api' ? /api\/main\.ts/ : new RegExp(`workers/main\\.ts ${role}`);
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const ppid = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]);
    if (ppid !== parent) continue;
    const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (wanted.test(command)) found.push(Number(entry));
  }
  return found;
}

/** Runs one command of the CLI to its end. */
export async function runCli(
  args: readonly string[],
  env: Record<string, string>,
  onStart?: (child: ChildProcess) => void,
) {
  const child = spawn(process.execPath, [...CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  onStart?.(child);
  await once(child, 'close');
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}
