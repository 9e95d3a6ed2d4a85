/**
 * `sada import FILE…`, `sada import list`, `sada import undo ID`. Registered by infra/cli.ts.
 * Try it: npx sada import posts.csv --dry-run
 */
import { basename } from 'node:path';
import cliProgress from 'cli-progress';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PostKind } from '../../shared/contracts/words.ts';
import { AppError } from '../../shared/errors.ts';
import type { Queues } from '../../shared/jobs.ts';
import { undoImport } from '../../shared/store/chunks.ts';
import type { Db } from '../../shared/store/db.ts';
import { findImport, listImports } from '../../shared/store/imports.ts';
import { type ImportOptions, type ImportReport, importFile } from '../../workers/importFile.ts';
import type { ImportProgress } from '../../workers/imports/progress.ts';
import { visible, visibleJson } from '../../workers/imports/visible.ts';
import { printTable } from './table.ts';

export type OpenContext = () => Promise<{
  db: Db;
  zone: string;
  queues: Queues;
  work(chunkId: number): Promise<void>;
  close(): Promise<void>;
}>;

type Context = Awaited<ReturnType<OpenContext>>;
type Flags = Pick<ImportOptions, 'site' | 'map' | 'format' | 'zone' | 'dryRun' | 'keep' | 'kind'> & {
  name?: string;
  json?: boolean;
};

const FAILED = 1;
const USAGE = 2;
const STOPPED = 130;
/** Errors shown without --json. */
const SHOWN_ERRORS = 20;
/** Least time between two lines of progress where there is no terminal, in milliseconds. */
const LINE_EVERY_MS = 5_000;

/** Adds `sada import` with its subcommands. */
export function registerImport(program: Command, open: OpenContext): void {
  const command = program
    .command('import')
    .description('import posts from CSV, TSV or NDJSON files; an interrupted import goes on where it was')
    .argument('<files...>', 'files of posts, with the names of the columns in the first line')
    .option('--name <source>', 'name of the source (default: the file name)')
    .option(
      '--site <site>',
      'site whose ids the file has, such as x.com; the same post from a live source is then one post',
    )
    .option('--map <field=column>', 'which column holds a field; may be repeated', addMapping)
    .addOption(new Option('--format <format>', 'format, when the content misleads').choices(['csv', 'tsv', 'ndjson']))
    .option('--zone <zone>', 'time zone of dates that have none, such as Africa/Casablanca')
    .addOption(
      new Option('--keep <which>', 'keep all posts, or those that match a topic (default: all)').choices([
        'all',
        'matching',
      ]),
    )
    .addOption(new Option('--kind <kind>', 'what the posts are (default: post)').choices(PostKind.options))
    .option('--dry-run', 'read and check everything, write nothing')
    .option('--json', 'print the report of each file as one line of JSON')
    .action((files: string[], flags: Flags) => inContext(open, (context) => importAll(context, files, flags)));
  command
    .command('list')
    .description('imports, newest first')
    .action(() =>
      inContext(open, async ({ db }) => {
        const columns = [
          'id',
          'source',
          'file_name',
          'state',
          'rows_read',
          'rows_invalid',
          'chunks_waiting',
          'counts',
          'created_at',
        ];
        const rows = (await listImports(db)).map((row) => ({
          ...row,
          source: visible(row.source),
          file_name: visible(row.file_name),
        }));
        printTable(rows, columns);
      }),
    );
  command
    .command('undo')
    .description('take an import back: only posts that it was the first to bring and that nothing else saw')
    .argument('<id>', 'number of the import, see `sada import list`', wholeNumber)
    .action((id: number) => inContext(open, (context) => undo(context, id)));
}

async function inContext(open: OpenContext, work: (context: Context) => Promise<void>): Promise<void> {
  const context = await open();
  try {
    await work(context);
  } finally {
    await context.close();
  }
}

function addMapping(value: string, before: Record<string, string> = {}): Record<string, string> {
  const [, field, column] = /^([^=]+)=(.+)$/.exec(value) ?? [];
  if (!field || !column) throw new InvalidArgumentError('Expected FIELD=COLUMN, such as text=Body.');
  return { ...before, [field.trim()]: column.trim() };
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Expected the number of an import.');
  return Number(value);
}

async function undo({ db, zone }: Context, id: number): Promise<void> {
  const found = await findImport(db, id);
  if (!found) throw new AppError('not_found', `There is no import ${id}; \`sada import list\` shows them`);
  const { removed, kept } = await undoImport(db, zone, id);
  process.stdout.write(
    `import ${id} of ${visible(found.file_name)}: ${removed} posts removed, ${kept} stay because something else saw them\n`,
  );
}

