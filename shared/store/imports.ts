/**
 * Imports of files: one row a file and source, resumable, with the rows that were wrong. workers/importFile.ts reads the
 * file and writes chunks; workers ingest them; the API and the CLI show how far it is.
 */
import type { CollectedEvent } from '../contracts/collected.ts';
import { type Db, many, one, type Queryable, run, type Tx } from './db.ts';

export interface ImportRow {
  id: number;
  source_id: number;
  source: string;
  file_name: string;
  bytes: number;
  state: 'reading' | 'read' | 'done' | 'undone';
  bytes_read: number;
  rows_read: number;
  rows_invalid: number;
  errors: { line: number; detail: string }[];
  created_at: Date;
  finished_at: Date | null;
  /** Events by outcome, of the chunks that are done. */
  counts: Record<string, number>;
  chunks_waiting: number;
}

const SELECT = `
  select i.id, i.source_id, s.name as source, i.file_name, i.bytes, i.state, i.bytes_read, i.rows_read, i.rows_invalid, i.errors,
    i.created_at, i.finished_at,
    coalesce((select jsonb_object_agg(x.outcome, x.n) from (
      select e.key as outcome, sum(e.value::bigint) as n from import_chunks c, jsonb_each_text(c.counts) e
      where c.import_id = i.id group by 1) x), '{}') as counts,
    (select count(*) from import_chunks c where c.import_id = i.id and c.state = 'waiting')
      + (select count(*) from inbox b where b.import_id = i.id and b.state = 'waiting') as chunks_waiting
  from imports i join sources s on s.id = i.source_id`;

/** Imports, newest first. */
export async function listImports(db: Queryable, limit = 100): Promise<ImportRow[]> {
  return many<ImportRow & Record<string, unknown>>(db, `${SELECT} order by i.id desc limit $1`, [limit]);
}

/** One import, or undefined. */
export async function findImport(db: Queryable, id: number): Promise<ImportRow | undefined> {
  return one<ImportRow & Record<string, unknown>>(db, `${SELECT} where i.id = $1`, [id]);
}

export interface OpenImport {
  id: number;
  /** Records of the file that are in chunks already: a resumed import skips as many. */
  rowsRead: number;
  chunks: number;
  resumed: boolean;
}

/** Starts the import of a file into a source, or finds the one that was interrupted (same source, bytes and options). */
export async function openImport(
  tx: Tx,
  file: { sourceId: number; name: string; hash: string; bytes: number; options: unknown },
): Promise<OpenImport> {
  const found = await one<{ id: number; rowsRead: number; chunks: number }>(
    tx,
    `select id, rows_read as "rowsRead", (select count(*) from import_chunks c where c.import_id = imports.id) as chunks
     from imports where source_id = $1 and file_hash = $2 and state in ('reading', 'read')
     order by id desc limit 1 for update`,
    [file.sourceId, file.hash],
  );
  if (found) return { ...found, resumed: true };
  const made = await one<{ id: number }>(
    tx,
    'insert into imports (source_id, file_name, file_hash, bytes, options) values ($1, $2, $3, $4, $5) returning id',
    [file.sourceId, file.name, file.hash, file.bytes, JSON.stringify(file.options)],
  );
  if (!made) throw new Error('an import could not be made');
  return { id: made.id, rowsRead: 0, chunks: 0, resumed: false };
}

export interface ReadProgress {
  bytesRead: number;
  rowsRead: number;
  invalid: { line: number; detail: string }[];
}

/** Errors kept of one import; all are counted. */
const MAX_ERRORS = 1_000;

/** Writes a chunk and how far the file is read, together. Returns the chunk's id, or undefined when the import was undone. */
export async function addChunk(
  tx: Tx,
  importId: number,
  seq: number,
  events: readonly CollectedEvent[],
  progress: ReadProgress,
): Promise<number | undefined> {
  const alive = await run(
    tx,
    `update imports set bytes_read = $2, rows_read = $3, rows_invalid = rows_invalid + $4,
       errors = case when jsonb_array_length(errors) >= ${MAX_ERRORS} then errors else errors || $5::jsonb end
     where id = $1 and state = 'reading'`,
    [
      importId,
      progress.bytesRead,
      progress.rowsRead,
      progress.invalid.length,
      JSON.stringify(progress.invalid.slice(0, MAX_ERRORS)),
    ],
  );
  if (alive === 0) return undefined;
  if (events.length === 0) return 0;
  const row = await one<{ id: number }>(
    tx,
    'insert into import_chunks (import_id, seq, events) values ($1, $2, $3) returning id',
    [importId, seq, JSON.stringify(events)],
  );
  return row?.id;
}

/** The whole file is in chunks. */
export async function endReading(db: Db, importId: number): Promise<void> {
  await run(db, `update imports set state = 'read' where id = $1 and state = 'reading'`, [importId]);
  await finishImport(db, importId);
}

/** Ends an import whose file is read and whose chunks are all done. */
export async function finishImport(db: Db, importId: number): Promise<void> {
  await run(
    db,
    `update imports i set state = 'done', finished_at = now() where id = $1 and state = 'read'
       and not exists (select 1 from import_chunks c where c.import_id = i.id and c.state = 'waiting')
       and not exists (select 1 from inbox b where b.import_id = i.id and b.state = 'waiting')`,
    [importId],
  );
}

/** Chunks of one import that wait, oldest first. */
export async function waitingOfImport(db: Queryable, importId: number, limit: number): Promise<number[]> {
  const rows = await many<{ id: number }>(
    db,
    `select id from import_chunks where import_id = $1 and state = 'waiting' order by id limit $2`,
    [importId, limit],
  );
  return rows.map((row) => row.id);
}
