/**
 * The evidence of an alarm, and its severity. An alert matters more than its explanation: when evidence cannot be gathered,
 * the alert goes out with its bare figures. workers/alerts/act.ts asks.
 */
import type { HourOutcome, WatchEvent } from '../../shared/alerts/watch.ts';
import type { AlertMetric, Evidence, Excerpt, Severity } from '../../shared/contracts/alerts.ts';
import { isDatabaseOutage } from '../../shared/errors.ts';
import { inSavepoint, type Tx } from '../../shared/store/db.ts';
import type { EngineDeps, Replayed } from './engine.ts';
import { gatherEvidence } from './evidence.ts';
import { type Happening, HOUR_MS } from './incidents.ts';

const CHART_HOURS = 72;

export interface Explained {
  evidence: Evidence;
  excerpts: Excerpt[];
  severity: Severity;
}

/** Why it went off. One thread or author behind it: one step less severe. */
export async function explain(
  tx: Tx,
  deps: EngineDeps,
  { rule, scope, outcomes, earlier }: Replayed,
  { at, event }: Happening,
): Promise<Explained> {
  const recent = [...earlier, ...outcomes].filter((hour) => hour.at <= at).slice(-CHART_HOURS);
  const input = { scope, parameters: rule.parameters, event, at, recent, model: deps.model };
  try {
    const { evidence, excerpts } = await inSavepoint(tx, () => gatherEvidence({ db: tx, zone: deps.zone }, input));
    const severity = evidence.driven_by_one ? lowered(evidence.severity) : evidence.severity;
    return { evidence: { ...evidence, severity }, excerpts, severity };
  } catch (err) {
    if (isDatabaseOutage(err)) throw err;
    deps.log.error({ err, rule: rule.id, hour: new Date(at).toISOString() }, 'evidence could not be gathered');
    const evidence = bareEvidence(rule.metric, event, at, recent, deps.model);
    return { evidence, excerpts: [], severity: evidence.severity };
  }
}

function lowered(severity: Severity): Severity {
  return severity === 'critical' ? 'warning' : 'info';
}

/** What the detectors know by themselves. */
function bareEvidence(
  metric: AlertMetric,
  { signal, figures }: WatchEvent,
  at: number,
  recent: readonly HourOutcome[],
  model: string,
): Evidence {
  if (!signal || !figures) throw new Error('an alarm without figures');
  return {
    signal,
    metric,
    fired_at: new Date(at + HOUR_MS).toISOString(),
    started_at: new Date(figures.startedAt).toISOString(),
    hours: figures.hours,
    before: figures.before,
    now: figures.now,
    low: figures.low,
    high: figures.high,
    posts: figures.distinctPosts,
    distinct_posts: figures.distinctPosts,
    authors: 0,
    threads: 0,
    statistic: figures.statistic,
    chance: figures.chance,
    severity: figures.severity,
    segments: [],
    drivers: [],
    driven_by_one: null,
    terms: [],
    examples: { negative: [], positive: [] },
    unsure: null,
    chart: recent.map((hour) => ({
      hour: new Date(hour.at).toISOString(),
      value: hour.value,
      baseline: hour.baseline,
      band: hour.band,
      n: hour.n,
    })),
    view: '',
    model,
  };
}
