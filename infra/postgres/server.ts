/**
 * One run of the server process: start it and wait until it takes connections, watch it, stop it.
 * Called by the launcher. Try it: `launch({ files, binaries, account: undefined, settings })`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, stat, statfs, truncate } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { type ClusterFiles, dataDirArgument, FREE } from './cluster.ts';
import { linesOf, OWN_SERVER, PostgresStartError, reasonIn } from './errors.ts';
import { postmasterState, readPidFile } from './pidfile.ts';

const LOG_LIMIT_BYTES = 10 * 2 ** 20;
/** Recovery after a crash may take minutes, but says something every 10 s. */
const SILENCE_LIMIT_MS = 60_000;
const FAST_SHUTDOWN_MS = 20_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  pid: number;
  /** Resolves when the process is gone; both null when it is not our child. */
  exited: Promise<Exit>;
  /** Resolves when the process is gone. Ends open transactions. */
  stop(): Promise<void>;
}

export interface LaunchOptions {
  files: ClusterFiles;
  binaries: Binaries;
  account: Account | undefined;
  settings: Record<string, string>;
}

/** Starts a server and waits until it is ready. It outlives this process. Throws `locked` when another one holds the data. */
export async function launch(options: LaunchOptions): Promise<ServerProcess> {
  const { files, account } = options;
  const size = (await stat(files.log).catch(() => undefined))?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) await truncate(files.log);
  const logged = size > LOG_LIMIT_BYTES ? 0 : size;
  const log = await open(files.log, 'a', 0o600);
  const args = Object.entries(options.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let child: ChildProcess;
  try {
    child = spawn(options.binaries.postgres, ['-D', dataDirArgument(files.dataDir, account), ...args], {
      ...account,
      cwd: files.dataDir,
      detached: true, // a Ctrl-C in the terminal must reach us, not the server: we stop it after the jobs
      stdio: ['ignore', log.fd, log.fd],
      env: { LC_ALL: 'C', TZ: 'UTC' }, // none of our secrets, none of the user's PG… variables
    });
  } finally {
    await log.close();
  }
  const server = ownServer(child);
  await untilReady(server, options, logged).catch((error) => {
    child.kill('SIGQUIT'); // does nothing when it has ended, as it nearly always has
    throw error;
  });
  child.unref();
  return server;
}

async function untilReady(server: ServerProcess, { files, settings }: LaunchOptions, logged: number): Promise<void> {
  let exit: Exit | undefined;
  let failure: Error | undefined;
  server.exited.then(
    (value) => {
      exit = value;
    },
    (error) => {
      failure = error;
    },
  );
  const readLog = async () => (await readFile(files.log)).subarray(logged).toString();
  let heardAt = Date.now();
  let heard = logged;
  while (true) {
    const pidFile = await readPidFile(files.dataDir);
    // An old file says "ready" too.
    if (pidFile?.pid === server.pid && pidFile.status === 'ready') return;
    if (failure) throw new PostgresStartError('no_account', `Postgres could not be started: ${failure.message}`);
    if (exit) throw await startError(await readLog(), server.pid, files, settings.port ?? '');
    const { size } = await stat(files.log);
    if (size !== heard) heardAt = Date.now();
    heard = size;
    if (Date.now() - heardAt > SILENCE_LIMIT_MS) {
      const message = `Postgres was not ready and said nothing for ${SILENCE_LIMIT_MS / 1000} s. Its log: ${files.log}.`;
      throw new PostgresStartError('failed', message);
    }
    await sleep(10);
  }
}

/** Why it ended before it was ready. On a full disk the log cannot say so: then we look ourselves. */
async function startError(text: string, pid: number, files: ClusterFiles, port: string): Promise<PostgresStartError> {
  const { bavail, bsize } = await statfs(files.dataDir);
  const read = reasonIn(text, pid);
  const code = read === 'failed' && bavail * bsize < 2 ** 20 ? 'disk_full' : read;
  const last = linesOf(text, pid).trim().split('\n').slice(-5).join('\n');
  const messages: Partial<Record<typeof code, string>> = {
    locked: `Another Postgres server, or what a killed one left running, holds ${files.dataDir}:\n${last}`,
    disk_full: `Postgres has no space left below ${files.dataDir}. ${FREE}`,
    port_taken: `Port ${port} of 127.0.0.1 is taken, so Postgres for ${files.dataDir} could not start there.`,
    other_major: `The data in ${files.dataDir} were made by another version of Postgres:\n${last}`,
  };
  const otherwise = `Postgres ended while starting on ${files.dataDir}. Its log, ${files.log}, says:\n${last}`;
  return new PostgresStartError(code, messages[code] ?? `${otherwise}\nSolve that, ${OWN_SERVER}.`);
}

function ownServer(child: ChildProcess): ServerProcess {
  const exited = once(child, 'exit').then(([code, signal]): Exit => ({ code, signal }));
  exited.catch(() => {}); // untilReady tells
  return stoppable(child.pid ?? 0, exited, (signal) => child.kill(signal));
}

/** A server that somebody else started: nobody tells us when it ends, so we look. */
export function foreignServer(pid: number, dataDir: string): ServerProcess {
  const exited = new Promise<Exit>((resolve) => {
    const timer = setInterval(async () => {
      if ((await postmasterState(pid, dataDir)) !== 'gone') return;
      clearInterval(timer);
      resolve({ code: null, signal: null });
    }, 200);
    timer.unref();
  });
  return stoppable(pid, exited, async (signal) => {
    if ((await postmasterState(pid, dataDir)) !== 'gone') process.kill(pid, signal);
  });
}

function stoppable(pid: number, exited: Promise<Exit>, send: (signal: NodeJS.Signals) => unknown): ServerProcess {
  let gone = false;
  const watched = exited.then((exit) => {
    gone = true;
    return exit;
  });
  watched.catch(() => {});
  const stop = async () => {
    if (gone) return;
    await send('SIGINT');
    // The timer also keeps this process alive until the server is gone.
    const timer = setInterval(() => send('SIGQUIT'), FAST_SHUTDOWN_MS);
    await watched.finally(() => clearInterval(timer));
  };
  return { pid, exited: watched, stop };
}
