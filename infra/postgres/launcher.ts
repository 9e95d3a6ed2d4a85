/**
 * The Postgres that comes with Sada, for whoever has none: starts it on a folder, or adopts the one that runs there.
 * Called by infra/cli.ts when DATABASE_URL is not set, and by the tests. It survives the process that started it; the
 * next start finds it. Try it: `node --import tsx -e "import('./infra/postgres/launcher.ts').then(async (l) =>
 * console.log(await l.startPostgres({ dataDir: 'data/postgres' })))"`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureDatabase, serverFacts } from '../../shared/store/probe.ts';
import { handOver, serverAccount } from './account.ts';
import { locateNative, usableBinaries } from './binaries.ts';
import {
  type ClusterFiles,
  clusterFiles,
  createCluster,
  FREE,
  majorOf,
  passwordOf,
  readPassword,
  urlOf,
} from './cluster.ts';
import { OWN_SERVER, PostgresStartError } from './errors.ts';
import { parsePidFile, postmasterState, processesIn, readPidFile, removeStalePidFile } from './pidfile.ts';
import { type Exit, foreignServer, type LaunchOptions, launch, type ServerProcess } from './server.ts';
import { memoryBytes, serverSettings } from './settings.ts';

const FIRST_PORT = 54_329;
/** Children of a killed server hold its memory until they notice. */
const LOCK_PATIENCE_MS = 10_000;
/** A server that somebody else started may be recovering, or stopping. */
const CHANGE_PATIENCE_MS = 60_000;

export interface PostgresOptions {
  /** Made when missing; its parent folder too. */
  dataDir: string;
  /** Without one: the last one used, or a free one from 54329 on. A server that already runs keeps its own. */
  port?: number;
  log?: (event: object, message: string) => void;
  /** Server settings on top of ours, such as `{ fsync: 'off' }` for tests. Ignored by a server that already runs. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  /** `postgres://sada:password@127.0.0.1:port/sada`; holds the password. */
  url: string;
  port: number;
  pid: number;
  /** True when the server was running already. */
  adopted: boolean;
  /** Resolves when the server is gone, however it went; code and signal are null when it was adopted. */
  exited: Promise<Exit>;
  /** Stops the server, also an adopted one, for everybody: SIGINT, then SIGQUIT after 20 s. */
  stop(): Promise<void>;
}

/** Starts, or adopts, the embedded Postgres on `dataDir`, with a database `sada`. Throws PostgresStartError. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const files = clusterFiles(options.dataDir);
  const log = options.log ?? (() => {});
  try {
    const running = await adopt(files);
    const server = running ?? (await start(files, options, log));
    if (server.adopted) log({ pid: server.pid, port: server.port }, 'postgres was running already');
    else log({ pid: server.pid, port: server.port, dataDir: files.dataDir }, 'postgres started');
    return server;
  } catch (error) {
    throw asStartError(error, files);
  }
}

/** The url of a server that runs on `dataDir` and takes connections, without starting one. */
export async function findPostgres(dataDir: string): Promise<string | undefined> {
  return (await findRunning(clusterFiles(dataDir)).catch(() => undefined))?.url;
}

type Running = { url: string; port: number; pid: number };

/** Looks for a server by the file it writes, and asks it whether it wrote that file. */
async function findRunning(files: ClusterFiles): Promise<Running | undefined> {
  const pidFile = await readPidFile(files.dataDir);
  if (!pidFile || (await postmasterState(pidFile.pid, files.dataDir)) === 'gone') return undefined;
  const password = await readPassword(files);
  if (password === undefined) return undefined;
  const url = urlOf(pidFile.port, password);
  const facts = await serverFacts(url.replace(/sada$/, 'postgres'));
  const theirs = parsePidFile(facts.pidFile ?? '');
  if (theirs?.pid !== pidFile.pid || theirs.startedAtS !== pidFile.startedAtS) return undefined;
  return { url, port: pidFile.port, pid: pidFile.pid };
}

async function adopt(files: ClusterFiles): Promise<EmbeddedPostgres | undefined> {
  // Not ours, not ready, or not there: starting one tells which.
  const running = await findRunning(files).catch(() => undefined);
  if (!running) return undefined;
  await ensureDatabase(running.url, 'sada');
  return { ...running, ...foreignServer(running.pid, files.dataDir), adopted: true };
}

async function start(
  files: ClusterFiles,
  options: PostgresOptions,
  log: NonNullable<PostgresOptions['log']>,
): Promise<EmbeddedPostgres> {
  const prepared = await prepare(files, log);
  const begunAt = Date.now();
  let port = options.port ?? (await savedPort(files)) ?? (await freePort(FIRST_PORT));
  while (true) {
    const adopted = await adopt(files);
    if (adopted) return adopted;
    if (await isChanging(files)) {
      await waitForLock(files, begunAt);
      continue;
    }
    if (await removeStalePidFile(files.dataDir)) log({ dataDir: files.dataDir }, 'a killed postgres left its pid file');
    try {
      const settings = serverSettings(port, memoryBytes(), options.settings);
      return await finish(await launch({ ...prepared, settings }), files, port);
    } catch (error) {
      if (!(error instanceof PostgresStartError)) throw error;
      if (error.code === 'locked') await waitForLock(files, begunAt, error);
      else if (error.code !== 'port_taken') throw error;
      else if (options.port !== undefined) throw await portTaken(files, port);
      else {
        const next = await freePort(port + 1);
        log({ taken: port, port: next }, 'postgres port is taken, moving to another');
        port = next;
      }
    }
  }
}

