/**
 * One embedded Postgres for all test files, with a migrated template that each file copies. Nothing needs installing.
 * With TEST_DATABASE_URL (a superuser's) that server is used instead.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../infra/migrate.ts';
import { startPostgres } from '../../infra/postgres/launcher.ts';
import { openDb } from '../../shared/store/db.ts';
import { createDatabase, TEMPLATE, TEST_SECRET, urlOf } from './databases.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    serverUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const folder = given ? undefined : await mkdtemp(join(tmpdir(), 'sada-test-'));
  const server = folder
    ? await startPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off', shared_buffers: '128MB' } })
    : undefined;
  const serverUrl = given ?? server?.url ?? '';
  await createDatabase(serverUrl, TEMPLATE);
  const template = openDb(urlOf(serverUrl, TEMPLATE));
  await migrate(template, { zone: 'Africa/Casablanca', secret: TEST_SECRET, queueHere: true });
  await template.end();
  project.provide('serverUrl', serverUrl);
  return async () => {
    await server?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  };
}
