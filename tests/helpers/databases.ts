/** Databases for tests: made from the migrated template, dropped afterwards. */
import { openDb, run } from '../../shared/store/db.ts';

export const TEMPLATE = 'sada_template';
export const TEST_SECRET = 'a secret for tests only, 32 characters';

/** The url of another database on the same server. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Makes a database anew, empty or as a copy of the template; returns its url. */
export async function createDatabase(serverUrl: string, name: string, template?: string): Promise<string> {
  const server = openDb(urlOf(serverUrl, 'postgres'), { max: 1 });
  try {
    await run(server, `drop database if exists ${name} with (force)`);
    // Copying locks the template; several files that start together take turns.
    await run(server, `select pg_advisory_lock(4711)`);
    await run(server, `create database ${name} ${template ? `template ${template}` : ''}`);
  } finally {
    await server.end();
  }
  return urlOf(serverUrl, name);
}

/** Drops a database, connections and all. */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  const server = openDb(urlOf(serverUrl, 'postgres'), { max: 1 });
  try {
    await run(server, `drop database if exists ${name} with (force)`);
  } finally {
    await server.end();
  }
}
