/**
 * The API on a free port of this machine, with every answer checked against its contract. `startApi(db)` gives `call`,
 * which asks and reads the answer; the server is closed at the end of the test.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type AppDeps, createApp } from '../../api/app.ts';
import type { Scope } from '../../shared/contracts/api/common.ts';
import type { Queues } from '../../shared/jobs.ts';
import { createLog } from '../../shared/log.ts';
import { createKey } from '../../shared/store/apiKeys.ts';
import { type Db, inTransaction } from '../../shared/store/db.ts';
import { ensurePartitions } from '../../shared/store/partitions.ts';
import { movePosts, type PostRow } from '../../shared/store/posts.ts';
import { bumpVersion } from '../../shared/store/version.ts';
import { TEST_SECRET } from './databases.ts';

export const ZONE = 'Africa/Casablanca';
/** A running hour that ends at 12:00 UTC. */
export const NOW = new Date('2026-11-24T11:20:00Z');

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of the body
  body: any;
}

export interface TestApi {
  url: string;
  jobs: unknown[];
  call(path: string, init?: RequestInit & { json?: unknown }): Promise<Answer>;
  stop(): void;
}

export async function startApi(db: Db, more: Partial<AppDeps> = {}): Promise<TestApi> {
  const jobs: unknown[] = [];
  const queues: Pick<Queues, 'add' | 'addChunks'> = {
    add: async (name, data, key) => void jobs.push({ name, data, key }),
    addChunks: async (chunks) => void jobs.push(...chunks),
  };
  const { app, stop } = createApp({
    db,
    log: createLog('test', 'silent'),
    queues: () => queues,
    config: { host: '127.0.0.1', publicUrl: undefined, corsOrigins: [], trustProxy: 0 },
    zone: ZONE,
    secret: TEST_SECRET,
    version: '0.0.0-test',
    now: () => NOW,
    limits: { read: 100_000, query: 100_000, write: 100_000, export: 100_000, failed: 100_000 },
    events: { pollMs: 20 },
    checkAnswers: true,
    ...more,
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const call: TestApi['call'] = async (path, { json, ...init } = {}) => {
    const sent = json === undefined ? {} : { body: JSON.stringify(json), method: 'POST' };
    const headers = new Headers(init.headers);
    if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
    const response = await fetch(url + path, { redirect: 'manual', ...sent, ...init, headers });
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await response.arrayBuffer());
    const isJson =
      /json\s*(;|$)/.test(response.headers.get('content-type') ?? '') &&
      !/ndjson/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text ? JSON.parse(text) : undefined,
    };
  };
  return { url, jobs, call, stop };
}

/** Stores posts as ingest does, and raises the data version. */
export async function storePosts(db: Db, rows: readonly PostRow[]): Promise<number[]> {
  await ensurePartitions(
    db,
    rows.map((row) => row.published_at),
  );
  return inTransaction(db, async (tx) => {
    const moved = await movePosts(
      tx,
      ZONE,
      rows.map((after) => ({ op: 'insert', after })),
    );
    await bumpVersion(tx, { event: 'posts', payload: { n: moved.n } });
    return [...moved.inserted.values()];
  });
}

/** A header that carries a new key with these scopes. */
export async function keyHeader(
  db: Db,
  scopes: readonly Scope[],
  expiresAt?: Date,
): Promise<{ authorization: string }> {
  const { key } = await createKey(db, { name: 'test', scopes, expiresAt });
  return { authorization: `Bearer ${key}` };
}
