/**
 * Imports a file of posts: reads it into chunks that wait in Postgres, and waits until they are ingested. May be stopped
 * or killed at any moment: the next import of the same file goes on where it was. infra/commands/import.ts calls it.
 * Try it: tests/integration/import-file.test.ts.
 */
import { basename, extname } from 'node:path';
import type { CollectedPost } from '../shared/contracts/collected.ts';
import type { PostKind } from '../shared/contracts/words.ts';
import { AppError } from '../shared/errors.ts';
import { type Db, inTransaction, withAdvisoryLock } from '../shared/store/db.ts';
import { addChunk, endReading, type ImportRow, type OpenImport, openImport } from '../shared/store/imports.ts';
import { knownKeys } from '../shared/store/posts.ts';
import { obtainSource } from '../shared/store/sources.ts';
import { instantsOf, zoneExists } from '../shared/store/zones.ts';
import { readBatches } from './imports/batches.ts';
import { checkUnchanged, hashFile } from './imports/hash.ts';
import { type FileLayout, type ImportFormat, notesOf, openLayout } from './imports/layout.ts';
import { type ImportProgress, Progress } from './imports/progress.ts';
import { IMPORT_SITE, type LineError, type RowOptions } from './imports/rows.ts';
import { QueueTeller } from './imports/tell.ts';
import { visible } from './imports/visible.ts';
import { holdBack, workOff } from './imports/wait.ts';

/** Errors in a report; all are counted. */
const MAX_ERRORS = 1_000;
/** Chunks between two questions how many wait. */
const HOLD_BACK_EVERY = 8;

export interface ImportOptions {
  file: string;
  /** Default: the file's name without its extension. */
  sourceName?: string;
  /** The site whose ids the file has, such as `x.com`; without it, ids count within their texts only. */
  site?: string;
  /** Field → column, on top of what the columns' names tell. */
  map?: Record<string, string>;
  format?: ImportFormat;
  /** Where the clocks hung that showed dates without a zone. */
  zone?: string;
  /** Reads and checks everything, writes nothing. */
  dryRun?: boolean;
  /** Default `all`: a file was chosen by a person. */
  keep?: 'all' | 'matching';
  kind?: PostKind;
  onProgress?(progress: ImportProgress): void;
  /** Stops between two chunks; the import can be gone on with. */
  signal?: AbortSignal;
}

export interface ImportReport {
  /** undefined after a dry run. */
  importId: number | undefined;
  rows: number;
  valid: number;
  invalid: number;
  /** The first 1,000. */
  errors: LineError[];
  /** Posts by what became of them, without zeros: added, seen, off_topic, …; after a dry run: new, known. */
  outcomes: Record<string, number>;
  /** Field → column. */
  mapping: Record<string, string>;
  resumed: boolean;
  /** What a reader should know of the import as a whole. */
  notes: string[];
}

export interface ImportDeps {
  db: Db;
  /** Tells the queue of chunks. */
  enqueue(chunkIds: number[]): Promise<void>;
  /** Ingests a chunk here, too, so that an import ends without any worker. */
  work?(chunkId: number): Promise<void>;
}

/**
 * Resolves when every post of the file is stored or accounted for. Throws AppError when the file or the options are
 * wrong, before anything is written, and the signal's reason when it is stopped.
 */
export async function importFile(deps: ImportDeps, options: ImportOptions): Promise<ImportReport> {
  const layout = await openLayout(options);
  await checkZone(deps.db, options.zone);
  const rows = rowOptions(deps.db, options);
  if (options.dryRun) return dryRun(deps.db, layout, rows, options);
  const reading = {
    mapping: layout.mapping,
    fields: layout.fields,
    encoding: layout.encoding,
    site: options.site,
    kind: options.kind,
    zone: options.zone,
  };
  const progress = new Progress(layout.bytes, options.onProgress);
  const hash = await hashFile(
    layout,
    reading,
    (bytesRead) => progress.tell({ step: 'checking', bytesRead }),
    options.signal,
  );
  const name = options.sourceName ?? visible(basename(options.file, extname(options.file)));
  const report = await withAdvisoryLock(deps.db, `sada.import.${name}.${hash}`, async (lost) => {
    const signal = options.signal ? AbortSignal.any([options.signal, lost]) : lost;
    const opened = await begin(deps.db, name, hash, layout, options);
    await read(deps, layout, rows, opened, progress, signal);
    await checkUnchanged(layout);
    await endReading(deps.db, opened.id);
    const row = await workOff(deps, opened.id, progress, signal);
    return toReport(row, layout, opened);
  });
  if (report) return report;
  throw new AppError('conflict', visible(`${options.file}: is being imported into "${name}" by another process`));
}

export interface ImportPreview {
  format: ImportFormat;
  encoding: string;
  delimiter: string | undefined;
  columns: string[];
  mapping: Record<string, string>;
  /** The first five valid posts. */
  sample: CollectedPost[];
  errors: LineError[];
}

