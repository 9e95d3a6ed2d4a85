/**
 * The data folder and the small files beside it: password, port, log. Makes a new data folder all at once.
 * Called by the launcher. Try it: `createCluster(clusterFiles('data/postgres'), binaries, undefined)`.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, link, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { OWN_SERVER, PostgresStartError, reasonIn } from './errors.ts';
import { hasProcess } from './pidfile.ts';

export const SUPERUSER = 'sada';
const ABANDONED_AFTER_MS = 10 * 60_000;

export interface ClusterFiles {
  dataDir: string;
  password: string;
  port: string;
  log: string;
}

/** Where things are: `data/postgres` has its password in `data/postgres.password`. */
export function clusterFiles(dataDir: string): ClusterFiles {
  const base = resolve(dataDir);
  return { dataDir: base, password: `${base}.password`, port: `${base}.port`, log: `${base}.log` };
}

export function urlOf(port: number, password: string): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/sada`;
}

/**
 * The folder as the server is told it. Under another account it is named by the working directory, which stays usable
 * where the folders above it (a home, 0700) may not be entered; only Linux has such a name.
 */
export function dataDirArgument(dataDir: string, account: Account | undefined): string {
  return account && existsSync('/proc/self/cwd') ? '/proc/self/cwd' : dataDir;
}

/** Reads the password, or makes one. Two starts at once get the same one. */
export async function passwordOf(files: ClusterFiles): Promise<string> {
  const saved = await readPassword(files);
  if (saved !== undefined) return saved;
  const scratch = `${files.password}.${randomBytes(6).toString('hex')}`;
  await writeFile(scratch, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flush: true });
  try {
    await link(scratch, files.password); // unlike rename it does not replace another's
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(scratch, { force: true });
  }
  return (await readFile(files.password, 'utf8')).trim();
}

export async function readPassword(files: ClusterFiles): Promise<string | undefined> {
  const text = await readFile(files.password, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  return text.trim() || undefined;
}

/** The major version that made the data, or undefined when there are none. */
export async function majorOf(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

/** Makes the data folder if there is none. It appears complete or not at all, whenever this is killed. */
export async function createCluster(
  files: ClusterFiles,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  const { dataDir } = files;
  await removeAbandoned(dataDir);
  if ((await readdir(dataDir).catch(() => [])).length > 0) {
    const message = `${dataDir} holds files, but they are not a Postgres data folder. Move them away, choose another SADA_DATA_DIR, ${OWN_SERVER}.`;
    throw new PostgresStartError('failed', message);
  }
  const scratch = await mkdtemp(`${dataDir}.init-${process.pid}-`);
  try {
    const fresh = join(scratch, 'data');
    await mkdir(fresh, { mode: 0o700 });
    await writeFile(join(scratch, 'password'), await passwordOf(files), { mode: 0o600 });
    if (account) {
      for (const path of [scratch, fresh, join(scratch, 'password')]) await chown(path, account.uid, account.gid);
    }
    await runInitdb(fresh, binaries, account);
    await rename(fresh, dataDir).catch(async (error: Error) => {
      if ((await majorOf(dataDir)) === undefined) throw error; // else another start was first: its data are as good
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runInitdb(fresh: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  // Code point order everywhere; macOS has no C.UTF-8 but knows letters beyond ASCII under this name.
  const locale = process.platform === 'darwin' ? ['--locale=C', '--lc-ctype=en_US.UTF-8'] : ['--locale=C.UTF-8'];
  const options = ['--encoding=UTF8', ...locale, '--auth=scram-sha-256', '--no-instructions'];
  const args = ['-D', dataDirArgument(fresh, account), '-U', SUPERUSER, '--pwfile=../password', ...options];
  try {
    await promisify(execFile)(binaries.initdb, args, { ...account, cwd: fresh, env: { LC_ALL: 'C', TZ: 'UTC' } });
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    throw initdbError(fresh, stdout + stderr || message);
  }
}

function initdbError(fresh: string, output: string): PostgresStartError {
  const code = reasonIn(output, undefined);
  if (code === 'disk_full') {
    return new PostgresStartError(
      code,
      `No space left for the Postgres data below ${dirname(dirname(fresh))}. ${FREE}`,
    );
  }
  if (code === 'no_account') {
    const who = `uid ${process.getuid?.()}`;
    const message = `Postgres must run under an account with a name, and ${who} has none in /etc/passwd. Add one, ${OWN_SERVER}.`;
    return new PostgresStartError(code, message);
  }
  const last = output.trim().split('\n').slice(-5).join('\n');
  return new PostgresStartError('failed', `Postgres could not make its data folder below ${dirname(fresh)}:\n${last}`);
}

export const FREE = `Free some (a new database takes 60 MB), choose another SADA_DATA_DIR, ${OWN_SERVER}.`;

/** Left by a start that was killed: `postgres.init-<pid>-…`. One that lives may still be filling its own. */
async function removeAbandoned(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.init-`;
  for (const name of await readdir(dirname(dataDir))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(dirname(dataDir), name);
    const alive = hasProcess(Number.parseInt(name.slice(prefix.length), 10));
    const ageMs = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (!alive || ageMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