async function prepare(files: ClusterFiles, log: NonNullable<PostgresOptions['log']>) {
  const account = await serverAccount(files.dataDir);
  await mkdir(dirname(files.dataDir), { recursive: true });
  const binaries = await usableBinaries(locateNative(), account, files.dataDir);
  if ((await majorOf(files.dataDir)) === undefined) {
    log({ dataDir: files.dataDir }, 'making a new postgres data folder');
    await createCluster(files, binaries, account);
  }
  const major = await majorOf(files.dataDir);
  if (major !== binaries.major) {
    const message = `The data in ${files.dataDir} were made by Postgres ${major}, and this version of Sada brings ${binaries.major}. `;
    const remedy = `Move the folder away to begin with an empty one, or run Postgres ${major} on it and set DATABASE_URL.`;
    throw new PostgresStartError('other_major', message + remedy);
  }
  await handOver(files.dataDir, account);
  await passwordOf(files);
  return { files, account, binaries } satisfies Partial<LaunchOptions>;
}

async function finish(server: ServerProcess, files: ClusterFiles, port: number): Promise<EmbeddedPostgres> {
  const url = urlOf(port, await passwordOf(files));
  try {
    await ensureDatabase(url, 'sada');
  } catch (error) {
    await server.stop();
    if ((error as { code?: string }).code !== '28P01') throw error;
    const message = `Postgres on ${files.dataDir} does not accept the password in ${files.password}. Put back the file that belongs to these data.`;
    throw new PostgresStartError('failed', message, { cause: error });
  }
  await writeFile(files.port, `${port}\n`).catch(() => {}); // without it the next start picks a port anew
  return { ...server, url, port, adopted: false };
}

/** True while a server of this folder, started by somebody else, recovers or stops. */
async function isChanging(files: ClusterFiles): Promise<boolean> {
  const pidFile = await readPidFile(files.dataDir);
  if (pidFile?.status !== 'starting' && pidFile?.status !== 'stopping') return false;
  return (await postmasterState(pidFile.pid, files.dataDir)) === 'running';
}

async function waitForLock(files: ClusterFiles, begunAt: number, cause?: PostgresStartError): Promise<void> {
  const patienceMs = (await isChanging(files)) ? CHANGE_PATIENCE_MS : LOCK_PATIENCE_MS;
  if (Date.now() - begunAt > patienceMs) {
    const pids = await processesIn(files.dataDir);
    const which = pids.length > 0 ? ` (process ${pids.join(', ')})` : '';
    const what =
      cause?.message ?? `Another Postgres server is starting or stopping on ${files.dataDir}, see ${files.log}.`;
    const message = `${what}\nWait for it or end it${which}, choose another SADA_DATA_DIR, ${OWN_SERVER}.`;
    throw new PostgresStartError('locked', message, { cause });
  }
  await sleep(100);
}

async function portTaken(files: ClusterFiles, port: number): Promise<PostgresStartError> {
  const answer = await serverFacts(urlOf(port, 'nobody')).catch((error: { severity?: string }) => error);
  const who = 'severity' in answer && answer.severity ? 'another Postgres server' : 'another program';
  return new PostgresStartError(
    'port_taken',
    `Port ${port} of 127.0.0.1 is taken by ${who}, so Postgres for ${files.dataDir} cannot start there. ` +
      `Stop that one, choose another port, ${OWN_SERVER}.`,
  );
}

async function savedPort(files: ClusterFiles): Promise<number | undefined> {
  const port = Number(await readFile(files.port, 'utf8').catch(() => ''));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** The first port from `from` on that nobody listens to; another program may still be quicker than we are. */
async function freePort(from: number): Promise<number> {
  for (let port = from; port < from + 200; port++) {
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new PostgresStartError(
    'port_taken',
    `Ports ${from} to ${from + 199} of 127.0.0.1 are all taken, ${OWN_SERVER}.`,
  );
}

function asStartError(error: unknown, files: ClusterFiles): PostgresStartError {
  if (error instanceof PostgresStartError) return error;
  const { code = '', path, message } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PostgresStartError('disk_full', `No space left below ${dirname(files.dataDir)}. ${FREE}`, cause);
  }
  const failed = `Postgres could not start on ${files.dataDir}: `;
  if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) return new PostgresStartError('failed', failed + message, cause);
  const denied = `${failed}this account may not use ${path ?? 'it'} (${code}). Give it the folder`;
  return new PostgresStartError('failed', `${denied}, choose another SADA_DATA_DIR, ${OWN_SERVER}.`, cause);
}