/** One file after the other; a file that cannot be imported does not keep the next from being. */
async function importAll(context: Context, files: readonly string[], flags: Flags): Promise<void> {
  const stopping = new AbortController();
  const stop = () => stopping.abort(new Error('stopped'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop); // a second one ends at once
  try {
    for (const file of files) {
      const code = await importOne(context, file, flags, stopping.signal);
      process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
      if (code === STOPPED) return;
    }
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
  }
}

/** Returns the exit code. */
async function importOne(
  context: Context,
  file: string,
  { name, json, ...rest }: Flags,
  signal: AbortSignal,
): Promise<number> {
  const view = showProgress(visible(basename(file)));
  const deps = {
    db: context.db,
    enqueue: (ids: number[]) => context.queues.addChunks(ids.map((id) => ({ from: 'import' as const, id }))),
    work: (id: number) => context.work(id),
  };
  try {
    const options: ImportOptions = {
      ...rest,
      file,
      signal,
      onProgress: view.show,
      ...(name === undefined ? {} : { sourceName: name }),
    };
    const report = await importFile(deps, options);
    view.end();
    process.stdout.write(json ? `${visibleJson({ file, ...report })}\n` : describeReport(file, report));
    return report.valid === 0 ? FAILED : 0;
  } catch (error) {
    view.end();
    if (signal.aborted) {
      process.stderr.write(`Stopped. The same command goes on where it was; nothing is imported twice.\n`);
      return STOPPED;
    }
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`sada: ${visible(error.message)}\n`);
    return error.errors.some(({ pointer }) => /^\/(map|zone)/.test(pointer)) ? USAGE : FAILED;
  }
}

/** The report for people: counts, what was read from where, the first errors. */
function describeReport(file: string, report: ImportReport): string {
  const { importId, rows, invalid, errors, outcomes, mapping, notes } = report;
  const counts = Object.entries(outcomes).map(([outcome, n]) => `${n} ${outcome.replaceAll('_', ' ')}`);
  const lines = [
    `${basename(file)}${importId === undefined ? ' (dry run, nothing written)' : `, import ${importId}`}: ${rows} rows, ${invalid} invalid; ${counts.join(', ') || 'no posts'}`,
    `  columns: ${Object.entries(mapping)
      .map(([field, column]) => `${field} = ${column}`)
      .join(', ')}`,
    ...notes.map((note) => `  ${note}`),
    ...errors.slice(0, SHOWN_ERRORS).map(({ detail }) => `  ${detail}`),
    ...(invalid > SHOWN_ERRORS ? [`  … ${invalid - SHOWN_ERRORS} more invalid; --json lists the first 1,000`] : []),
  ];
  return lines.map((line) => `${visible(line)}\n`).join('');
}

const STEPS = { checking: 'checking ', reading: 'reading  ', ingesting: 'ingesting' } as const;

/** A bar on a terminal, else a line now and then; both on standard error, so that the report can be piped. */
function showProgress(name: string): { show(progress: ImportProgress): void; end(): void } {
  if (!process.stderr.isTTY) return showLines(name);
  const format = `${name} {step} [{bar}] {percentage}% | {rows} rows, {rate}/s | {waiting} chunks wait | {eta_formatted} left`;
  let bar: cliProgress.SingleBar | undefined;
  let step = '';
  let mostWaiting = 1;
  const began = Date.now();
  return {
    show(progress) {
      const ingesting = progress.step === 'ingesting';
      mostWaiting = Math.max(mostWaiting, progress.chunksWaiting);
      const total = ingesting ? mostWaiting : progress.bytes;
      const payload = {
        step: STEPS[progress.step],
        rows: progress.rowsRead,
        rate: Math.round((progress.rowsRead * 1000) / Math.max(1, Date.now() - began)),
        waiting: progress.chunksWaiting,
      };
      if (progress.step !== step) {
        bar?.stop();
        bar = new cliProgress.SingleBar(
          { format, etaBuffer: 50, clearOnComplete: true, hideCursor: true },
          cliProgress.Presets.shades_classic,
        );
        bar.start(total, 0, payload);
        step = progress.step;
      }
      bar?.update(ingesting ? total - progress.chunksWaiting : progress.bytesRead, payload);
    },
    end: () => bar?.stop(),
  };
}

function showLines(name: string): { show(progress: ImportProgress): void; end(): void } {
  let last = Date.now();
  return {
    show({ step, bytesRead, bytes, rowsRead, invalid, chunksWaiting }) {
      if (Date.now() - last < LINE_EVERY_MS) return;
      last = Date.now();
      const percent = Math.floor((bytesRead / bytes) * 100);
      process.stderr.write(
        `${name}: ${step}, ${percent} % of the file, ${rowsRead} rows, ${invalid} invalid, ${chunksWaiting} chunks wait\n`,
      );
    },
    end: () => undefined,
  };
}
