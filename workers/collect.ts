/**
 * Runs a source once: a poll to its end, a stream for a slice of at most 60 s. Everything that is the same for all
 * sources is here: one owner at a time, cursor with the posts, counts, ledger, health, and when to come back.
 * workers/main.ts calls it for each collect job.
 */
import type { SourceNote } from '../shared/contracts/collected.ts';
import type { HourState } from '../shared/contracts/words.ts';
import { SourceError } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { collectRuns, ingestEvents } from '../shared/metrics.ts';
import { type Tx, withAdvisoryLock } from '../shared/store/db.ts';
import {
  addCounts,
  findSource,
  markHours,
  markRunFailed,
  markRunOk,
  readCursor,
  type SourceRow,
  saveCursor,
} from '../shared/store/sources.ts';
import { noteEvent } from '../shared/store/version.ts';
import { batches } from './batches.ts';
import type { Fetcher } from './fetch/fetcher.ts';
import { type IngestDeps, ingest, type Outcomes } from './ingest.ts';
import type { Connector, Page } from './sources/source.ts';

const HOUR_MS = 3_600_000;
/** A stream's slice: then the job ends at a commit and the next one goes on from the cursor. */
const SLICE_MS = 60_000;
/** The ledger is not written further back than this after a long outage, in hours. */
const LEDGER_HOURS = 24 * 14;

export interface CollectDeps extends IngestDeps {
  log: Log;
  fetch: Fetcher;
  connectors: ReadonlyMap<string, Connector>;
  now?: () => Date;
}

/** A run whose cursor another run has moved meanwhile: its page was rolled back, nothing is lost or doubled. */
class Overtaken extends Error {}

/** Runs a source if it is due and nobody else runs it. Trouble of the source ends in its health, not in an exception. */
export async function collect(deps: CollectDeps, sourceId: number, signal: AbortSignal): Promise<Outcomes> {
  const source = await findSource(deps.db, sourceId);
  if (!source || source.state === 'paused') return {};
  const connector = deps.connectors.get(source.kind);
  if (!connector) return {};
  const outcomes = await withAdvisoryLock(deps.db, `sada.collect.${sourceId}`, async (lost) => {
    const slice = connector.mode === 'stream' ? [AbortSignal.timeout(SLICE_MS)] : [];
    return runSource(deps, source, connector, AbortSignal.any([signal, lost, ...slice]));
  });
  return outcomes ?? {};
}

async function runSource(
  deps: CollectDeps,
  source: SourceRow,
  connector: Connector,
  signal: AbortSignal,
): Promise<Outcomes> {
  const now = deps.now ?? (() => new Date());
  const state = await readCursor(deps.db, source.id);
  if (!state || (state.notBefore && state.notBefore > now())) return {};
  const total: Outcomes = {};
  const started = now();
  let quietForMs = 0;
  let isWhole = true;
  const notes = new Map<string, SourceNote>();
  try {
    const settings = parseSettings(connector, source);
    const cursor = connector.cursor.safeParse(state.cursor);
    let version = state.version;
    const pages = connector.collect({
      settings,
      cursor: cursor.success ? cursor.data : null,
      site: source.site,
      fetch: deps.fetch,
      signal,
      now,
    });
    for await (const batch of batches(pages)) {
      const outcomes = await ingest(
        deps,
        { sourceId: source.id, importId: null, keep: source.keep },
        batch.events,
        async (tx, done) => {
          await countEmpty(tx, source, batch.pages, done);
          if (batch.cursor === undefined) return;
          const moved = await saveCursor(tx, source.id, batch.cursor, version);
          if (moved === undefined) throw new Overtaken();
          version = moved;
        },
      );
      for (const [outcome, n] of Object.entries(outcomes)) total[outcome] = (total[outcome] ?? 0) + n;
      for (const page of batch.pages) {
        await noteGap(deps, source, page);
        quietForMs = Math.max(quietForMs, page.quietForMs ?? 0);
        if (page.gap && page.gap.to >= started) isWhole = false;
        for (const note of page.notes ?? []) notes.set(note.code, note); // the latest of each code
      }
    }
    await markRunOk(deps.db, source.id, quietForMs, [...notes.values()]);
    if (isWhole) await markCollected(deps, source, started);
    finish(deps, source, total, 'ok');
  } catch (error) {
    if (error instanceof Overtaken || (signal.aborted && !(error instanceof SourceError)))
      finish(deps, source, total, 'cut');
    else if (error instanceof SourceError) await failed(deps, source, error, started);
    else throw error;
  }
  return total;
}

