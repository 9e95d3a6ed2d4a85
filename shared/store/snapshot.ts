/** One view of the data for an answer that takes several statements: its parts agree however much is written meanwhile. */
import { type Db, once, type Tx } from './db.ts';

/** Runs `work` in a read-only transaction in which every statement sees what the first one saw. */
export function inSnapshot<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return once(db, work, 'begin transaction isolation level repeatable read, read only');
}
