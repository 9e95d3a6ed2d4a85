/**
 * Watches a count of posts an hour, all or negative ones: how unlikely it is, and the life of what that raises. Pure;
 * shared/alerts/watch.ts calls it for hours that may decide something.
 */
import type { Evidence, RuleParameters, Signal } from '../contracts/alerts.ts';
import {
  type CountReading,
  type CountState,
  learnCount,
  readCount,
  rebaseCounts,
  scoreCount,
  startCounts,
} from './counts.ts';
import { distinctPosts, HOUR_MS, type ScopeHour } from './hours.ts';
import {
  alarm,
  check,
  type Figures,
  type Finding,
  FOLLOW_UP_HOURS,
  INTERVAL_ERRORS,
  notePeak,
  ownHistory,
  type Peaks,
  REBASE_AFTER_HOURS,
  REBASE_FROM_HOURS,
  type SignalState,
  severityOf,
  startSignal,
  type WatchEvent,
  worse,
} from './life.ts';

/** Above this score an hour is above the 90 % quantile of what is expected. */
const HIGH = 1;
/**
 * An alarm must also stand out beside this share of yesterday's count at the same hour: where the rhythm of the day changed
 * (holidays, a tournament), what came back is no news. Measured on months with such a change: half of the false alarms, and
 * a crisis is found as soon as before.
 */
const REPEATED = 0.7;
/** Standard deviations of the usual range that is drawn: nine hours of ten lie below it. */
const DRAWN = 1.2816;
/** During the cool-down a score must be this much higher, and the size of the next severity. */
const BYPASS = 1;

/** Hour: start, count, expected count, factor of the hour, all its posts. */
type Recent = [at: number, x: number, mean: number, factor: number, n: number];

export interface CountWatch extends SignalState {
  model: CountState;
  recent: Recent[];
  /** Start of the unbroken run of high hours that goes on, or null. ms. */
  highSince: number | null;
  peaks: Peaks;
  /** Severity of the last alarm, for the cool-down. */
  told: Figures['severity'];
  /** Level and spread when the open incident was raised: it is over when counts are as before it. */
  before: { level: number; dispersion: number } | null;
}

export function startCountWatch(parameters: RuleParameters): CountWatch {
  const model = startCounts(parameters.metric === 'posts');
  return { ...startSignal(), model, recent: [], highSince: null, peaks: [], told: 'info', before: null };
}

/** An hour that decides nothing. */
export function passCounts(watch: CountWatch, hour: ScopeHour): Finding {
  const { mean, variance } = readCount(watch.model, hour, 0);
  return { value: null, baseline: mean, band: DRAWN * Math.sqrt(variance), statistics: {}, outside: false, events: [] };
}

export function stepCounts(parameters: RuleParameters, watch: CountWatch, hour: ScopeHour, learning: boolean): Finding {
  const signal: Signal = parameters.metric === 'posts' ? 'posts' : 'negative_posts';
  const x = signal === 'posts' ? distinctPosts(hour) : hour.dneg;
  const reading = readCount(watch.model, hour, x);
  const expected = asBefore(watch, reading);
  const usual = scoreCount(watch.model, expected, x);
  const score = usual < HIGH ? usual : besideYesterday(watch, reading, hour.at, x);
  while (watch.recent[0] && watch.recent[0][0] <= hour.at - REBASE_AFTER_HOURS * HOUR_MS) watch.recent.shift();
  watch.recent.push([hour.at, x, expected.mean, reading.factor, distinctPosts(hour)]);
  if (usual < HIGH) watch.highSince = null;
  else watch.highSince ??= hour.at;
  const events: WatchEvent[] = [];
  if (!learning) {
    events.push(...live(parameters, watch, signal, hour.at, usual));
    events.push(...raise(parameters, watch, signal, hour.at, score));
  }
  notePeak(watch.peaks, hour.at, score);
  learnCount(watch.model, hour, x, reading);
  return {
    value: x,
    baseline: expected.mean,
    band: DRAWN * Math.sqrt(expected.variance),
    statistics: { [signal]: score },
    outside: watch.incident !== null && watch.incident.calm === 0,
    events,
  };
}

