/** Rules, previews and hours as the API answers them. Called by api/routes/alertRules.ts. Pure. */
import type { RulePreview } from '../../shared/alertPreview.ts';
import type { BacktestAlert } from '../../shared/alerts/backtest.ts';
import type { HourOutcome } from '../../shared/alerts/watch.ts';
import { RuleBody } from '../../shared/contracts/alerts.ts';
import type {
  AlertRule,
  Backtest,
  PastAlert,
  RulePreview as PreviewAnswer,
  RuleSeries,
  ScopeState,
} from '../../shared/contracts/api/alertRules.ts';
import type { RuleState } from '../../shared/ruleStates.ts';
import type { RuleVersion } from '../../shared/store/alertRules.ts';
import type { StoredScope } from '../../shared/store/scopes.ts';
import { iso, isoOf, isoOrNull } from './alertShapes.ts';

const HOUR_MS = 3_600_000;

export function toRule({ rule, scope, ...state }: RuleState): AlertRule {
  return {
    ...RuleBody.parse(rule.body),
    id: rule.id,
    version: rule.version,
    parameters: rule.parameters,
    sample: rule.sample,
    state: state.state,
    ready_at: isoOrNull(state.ready_at),
    decided_until: isoOrNull(state.decided_until),
    precision: state.precision,
    verdicts: state.verdicts,
    scope_state: scope ? toScope(scope) : null,
    created_at: iso(rule.created_at),
    updated_at: iso(rule.updated_at),
  };
}

export function toScope({ id, state, filledFrom, filledTo, fillGoal }: StoredScope): ScopeState {
  return {
    id,
    state,
    hours_from: isoOrNull(filledFrom),
    hours_to: isoOrNull(filledTo),
    filled: state === 'ready' ? 1 : shareOf(filledFrom, filledTo, fillGoal),
  };
}

function shareOf(from: Date | null, to: Date | null, goal: Date | null): number | null {
  if (!from || !to || !goal || goal >= to) return null;
  return Math.min(1, (to.getTime() - from.getTime()) / (to.getTime() - goal.getTime()));
}

export function toVersion({ version, at, changed_by, mode, body, parameters }: RuleVersion) {
  return { version, at: iso(at), changed_by, mode, body: RuleBody.parse(body), parameters };
}

export function toPreview({
  scope,
  parameters,
  readyAt,
  learning,
  meaning,
  replayed,
  whyNone,
}: RulePreview): PreviewAnswer {
  return {
    scope_state: toScope(scope),
    parameters,
    ready_at: isoOrNull(readyAt),
    learning,
    meaning: {
      posts_an_hour: meaning.postsAnHour,
      false_alarms_a_month: meaning.falseAlarmsAMonth,
      delays: meaning.delays.map(({ fall, medianHours, found }) => ({ fall, median_hours: medianHours, found })),
      basis: meaning.basis,
    },
    backtest: replayed && toBacktest(replayed),
    why_none: whyNone,
  };
}

function toBacktest(replayed: NonNullable<RulePreview['replayed']>): Backtest {
  const { from, to, alerts, perMonth, hoursWatched, hoursFiring, hoursHeld, watchedFrom, variants } = replayed;
  return {
    from: iso(from),
    to: iso(to),
    alerts: alerts.map(toPastAlert),
    per_month: perMonth,
    hours_watched: hoursWatched,
    hours_firing: hoursFiring,
    hours_held: hoursHeld,
    watched_from: watchedFrom === null ? null : isoOf(watchedFrom),
    variants: variants.map((variant) => ({
      sensitivity: variant.sensitivity,
      alerts: variant.alerts,
      per_month: variant.perMonth,
    })),
  };
}

function toPastAlert({ signal, firedAt, endedAt, ending, figures, escalations }: BacktestAlert): PastAlert {
  const { before, now, low, high, hours, statistic, severity, chance } = figures;
  return {
    ...{ signal, severity, before, now, low, high, hours, statistic, chance, ending },
    distinct_posts: figures.distinctPosts,
    fired_at: isoOf(firedAt + HOUR_MS),
    started_at: isoOf(figures.startedAt),
    ended_at: endedAt === null ? null : isoOf(endedAt + HOUR_MS),
    escalated_at: escalations.map(({ at }) => isoOf(at + HOUR_MS)),
  };
}

export const SERIES_COLUMNS = [
  'hour',
  'n',
  'value',
  'baseline',
  'band',
  'statistic',
  'learning',
  'held',
  'open',
  'events',
];

export function toHour({
  at,
  n,
  value,
  baseline,
  band,
  statistics,
  learning,
  held,
  open,
  events,
}: HourOutcome): RuleSeries['hours'][number] {
  const found = Object.values(statistics).filter((one) => Number.isFinite(one));
  return {
    ...{ n, value, baseline, band, learning, held, open },
    hour: isoOf(at),
    statistic: found.length > 0 ? Math.max(...found) : null,
    events: events.map(({ type }) => type),
  };
}
