/**
 * The connection to Postgres: a pool, one way to run a transaction, and typed rows. Everything in shared/store calls it;
 * a main.ts or a test opens it with `openDb(url)` and closes it with `end()`.
 */
import pg from 'pg';

export type Db = pg.Pool;
export type Tx = pg.PoolClient;
/** Anything that can run a statement: a function that takes this joins whatever transaction its caller is in. */
export type Queryable = Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>;

const INT8 = 20;
const DATE = 1082;

/** int8 as number: our counts and ids stay far below 2^53. date as 'YYYY-MM-DD': a day is not an instant. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return Number;
    if (oid === DATE) return (value: string) => value;
    return pg.types.getTypeParser(oid, format);
  },
} as pg.CustomTypesConfig;

export interface DbOptions {
  /** Most connections of this process. */
  max?: number;
  /** A statement that runs longer is cancelled; 0 means never. */
  statementTimeoutMs?: number;
  onError?: (error: Error) => void;
}

/** Opens a pool; it connects on first use and reconnects by itself after an outage. */
export function openDb(url: string, options: DbOptions = {}): Db {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 5,
    types,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'sada',
    ...(options.statementTimeoutMs ? { statement_timeout: options.statementTimeoutMs } : {}),
  });
  // Without a listener, an idle connection that breaks would end the process.
  pool.on('error', (error) => options.onError?.(error));
  return pool;
}

/** Lends one connection, for libraries that want a client of their own for a while. */
export async function withClient<T>(db: Db, work: (client: Tx) => Promise<T>): Promise<T> {
  const client = await db.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

/** Serialization failures and deadlocks: the transaction changed nothing and may simply be run again. */
const RETRYABLE = new Set(['40001', '40P01']);

/** Runs `work` in a transaction, again (at most 5 times) when Postgres chose it as the victim of a deadlock. */
export async function inTransaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(db, work);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!RETRYABLE.has(code) || attempt === 5) throw error;
    }
  }
}

/** Runs `work` in one transaction that starts with the statement `begin`; whatever it throws rolls back. */
export async function once<T>(db: Db, work: (tx: Tx) => Promise<T>, begin = 'begin'): Promise<T> {
  const tx = await db.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  tx.on('error', onError);
  try {
    await tx.query(begin);
    const result = await work(tx);
    await tx.query('commit');
    return result;
  } catch (error) {
    await tx.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    tx.removeListener('error', onError);
    tx.release(broken); // a connection that could not roll back must not go back to the pool
  }
}

/** Runs `work` within a transaction so that, when it throws, only what it did itself is undone. */
export async function inSavepoint<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await tx.query('savepoint part');
  try {
    const result = await work();
    await tx.query('release savepoint part');
    return result;
  } catch (error) {
    await tx.query('rollback to savepoint part');
    throw error;
  }
}

/** The first row, or undefined. */
export async function one<R extends pg.QueryResultRow>(
  db: Queryable,
  text: string,
  values: unknown[] = [],
): Promise<R | undefined> {
  const result = await (db as pg.Pool).query<R>(text, values);
  return result.rows[0];
}

/** All rows. */
export async function many<R extends pg.QueryResultRow>(
  db: Queryable,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const result = await (db as pg.Pool).query<R>(text, values);
  return result.rows;
}

/** Runs a statement for its effect; returns how many rows it touched. */
export async function run(db: Queryable, text: string, values: unknown[] = []): Promise<number> {
  const result = await (db as pg.Pool).query(text, values);
  return result.rowCount ?? 0;
}

/** Runs a statement prepared under a name: planned once a connection. For the few that run all the time. */
export async function prepared<R extends pg.QueryResultRow>(
  db: Queryable,
  name: string,
  text: string,
  values: unknown[],
): Promise<R[]> {
  const result = await (db as pg.Pool).query<R>({ name, text, values });
  return result.rows;
}

/**
 * Holds a session advisory lock while `work` runs, on a connection of its own; resolves to undefined without running
 * when another process holds it. The lock goes with the connection: `signal` is aborted when that is lost.
 */
export async function withAdvisoryLock<T>(
  db: Db,
  name: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const client = await db.connect();
  const lost = new AbortController();
  const onError = (error: Error) => lost.abort(error);
  client.on('error', onError);
  let broken: Error | undefined;
  try {
    const lock = await one<{ held: boolean }>(client, 'select pg_try_advisory_lock(hashtextextended($1, 0)) as held', [
      name,
    ]);
    if (!lock?.held) return undefined;
    try {
      return await work(lost.signal);
    } finally {
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]).catch((error: Error) => {
        broken = error;
      });
    }
  } finally {
    client.removeListener('error', onError);
    client.release(broken);
  }
}