function parseSettings(connector: Connector, source: SourceRow): unknown {
  const settings = connector.settings.safeParse(source.settings);
  if (settings.success) return settings.data;
  const issue = settings.error.issues[0];
  throw new SourceError('bad_settings', `${issue?.path.join('.') ?? 'settings'}: ${issue?.message ?? 'are wrong'}`);
}

/** A good poll covers every hour that has ended since the last good one: feeds hold what was published in between. */
async function markCollected(deps: CollectDeps, source: SourceRow, started: Date): Promise<void> {
  const since = source.last_success_at;
  const lastHour = new Date(Math.floor(started.getTime() / HOUR_MS) * HOUR_MS - HOUR_MS);
  if (!since || since.getTime() >= lastHour.getTime() + HOUR_MS) return;
  const from = new Date(Math.max(since.getTime(), lastHour.getTime() - LEDGER_HOURS * HOUR_MS));
  await tellLedger(deps, source, { from, to: lastHour, state: 'collected', reason: null });
}

/** Items without words are no events, and are counted all the same: in the transaction of the page that had them. */
async function countEmpty(
  tx: Tx,
  source: SourceRow,
  pages: readonly Page<unknown>[],
  outcomes: Outcomes,
): Promise<void> {
  const empty = pages.reduce((sum, page) => sum + (page.empty ?? 0), 0);
  if (empty === 0) return;
  await addCounts(tx, source.id, { empty });
  outcomes.empty = (outcomes.empty ?? 0) + empty;
}

async function noteGap(deps: CollectDeps, source: SourceRow, page: Page<unknown>): Promise<void> {
  if (page.gap) await tellLedger(deps, source, { ...page.gap, state: 'partial' });
}

async function failed(deps: CollectDeps, source: SourceRow, error: SourceError, started: Date): Promise<void> {
  const intervalMs = (source.every_minutes ?? 15) * 60_000;
  const retryInMs = error.retryAfterMs ?? Math.min(6 * HOUR_MS, intervalMs * 2 ** Math.min(source.failures, 8));
  await markRunFailed(deps.db, source.id, { code: error.code, detail: error.message }, retryInMs);
  await tellLedger(deps, source, { from: started, to: started, state: 'missing', reason: error.code });
  collectRuns.inc({ source: source.kind, outcome: error.code });
  deps.log.warn({ source: source.id, kind: source.kind, code: error.code, retryInMs }, 'source failed');
}

interface LedgerNote {
  from: Date;
  to: Date;
  state: HourState;
  reason: string | null;
}

/** The completeness of charts depends on the ledger: whoever caches them must see that it moved. */
async function tellLedger(deps: CollectDeps, source: SourceRow, note: LedgerNote): Promise<void> {
  const moved = await markHours(deps.db, source.id, note.from, note.to, note.state, note.reason);
  if (moved > 0) await noteEvent(deps.db, { event: 'source', payload: { source_id: source.id, ...note } });
}

function finish(deps: CollectDeps, source: SourceRow, outcomes: Outcomes, outcome: 'ok' | 'cut'): void {
  collectRuns.inc({ source: source.kind, outcome });
  for (const [name, n] of Object.entries(outcomes))
    if (n > 0) ingestEvents.inc({ source: source.kind, outcome: name }, n);
  deps.log.info({ source: source.id, kind: source.kind, outcome, ...outcomes }, 'source collected');
}
