/**
 * `sada rescore`: brings stored posts to this program's model, or shows how a run that goes on elsewhere gets on.
 * Registered by infra/cli.ts. Try it: npx sada rescore --dry-run
 */
import { setTimeout as sleep } from 'node:timers/promises';
import cliProgress from 'cli-progress';
import type { Command } from 'commander';
import { AppError } from '../../shared/errors.ts';
import { withAdvisoryLock } from '../../shared/store/db.ts';
import {
  anyStale,
  beginRescore,
  countStale,
  findRescore,
  RESCORE_LOCK,
  type Tally,
} from '../../shared/store/rescores.ts';
import {
  countRescore,
  type RescoreDeps,
  runRescore,
  Superseded,
  TermsChanged,
  versionsOf,
} from '../../workers/rescore.ts';
import { NOTHING } from '../../workers/rescored.ts';
import type { OpenContext } from '../context.ts';

const STOPPED = 130;
/** How often the progress of another process is looked at, in milliseconds. */
const WATCH_MS = 1_000;
/** Least time between two lines of progress where there is no terminal, in milliseconds. */
const LINE_EVERY_MS = 5_000;

/** Adds `sada rescore`. */
export function registerRescore(program: Command, open: OpenContext): void {
  program
    .command('rescore')
    .description('analyse anew the posts that an older model has scored; a run that was cut goes on where it was')
    .option('--dry-run', 'count what would change, write nothing')
    .action(async ({ dryRun }: { dryRun?: boolean }) => {
      const context = await open();
      const stopping = new AbortController();
      const stop = () => stopping.abort(new Error('stopped'));
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop); // a second one ends at once
      try {
        const deps = { ...context.ingestDeps };
        if (dryRun) await countOnly(deps, stopping.signal);
        else await rescore(deps, stopping.signal);
      } finally {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
        await context.close();
      }
    });
}

async function countOnly(deps: RescoreDeps, signal: AbortSignal): Promise<void> {
  const view = showProgress(await countStale(deps.db, versionsOf(deps.analyser)));
  const tally = await countRescore(deps, { signal, onProgress: view.show }).finally(view.end);
  if (tally) process.stdout.write(`dry run, nothing written: ${describeTally(tally)}`);
  else sayStopped('Stopped.');
}

async function rescore(deps: RescoreDeps, signal: AbortSignal): Promise<void> {
  const run = await beginRescore(deps.db, versionsOf(deps.analyser), { asked: true });
  if (!run) {
    process.stdout.write(`every post is scored by ${deps.analyser.model} already: nothing to do\n`);
    return;
  }
  const view = showProgress(run.seen + (await countStale(deps.db, versionsOf(deps.analyser))));
  const isDone = await runOrWatch(deps, run.id, signal, view.show).finally(view.end);
  if (isDone) process.stdout.write(describeTally((await findRescore(deps.db, run.id)) ?? NOTHING));
  else sayStopped('Stopped. The same command goes on where it was; nothing is counted twice.');
}

/** Works the run off here, or shows how the process that holds the lock does; takes over when that one ends early. */
async function runOrWatch(
  deps: RescoreDeps,
  id: number,
  signal: AbortSignal,
  show: (tally: Tally) => void,
): Promise<boolean> {
  let isToldOfOther = false;
  while (!signal.aborted) {
    const ended = await withAdvisoryLock(deps.db, RESCORE_LOCK, (lost) => {
      const options = { signal: AbortSignal.any([signal, lost]), onProgress: show };
      return runRescore(deps, id, options).catch(explainSuperseded);
    });
    if (ended !== undefined && (ended || signal.aborted)) return ended;
    const row = await findRescore(deps.db, id);
    if (!row || row.finished_at) {
      if (await anyStale(deps.db, versionsOf(deps.analyser))) {
        throw new AppError('conflict', 'That run has ended early, for another version or for edited terms; try again');
      }
      return true;
    }
    if (!isToldOfOther) process.stderr.write('another process rescores already; this is its progress\n');
    isToldOfOther = true;
    show(row);
    await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

function explainSuperseded(error: unknown): never {
  if (!(error instanceof Superseded)) throw error;
  if (error instanceof TermsChanged) {
    throw new AppError('conflict', 'Terms of topics were edited meanwhile; the same command goes on with the new ones');
  }
  throw new AppError('conflict', 'A rescore of another version of Sada has taken over; this one ends');
}

function sayStopped(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = STOPPED;
}

/** The summary for people: how many posts, which labels became which. */
export function describeTally({ seen, changed, topics_changed, labels }: Tally): string {
  const rows = Object.entries(labels).toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const lines = [
    `${plural(seen, 'post')} seen, ${plural(changed, 'label')} changed, ${plural(topics_changed, 'post')} with other topics`,
    ...rows.map(([change, n]) => `  ${change.replace('>', ' -> ')}: ${n}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;

/** A bar on a terminal, else a line now and then; both on standard error, so that the summary can be piped. */
function showProgress(total: number): { show(tally: Tally): void; end(): void } {
  if (!process.stderr.isTTY) return showLines(total);
  const bar = new cliProgress.SingleBar(
    {
      format:
        'rescoring [{bar}] {percentage}% | {value} of {total} posts, {changed} labels changed | {eta_formatted} left',
      etaBuffer: 50,
      clearOnComplete: true,
      hideCursor: true,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { changed: 0 });
  return { show: ({ seen, changed }) => bar.update(Math.min(seen, total), { changed }), end: () => bar.stop() };
}

function showLines(total: number): { show(tally: Tally): void; end(): void } {
  let last = 0;
  return {
    show({ seen, changed }) {
      if (Date.now() - last < LINE_EVERY_MS) return;
      last = Date.now();
      process.stderr.write(`rescoring: ${seen} of ${total} posts, ${plural(changed, 'label')} changed\n`);
    },
    end: () => undefined,
  };
}
