/**
 * Gathers why an alert was raised: figures, what they are made of, who drives them, terms, telling posts, the view to open.
 * Called by workers/alerts/act.ts in the transaction that writes the alert. Reads only; what it keeps are figures and ids.
 * Try it: npx vitest run --project integration tests/integration/alerts-evidence.test.ts
 */
import { drivenByOne, driversOf } from '../../shared/alerts/drivers.ts';
import { toExcerpt } from '../../shared/alerts/message.ts';
import type { Figures, HourOutcome, WatchEvent } from '../../shared/alerts/watch.ts';
import type { AlertMetric, Evidence, Excerpt, RuleParameters, Signal } from '../../shared/contracts/alerts.ts';
import type { Label } from '../../shared/contracts/words.ts';
import { HOUR_MS } from '../../shared/store/buckets.ts';
import type { Queryable } from '../../shared/store/db.ts';
import { readBefore, readExcerpts, readWindow, type ValueCell } from '../../shared/store/evidence.ts';
import type { StoredScope } from '../../shared/store/scopes.ts';
import { hoursOf, segmentsOf } from './evidenceSegments.ts';
import { findPosts, termsOfAlert, termsOfSignal } from './evidenceTerms.ts';
import { pickExamples } from './examples.ts';

/** Texts whose terms are counted, now and before; of more, as many at random. */
const TEXTS_NOW = 400;
const TEXTS_BEFORE = 800;

export interface EvidenceInput {
  scope: StoredScope;
  parameters: RuleParameters;
  event: WatchEvent;
  /** Start of the alarming hour, ms. */
  at: number;
  /** The last outcomes, up to 72, the alarming hour last. */
  recent: HourOutcome[];
  model: string;
}

/** The evidence of an event that has figures, and excerpts for its message. Throws TypeError for one without. */
export async function gatherEvidence(
  deps: { db: Queryable; zone: string },
  input: EvidenceInput,
): Promise<{ evidence: Evidence; excerpts: Excerpt[] }> {
  const { scope, parameters, event, at } = input;
  const { figures, signal } = event;
  if (!figures || !signal) throw new TypeError(`an event ${event.type} without figures has no evidence`);
  const { db } = deps;
  const stretch = { filters: scope.filters, from: new Date(figures.startedAt), to: new Date(at + HOUR_MS) };
  const found = event.term ? await findPosts(db, stretch, event.term) : undefined;
  const window = await readWindow(db, {
    ...stretch,
    metric: parameters.metric,
    signal,
    ...(found ? { ids: found.ids } : {}),
    termLabels: found ? [] : labelsOf(signal),
    texts: TEXTS_NOW,
  });
  const hours = await hoursOf(deps, scope.id, stretch, window.cells);
  const before = found
    ? { cells: [], texts: [] }
    : await readBefore(db, { ...stretch, hours: hours.before, termLabels: labelsOf(signal), texts: TEXTS_BEFORE });
  const drivers = driversOf(
    window.groups.map((group) => ({ ...group, post_id: String(group.post_id) })),
    { ...sumsOf(window.cells), metric: parameters.metric, signal, now: figures.now },
  );
  const examples = pickExamples(window.candidates, signal);
  const evidence: Evidence = {
    ...figuresOf(figures, parameters.metric, signal, at),
    posts: window.posts,
    authors: window.authors,
    threads: window.threads,
    segments: found ? [] : await segmentsOf(db, window.cells, before.cells, hours, parameters.metric, figures),
    drivers,
    driven_by_one: found ? null : drivenByOne(drivers, { ...figures, signal, band: bandOf(input) }),
    terms: event.term && found ? termsOfSignal(event.term, found) : termsOfAlert(window.texts, before.texts),
    examples,
    unsure: window.unsure,
    chart: chartOf(input.recent),
    view: viewOf(scope, stretch),
    model: input.model,
  };
  return { evidence, excerpts: await excerptsOf(db, signal, examples) };
}

/** Whose words tell why: bad posts of what is bad, good ones of a rise, all of a wave. */
function labelsOf(signal: Signal): Label[] {
  if (signal === 'net_up') return ['positive'];
  return signal === 'posts' ? ['negative', 'neutral', 'positive'] : ['negative'];
}

function figuresOf(figures: Figures, metric: AlertMetric, signal: Signal, at: number) {
  const { startedAt, hours, before, now, low, high, distinctPosts, statistic, severity, chance } = figures;
  return {
    signal,
    metric,
    fired_at: new Date(at + HOUR_MS).toISOString(),
    started_at: new Date(startedAt).toISOString(),
    hours,
    before,
    now,
    low,
    high,
    distinct_posts: distinctPosts,
    statistic,
    chance,
    severity,
  };
}

function sumsOf(cells: readonly ValueCell[]) {
  const sums = { posts: 0, negative: 0, positive: 0 };
  for (const { dimension, posts, negative, positive } of cells) {
    if (dimension !== 'source') continue;
    sums.posts += posts;
    sums.negative += negative;
    sums.positive += positive;
  }
  return sums;
}

/** Half width of the usual range over the alert's hours, each with the weight of its posts. */
function bandOf({ recent, event, at }: EvidenceInput): number {
  const start = event.figures?.startedAt ?? at;
  const hours = recent.filter((hour) => hour.at >= start && hour.at <= at && hour.held === null);
  const posts = hours.reduce((sum, hour) => sum + hour.n, 0);
  if (posts === 0) return hours.at(-1)?.band ?? 0;
  return hours.reduce((sum, hour) => sum + hour.n * hour.band, 0) / posts;
}

/** Four decimals: a chart is drawn a few hundred pixels high. */
const drawn = (value: number) => Math.round(value * 1e4) / 1e4 + 0;

function chartOf(recent: readonly HourOutcome[]): Evidence['chart'] {
  return recent.slice(-72).map(({ at, value, baseline, band, n, held }) => ({
    hour: new Date(at).toISOString(),
    value: value === null || held !== null ? null : drawn(value),
    baseline: drawn(baseline),
    band: drawn(band),
    n,
  }));
}

/** The frozen view: the hours of the alert and the filter of its scope, under the names that the API has for them. */
function viewOf({ filter }: StoredScope, { from, to }: { from: Date; to: Date }): string {
  const query = new URLSearchParams({ from: from.toISOString(), to: to.toISOString() });
  for (const [name, values] of Object.entries(filter)) if (values) query.set(name, values.join(','));
  return query.toString();
}

/** Names are cut: people choose them, and a message has its limit. */
const NAME_LENGTH = 80;

/** What is bad comes first in a message about what is bad. */
async function excerptsOf(db: Queryable, signal: Signal, examples: Evidence['examples']): Promise<Excerpt[]> {
  const labels = signal === 'net_up' ? (['positive', 'negative'] as const) : (['negative', 'positive'] as const);
  const wanted = labels.flatMap((label) => examples[label].map((id) => ({ id, label })));
  const stored = new Map(
    (
      await readExcerpts(
        db,
        wanted.map(({ id }) => Number(id)),
      )
    ).map((row) => [row.post_id, row]),
  );
  return wanted.flatMap(({ id, label }) => {
    const row = stored.get(Number(id));
    if (!row) return [];
    const text = toExcerpt(row.text);
    return [{ post_id: id, label, text, url: row.url, source: row.source.slice(0, NAME_LENGTH) }];
  });
}
