/** One view of the data for an answer that takes several statements: its parts agree however much is written meanwhile. */
import type { Db, Tx } from './db.ts';

/** Runs `work` in a read-only transaction in which every statement sees what the first one saw. */
export async function inSnapshot<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await db.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  tx.on('error', onError);
  try {
    await tx.query('begin transaction isolation level repeatable read, read only');
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
    tx.release(broken);
  }
}