/** How a file would be read, judged by its first 500 records. Dates without a zone need `db`, which knows the zones. */
export async function previewImport(
  options: Pick<ImportOptions, 'file' | 'format' | 'map' | 'site' | 'kind' | 'zone'>,
  db?: Db,
): Promise<ImportPreview> {
  const layout = await openLayout(options);
  if (db) await checkZone(db, options.zone);
  const { format, encoding, fields, columns, mapping } = layout;
  const preview: ImportPreview = {
    format,
    encoding,
    delimiter: fields?.delimiter,
    columns,
    mapping,
    sample: [],
    errors: [],
  };
  for await (const batch of readBatches(layout, rowOptions(db, options), 0)) {
    return { ...preview, sample: batch.posts.slice(0, 5), errors: batch.invalid };
  }
  return preview;
}

async function checkZone(db: Db, zone: string | undefined): Promise<void> {
  if (zone === undefined || (await zoneExists(db, zone))) return;
  const detail = `there is no time zone "${zone}"; one is named like Africa/Casablanca`;
  throw new AppError('invalid', `--zone: ${detail}`, { errors: [{ pointer: '/zone', detail }] });
}

function rowOptions(db: Db | undefined, options: Pick<ImportOptions, 'site' | 'kind' | 'zone'>): RowOptions {
  const { site, kind, zone } = options;
  const now = new Date();
  const toInstants = db && zone !== undefined ? (locals: readonly string[]) => instantsOf(db, zone, locals) : undefined;
  return { now, instantsOf: toInstants, ...(site !== undefined ? { site } : {}), ...(kind ? { kind } : {}) };
}

async function dryRun(db: Db, layout: FileLayout, rows: RowOptions, options: ImportOptions): Promise<ImportReport> {
  const progress = new Progress(layout.bytes, options.onProgress);
  const errors: LineError[] = [];
  let [read, valid, invalid, known] = [0, 0, 0, 0];
  for await (const batch of readBatches(layout, rows, 0, options.signal)) {
    read = batch.rowsRead;
    valid += batch.posts.length;
    invalid += batch.invalid.length;
    errors.push(...batch.invalid.slice(0, MAX_ERRORS - errors.length));
    known += (await knownKeys(db, batch.posts)).size;
    progress.tell({ step: 'reading', bytesRead: batch.bytesRead, rowsRead: read, invalid });
  }
  const outcomes = withoutZeros({ new: valid - known, known });
  return {
    importId: undefined,
    rows: read,
    valid,
    invalid,
    errors,
    outcomes,
    mapping: layout.mapping,
    resumed: false,
    notes: notesOf(layout),
  };
}

async function begin(
  db: Db,
  name: string,
  hash: string,
  layout: FileLayout,
  options: ImportOptions,
): Promise<OpenImport> {
  return inTransaction(db, async (tx) => {
    const source = await obtainSource(tx, {
      kind: 'import',
      name,
      site: options.site ?? IMPORT_SITE,
      settings: {},
      keep: options.keep ?? 'all',
      everyMinutes: null,
    });
    if (options.keep !== undefined && source.keep !== options.keep) {
      throw new AppError(
        'conflict',
        visible(`The source "${name}" keeps ${source.keep} posts, not ${options.keep}; import under another name`),
      );
    }
    const { map, site, zone, kind, keep } = options;
    const file = { sourceId: source.id, name: visible(basename(options.file)), hash, bytes: layout.bytes };
    const mapping = Object.fromEntries(Object.entries(layout.mapping).map(([field, name]) => [field, visible(name)]));
    return openImport(tx, { ...file, options: { map, site, zone, kind, keep, format: layout.format, mapping } });
  });
}

async function read(
  deps: ImportDeps,
  layout: FileLayout,
  rows: RowOptions,
  opened: OpenImport,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const queue = new QueueTeller(deps.enqueue);
  let seq = opened.chunks;
  let invalid = 0;
  try {
    for await (const batch of readBatches(layout, rows, opened.rowsRead, signal)) {
      const events = batch.posts.map((post) => ({ type: 'post' as const, post }));
      // Posts and progress are committed together: a crash before repeats the batch, a crash after skips it.
      const chunk = await inTransaction(deps.db, (tx) => addChunk(tx, opened.id, seq, events, batch));
      if (chunk === undefined) throw new AppError('conflict', `Import ${opened.id} was undone while its file was read`);
      if (chunk > 0) {
        seq += 1;
        queue.tell(chunk);
      }
      invalid += batch.invalid.length;
      progress.tell({ step: 'reading', bytesRead: batch.bytesRead, rowsRead: batch.rowsRead, invalid });
      if (seq % HOLD_BACK_EVERY === 0) await holdBack(deps, opened.id, progress, signal);
    }
    await queue.done();
  } finally {
    await queue.settled(); // the caller may close the queue now
  }
}

function toReport(row: ImportRow, layout: FileLayout, opened: OpenImport): ImportReport {
  const { id, rows_read: rows, rows_invalid: invalid, counts } = row;
  const notes = [
    ...(opened.resumed ? [`Went on after record ${opened.rowsRead}, where the import was interrupted.`] : []),
    ...notesOf(layout),
  ];
  const { split: _, ...outcomes } = withoutZeros(counts);
  return {
    importId: id,
    rows,
    valid: rows - invalid,
    invalid,
    errors: row.errors.slice(0, MAX_ERRORS),
    outcomes,
    mapping: layout.mapping,
    resumed: opened.resumed,
    notes,
  };
}

function withoutZeros(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));
}
