/** Redis Cluster and Sentinel, real ones on loopback: the queue works on both, and a failover loses no job. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QueueTarget } from '../../shared/config.ts';
import { openQueues, redisAdvice } from '../../shared/jobs.ts';
import { createLog } from '../../shared/log.ts';
import { startWorker } from '../../workers/worker.ts';
import { DRIVERS, freePort, until } from '../helpers/drivers.ts';

const possible = DRIVERS.some(({ driver, possible }) => driver === 'redis' && possible) && !process.env.REDIS_URL;
const log = createLog('test', 'silent');
let folder = '';
let servers: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sada-redis-shapes-'));
  servers = [];
});

afterEach(async () => {
  for (const server of servers) server.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function redis(
  name: string,
  port: number,
  lines: readonly string[],
  mode: readonly string[] = [],
): Promise<ChildProcess> {
  const file = join(folder, `${name}.conf`);
  await writeFile(
    file,
    [`port ${port}`, `dir ${folder}`, 'bind 127.0.0.1', `dbfilename ${name}.rdb`, ...lines, ''].join('\n'),
  );
  const server = spawn('redis-server', [file, ...mode], { stdio: 'ignore' });
  servers.push(server);
  await until(`redis ${name}`, async () =>
    execFileSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8', stdio: 'pipe' }).includes('PONG'),
  );
  return server;
}

/** Adds jobs and sees each of them run; `during` happens in between. */
async function runs(target: QueueTarget, during: () => Promise<unknown> = async () => undefined): Promise<Set<number>> {
  const queues = await openQueues(target, () => undefined);
  const done = new Set<number>();
  await queues.addChunks(Array.from({ length: 50 }, (_, i) => ({ from: 'push' as const, id: i + 1 })));
  await during();
  const worker = await startWorker({ target, lockMs: 2_000, log }, 'ingest', 4, async ({ id }) => done.add(id));
  await until('all jobs', async () => done.size === 50, 60_000);
  await worker.close();
  await queues.close();
  return done;
}

test.skipIf(!possible)('a cluster of three nodes runs the queues: all their keys share one slot', async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  for (const port of ports) {
    const bus = await freePort();
    await redis(`node-${port}`, port, [
      'cluster-enabled yes',
      `cluster-config-file nodes-${port}.conf`,
      `cluster-port ${bus}`,
      'cluster-node-timeout 2000',
    ]);
  }
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  execFileSync('redis-cli', ['--cluster', 'create', ...nodes, '--cluster-yes'], { stdio: 'pipe' });
  await until('the cluster', async () =>
    execFileSync('redis-cli', ['-p', String(ports[0]), 'cluster', 'info'], { encoding: 'utf8' }).includes(
      'cluster_state:ok',
    ),
  );
  expect((await runs({ driver: 'cluster', nodes })).size).toBe(50);
});

test.skipIf(!possible)(
  'with sentinels, the queue goes on at the replica when the master is killed',
  async () => {
    const [master, replica, sentinel] = [await freePort(), await freePort(), await freePort()];
    const dying = await redis('master', master, ['appendonly no']);
    await redis('replica', replica, [`replicaof 127.0.0.1 ${master}`, 'replica-priority 10']);
    await redis(
      'sentinel',
      sentinel,
      [
        `sentinel monitor sada 127.0.0.1 ${master} 1`,
        'sentinel down-after-milliseconds sada 1000',
        'sentinel failover-timeout sada 3000',
      ],
      ['--sentinel'],
    );
    const client = new Redis({ port: sentinel });
    client.on('error', () => undefined);
    await until('the sentinel to see a replica in step', async () =>
      /"master-link-status","ok"/.test(JSON.stringify(await client.call('SENTINEL', 'replicas', 'sada'))),
    );
    const target: QueueTarget = { driver: 'sentinel', sentinels: [`127.0.0.1:${sentinel}`], master: 'sada' };
    const done = await runs(target, async () => {
      const link = new Redis({ port: master });
      link.on('error', () => undefined);
      await link.wait(1, 5_000); // what the replica has not got yet would be lost with the master
      link.disconnect();
      dying.kill('SIGKILL');
    });
    client.disconnect();
    expect(done.size).toBe(50);
  },
  120_000,
);

test.skipIf(!possible)('a Redis that may lose jobs is reported in words', async () => {
  const port = await freePort();
  await redis('careless', port, ['appendonly no', 'maxmemory-policy allkeys-lru']);
  const advice = await redisAdvice({ driver: 'redis', url: `redis://127.0.0.1:${port}` });
  expect(advice.join('\n')).toMatch(/noeviction[\s\S]*appendonly is off/);
});
