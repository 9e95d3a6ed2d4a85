/**
 * `postmaster.pid`: what Postgres writes into its data folder while it runs, and whether the process it names still does.
 * The file outlives a killed server, and its number may since belong to any other process. Called by the launcher.
 * Try it: `readPidFile('data/postgres')`.
 */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface PidFile {
  pid: number;
  /** Seconds since 1970. With the pid it names one run of one server. */
  startedAtS: number;
  port: number;
  status: 'starting' | 'stopping' | 'ready' | 'standby' | 'unknown';
}

/** `gone` is certain, `running` too. `unknown`: a process has this number, and we may not look closer. */
export type PostmasterState = 'running' | 'gone' | 'unknown';

/** Undefined when there is no file, or one that Postgres has not filled yet. */
export async function readPidFile(dataDir: string): Promise<PidFile | undefined> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(orMissing);
  return text === undefined ? undefined : parsePidFile(text);
}

/** Lines: pid, data folder, start time, port, socket folder, address, memory key, status. */
export function parsePidFile(text: string): PidFile | undefined {
  const [pid, , startedAtS, port, , , , status] = text.split('\n').map((line) => line.trim());
  if (!Number(pid)) return undefined;
  const known = (['starting', 'stopping', 'ready', 'standby'] as const).find((word) => word === status);
  // A server that runs alone (initdb, --single) writes its pid negated.
  return { pid: Math.abs(Number(pid)), startedAtS: Number(startedAtS), port: Number(port), status: known ?? 'unknown' };
}

/** Says whether `pid` is a Postgres server that runs in `dataDir`. */
export async function postmasterState(pid: number, dataDir: string): Promise<PostmasterState> {
  if (!hasProcess(pid)) return 'gone';
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const [, command, state] = /^\d+ \((.*)\) (\w)/s.exec(line ?? '') ?? [];
  if (command === undefined) return process.platform === 'linux' && !hasProcess(pid) ? 'gone' : 'unknown';
  // Z: ended, but its parent (often a container's first process) never asked how.
  if (command !== 'postgres' || state === 'Z' || state === 'X') return 'gone';
  try {
    const [there, here] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(dataDir)]);
    return there.ino === here.ino && there.dev === here.dev ? 'running' : 'gone';
  } catch {
    return hasProcess(pid) ? 'unknown' : 'gone'; // in a container even root may not look into another account's process
  }
}

/**
 * Removes the file when its number has gone to some other process: Postgres itself then refuses to start, as long as that
 * process lives. A file whose process is gone is left to Postgres, which also looks for old children that still work.
 */
export async function removeStalePidFile(dataDir: string): Promise<boolean> {
  const before = await readPidFile(dataDir);
  if (!before || !hasProcess(before.pid) || (await postmasterState(before.pid, dataDir)) !== 'gone') return false;
  const now = await readPidFile(dataDir); // another start may have replaced it in the meantime
  if (now?.pid !== before.pid || now.startedAtS !== before.startedAtS) return false;
  await rm(join(dataDir, 'postmaster.pid'), { force: true });
  return true;
}

/** The processes that work in this folder, such as children that outlive a killed server. Linux only, and best effort. */
export async function processesIn(dataDir: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const states = await Promise.all(pids.map((pid) => postmasterState(pid, dataDir)));
  return pids.filter((_, at) => states[at] === 'running');
}

/** True when a process has this number, even one of another account. */
export function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function orMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}
