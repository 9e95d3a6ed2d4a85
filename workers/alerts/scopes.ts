/**
 * Keeps the hours of scopes: counts those that closed, again those that changed, and the history of a new scope.
 * workers/alerts/watch.ts calls `updateScopes` every minute; the job fill_scope is `fillScope`. Both may run anywhere, at
 * once and again: each step is one transaction that holds the scope. Try it: tests/integration/alerts-scopes.test.ts.
 */
import { isDatabaseOutage } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { HOUR_MS, type TimeRange } from '../../shared/store/buckets.ts';
import { type Db, inTransaction, type Tx } from '../../shared/store/db.ts';
import { checkCompleteness, countScopeHours, type Written } from '../../shared/store/scopeHours.ts';
import {
  type ChangedHours,
  firstHour,
  lockScope,
  noteFilled,
  noteSeen,
  readChangedHours,
  type StoredScope,
  scopesInUse,
} from '../../shared/store/scopes.ts';
import { readVersion } from '../../shared/store/version.ts';
import { clip, hourAt, merge, span, take } from './ranges.ts';

/**
 * An hour closes this long after its end, in ms: pushes and streams bring its last posts within minutes. Sources that are
 * asked rarely come later; their hour is not complete until then, or changes and is evaluated again.
 */
export const CLOSE_AFTER_MS = 5 * 60_000;
/** Newest hours whose completeness is looked at every time: what a source tells late, or should have told, shows there. */
const WATCHED_HOURS = 72;

/** Hours of one transaction, and how many posts make it too long or too short. */
const STEP_HOURS = { first: 24, least: 6, most: 720 };
const STEP_POSTS = { few: 10_000, many: 50_000 };

export interface ScopeDeps {
  db: Db;
  log: Log;
}

/** The end of the newest closed hour. */
export function closedUntil(now: Date): Date {
  return new Date(Math.floor((now.getTime() - CLOSE_AFTER_MS) / HOUR_MS) * HOUR_MS);
}

/** The next step, twice or half as long when the last one met few or many posts. */
function pace(hours: number, posts: number): number {
  if (posts > STEP_POSTS.many) return Math.max(STEP_HOURS.least, Math.floor(hours / 2));
  return posts < STEP_POSTS.few ? Math.min(STEP_HOURS.most, hours * 2) : hours;
}

/**
 * Brings every scope in use up to date: hours that closed, closed hours that changed. Returns where hours were written.
 * A scope that fails is logged and left for the next time; the others go on.
 */
export async function updateScopes({
  db,
  log,
  now,
}: ScopeDeps & { now: Date }): Promise<({ scopeId: number } & TimeRange)[]> {
  const closed = closedUntil(now);
  const upTo = await readVersion(db); // before the counts: what comes meanwhile is looked at again
  const news = new Map<number, Promise<ChangedHours>>();
  const newsAfter = (version: number) => {
    const known = news.get(version) ?? readChangedHours(db, version, upTo);
    news.set(version, known);
    return known;
  };
  const changed: ({ scopeId: number } & TimeRange)[] = [];
  for (const scopeId of await scopesInUse(db)) {
    try {
      const written = await updateScope(db, scopeId, { closed, upTo, newsAfter });
      if (written) changed.push({ scopeId, ...written });
    } catch (err) {
      if (isDatabaseOutage(err)) throw err;
      log.error({ err, scope: scopeId }, 'hours of a scope could not be counted');
    }
  }
  return changed;
}

interface Moment {
  closed: Date;
  upTo: number;
  newsAfter: (version: number) => Promise<ChangedHours>;
}

async function updateScope(db: Db, id: number, { closed, upTo, newsAfter }: Moment): Promise<Written> {
  const scope = await inTransaction(db, (tx) => begin(tx, id, closed, upTo));
  if (!scope) return undefined;
  const news = await newsAfter(scope.seenVersion);
  const { filledFrom: from, filledTo: to } = scope;
  const posts = news.all ? [{ from, to }] : [...news.hours.map(hourAt), ...news.spans];
  const earliest = posts[0] && new Date(Math.min(...posts.map((range) => range.from.getTime())));
  const written = [
    ...(scope.filledTo < closed ? await closeHours(db, id, closed) : []),
    ...(await recount(db, id, clip(merge(posts), { from, to }))),
    await inTransaction(db, (tx) => checkLedger(tx, id, news.ledger)),
  ];
  if (news.all || (earliest && earliest < from)) await inTransaction(db, (tx) => reopen(tx, id));
  if (scope.seenVersion < upTo) await noteSeen(db, id, upTo); // last: whoever is killed before works the same changes again
  return span(written);
}

type Begun = StoredScope & { filledFrom: Date; filledTo: Date };

