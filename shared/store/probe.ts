/**
 * Questions to a server that may not be ready, or not ours: who are you, and do you have this database.
 * Called by the launcher of the embedded Postgres and by the command line's checks. One connection each, never a pool.
 * Try it: `serverFacts('postgres://sada:…@127.0.0.1:54329/sada')`.
 */
import pg from 'pg';

const TIMEOUT_MS = 2000;

export interface ServerFacts {
  /** As the server names it; undefined when this role may not know. */
  dataDirectory: string | undefined;
  /** 180004 is 18.4. */
  versionNum: number;
  timeZone: string;
  encoding: string;
  /** The server's own postmaster.pid; undefined when this role may not read it. */
  pidFile: string | undefined;
}

/** Asks within 2 s. Rejects with pg's error, whose `code` is an SQLSTATE or an errno (ECONNREFUSED, 28P01, 57P03…). */
export async function serverFacts(url: string): Promise<ServerFacts> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{
      dataDirectory: string | null;
      versionNum: number;
      timeZone: string;
      encoding: string;
      pidFile: string | null;
    }>(`
      select (select setting from pg_settings where name = 'data_directory') as "dataDirectory",
        current_setting('server_version_num')::int as "versionNum",
        current_setting('TimeZone') as "timeZone",
        current_setting('server_encoding') as "encoding",
        case when has_function_privilege('pg_read_file(text)', 'execute')
          then pg_read_file('postmaster.pid') end as "pidFile"`);
    const [row] = rows;
    if (!row) throw new Error('the server answered without a row');
    return { ...row, dataDirectory: row.dataDirectory ?? undefined, pidFile: row.pidFile ?? undefined };
  });
}

/** Creates the database when it is missing, through `postgres`, which every server has. Two at once do no harm. */
export async function ensureDatabase(url: string, name: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  await withClient(
    maintenance.href,
    async (client) => {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
      if (rowCount) return;
      await client.query(`create database ${pg.escapeIdentifier(name)}`).catch((error: { code?: string }) => {
        if (error.code !== '42P04' && error.code !== '23505') throw error; // another start was first
      });
    },
    60_000, // copies the template: seconds on a slow disk
  );
}

async function withClient<T>(
  url: string,
  ask: (client: pg.Client) => Promise<T>,
  queryTimeoutMs = TIMEOUT_MS,
): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: queryTimeoutMs,
    application_name: 'sada probe',
  });
  client.on('error', () => {}); // a server that goes away in between: the query rejects too
  try {
    await client.connect();
    return await ask(client);
  } finally {
    await client.end().catch(() => {});
  }
}
