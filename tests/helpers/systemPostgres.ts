/** A Postgres of the operating system, where there is one: the tests of time run on it too, since its zone data differ. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverFacts } from '../../shared/store/probe.ts';
import { freePort, until } from './drivers.ts';

const ROOT = '/usr/lib/postgresql';

/** The folder of its programs, newest version first, or undefined. */
export function systemPostgres(): string | undefined {
  if (!existsSync(ROOT)) return undefined;
  const versions = readdirSync(ROOT).toSorted((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(ROOT, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

/** Starts one in a temporary folder. Runs as `postgres` or `nobody` when the tests run as root. */
export async function startSystemPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const bin = systemPostgres();
  if (!bin) throw new Error(`no Postgres in ${ROOT}`);
  const folder = await mkdtemp(join(tmpdir(), 'sada-system-pg-'));
  const root = process.getuid?.() === 0;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const account = root ? { uid: id('-u'), gid: id('-g') } : {};
  const password = join(folder, 'password');
  await writeFile(password, 'test\n');
  if (account.uid !== undefined && account.gid !== undefined) {
    for (const path of [folder, password]) await chown(path, account.uid, account.gid);
  }
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  const options = { ...account, stdio: 'ignore' as const, cwd: folder };
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'sada', '--pwfile', password, '--encoding=UTF8', '--locale=C.UTF-8', '--auth=scram-sha-256'],
    options,
  );
  const port = await freePort();
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    options,
  );
  const url = `postgres://sada:test@127.0.0.1:${port}/postgres`;
  await until('the system Postgres', () => serverFacts(url));
  return {
    url,
    async stop() {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