/** The scope, locked. A new one begins at the newest closed hour, and grows from there both ways. */
async function begin(tx: Tx, id: number, closed: Date, version: number): Promise<Begun | undefined> {
  const scope = await lockScope(tx, id);
  if (!scope) return undefined;
  const { filledFrom, filledTo } = scope;
  if (filledFrom && filledTo) return { ...scope, filledFrom, filledTo };
  await noteFilled(tx, id, { from: closed, to: closed });
  await noteSeen(tx, id, version);
  return { ...scope, filledFrom: closed, filledTo: closed, seenVersion: Math.max(scope.seenVersion, version) };
}

async function closeHours(db: Db, id: number, closed: Date): Promise<Written[]> {
  const written: Written[] = [];
  for (let hours = STEP_HOURS.first; ; ) {
    const step = await inTransaction(db, async (tx) => {
      const scope = await lockScope(tx, id);
      if (!scope?.filledTo || scope.filledTo >= closed) return undefined;
      const from = scope.filledTo;
      const to = new Date(Math.min(closed.getTime(), from.getTime() + hours * HOUR_MS));
      const counted = await countScopeHours(tx, scope, { from, to });
      await noteFilled(tx, id, { to });
      return counted;
    });
    if (!step) return written;
    written.push(step.written);
    hours = pace(hours, step.posts);
  }
}

async function recount(db: Db, id: number, ranges: readonly TimeRange[]): Promise<Written[]> {
  const written: Written[] = [];
  let hours = STEP_HOURS.first;
  for (let rest = ranges; rest.length > 0; ) {
    const [batch, later] = take(rest, hours);
    const posts = await inTransaction(db, async (tx) => {
      const scope = await lockScope(tx, id);
      if (!scope) return 0;
      let met = 0;
      for (const range of batch) {
        const counted = await countScopeHours(tx, scope, range);
        written.push(counted.written);
        met += counted.posts;
      }
      return met;
    });
    hours = pace(hours, posts);
    rest = later;
  }
  return written;
}

async function checkLedger(tx: Tx, id: number, ledger: readonly TimeRange[]): Promise<Written> {
  const scope = await lockScope(tx, id);
  if (!scope?.filledFrom || !scope.filledTo) return undefined;
  const { filledFrom: from, filledTo: to } = scope;
  const newest = { from: new Date(to.getTime() - WATCHED_HOURS * HOUR_MS), to };
  const written: Written[] = [];
  for (const range of clip(merge([...ledger, newest]), { from, to }))
    written.push(await checkCompleteness(tx, scope, range));
  return span(written);
}

/** Posts came from before what is filled: filling goes on to where they begin. */
async function reopen(tx: Tx, id: number): Promise<void> {
  const scope = await lockScope(tx, id);
  if (scope?.state !== 'ready' || !scope.filledFrom || !scope.filledTo) return;
  const goal = await firstHour(tx, scope.filters, scope.filledTo);
  if (goal < scope.filledFrom) await noteFilled(tx, id, { goal, state: 'filling' });
}

/**
 * Counts the history of a scope backwards from the newest hour, until its first post or FILL_DAYS. Progress is what the
 * scope says: a run that was killed or aborted by `signal` goes on there, and what is counted is of use at once.
 */
export async function fillScope(
  { db, log, now }: ScopeDeps & { now?: () => Date },
  scopeId: number,
  signal: AbortSignal,
): Promise<void> {
  const closed = closedUntil(now?.() ?? new Date());
  const version = await readVersion(db);
  if (!(await inTransaction(db, (tx) => begin(tx, scopeId, closed, version)))) return; // deleted meanwhile
  for (let hours = STEP_HOURS.first; !signal.aborted; ) {
    const posts = await inTransaction(db, (tx) => fillStep(tx, scopeId, hours));
    if (posts === undefined) return log.info({ scope: scopeId }, 'scope filled');
    hours = pace(hours, posts);
  }
}

/** Counts `hours` before what is filled. How many posts it met; undefined when there is nothing left to fill. */
async function fillStep(tx: Tx, id: number, hours: number): Promise<number | undefined> {
  const scope = await lockScope(tx, id);
  if (scope?.state !== 'filling' || !scope.filledFrom || !scope.filledTo) return undefined;
  const to = scope.filledFrom;
  // Asked again at the end: an import may have brought older posts meanwhile.
  const known = scope.fillGoal && scope.fillGoal < to ? scope.fillGoal : undefined;
  const goal = known ?? (await firstHour(tx, scope.filters, scope.filledTo));
  if (goal >= to) {
    await noteFilled(tx, id, { goal: to, state: 'ready' });
    return undefined;
  }
  const from = new Date(Math.max(goal.getTime(), to.getTime() - hours * HOUR_MS));
  const { posts } = await countScopeHours(tx, scope, { from, to });
  await noteFilled(tx, id, { from, goal });
  return posts;
}