/** The score of a high hour, were so much to be expected after yesterday. */
function besideYesterday(watch: CountWatch, reading: CountReading, at: number, x: number): number {
  const yesterday = watch.recent.findLast(([hour]) => hour === at - 24 * HOUR_MS)?.[1] ?? 0;
  return scoreCount(watch.model, { ...reading, mean: Math.max(reading.mean, REPEATED * yesterday) }, x);
}

/** What would be expected had the open incident not been: the level goes on learning meanwhile. */
function asBefore(watch: CountWatch, reading: CountReading): CountReading {
  if (!watch.incident || !watch.before) return reading;
  const mean = Math.min(reading.mean, Math.max(watch.before.level * reading.factor, 0.001));
  const dispersion = Math.min(reading.dispersion, watch.before.dispersion);
  return { ...reading, mean, dispersion, variance: mean + dispersion * mean * mean };
}

function raise(parameters: RuleParameters, watch: CountWatch, signal: Signal, at: number, score: number): WatchEvent[] {
  if (score < parameters.alert_at) return [];
  const from = watch.highSince ?? at;
  const chance = ownHistory(watch.peaks, at, score, watch.model.hours);
  const hours = watch.recent.filter(([hour]) => hour >= from);
  const figures = figuresOf(parameters, hours, at, score, chance);
  if (figures.distinctPosts < parameters.minimum_posts) return [];
  if (watch.incident || at < watch.quietUntil) {
    if (score < parameters.alert_at + BYPASS || !worse(figures.severity, watch.told)) return [];
  }
  if (!watch.incident) watch.before = { level: watch.model.level, dispersion: watch.model.dispersion };
  const type = alarm(parameters, watch, at, figures.severity);
  watch.told = figures.severity;
  return [{ type, signal, figures }];
}

function live(parameters: RuleParameters, watch: CountWatch, signal: Signal, at: number, score: number): WatchEvent[] {
  const { incident } = watch;
  if (!incident) return [];
  incident.hours += 1;
  const events: WatchEvent[] = [];
  const tell = (type: WatchEvent['type'], hours: Recent[]): void => {
    const figures = figuresOf(parameters, hours, at, score, { kind: 'unknown' });
    events.push({ type, signal, figures: { ...figures, severity: incident.severity } });
  };
  const after = watch.recent.filter(([hour]) => hour > incident.alarmAt);
  if (!incident.followedUp && at - incident.alarmAt >= FOLLOW_UP_HOURS * HOUR_MS) {
    incident.followedUp = true;
    tell('follow_up', after);
  }
  const type = check(watch, score < HIGH);
  if (type) tell(type, after.slice(-(incident.calm || 1)));
  else if (incident.hours >= REBASE_AFTER_HOURS && incident.calm === 0) {
    const last = watch.recent.filter(([hour]) => hour > at - REBASE_FROM_HOURS * HOUR_MS);
    tell('rebased', last);
    watch.incident = null;
    rebaseCounts(watch.model, sumOf(last, 1), sumOf(last, 3));
  }
  return events;
}

function sumOf(hours: Recent[], field: 1 | 2 | 3 | 4): number {
  return hours.reduce((sum, hour) => sum + hour[field], 0);
}

function figuresOf(
  parameters: RuleParameters,
  hours: Recent[],
  at: number,
  statistic: number,
  chance: Evidence['chance'],
): Figures {
  const startedAt = hours[0]?.[0] ?? at;
  const count = Math.max(1, hours.length);
  const x = sumOf(hours, 1);
  const before = sumOf(hours, 2) / count;
  const now = x / count;
  const error = Math.sqrt(Math.max(1, x)) / count;
  return {
    startedAt,
    hours: Math.round((at - startedAt) / HOUR_MS) + 1,
    before,
    now,
    low: Math.max(0, now - INTERVAL_ERRORS * error),
    high: now + INTERVAL_ERRORS * error,
    distinctPosts: sumOf(hours, 4),
    statistic,
    severity: severityOf(parameters, now / Math.max(before, 0.001)),
    chance,
  };
}
