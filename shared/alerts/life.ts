/**
 * The life of a signal: alarm, follow-up, recovery, rebase. What the three watches (watchNet, watchCounts, watchTerms) have
 * in common, and the words in which shared/alerts/watch.ts answers.
 */
import type { Evidence, RuleParameters, Severity, Signal } from '../contracts/alerts.ts';
import { HOUR_MS, type TermSignal } from './hours.ts';

/**
 * Standard errors on each side of an interval: it is looked at because of what it shows, so 1.96 would hold the truth in two
 * cases of three only. A follow-up has the same: threads that live for hours make 1.96 too narrow there as well.
 */
export const INTERVAL_ERRORS = 3.04;
/** Hours after the alarm until its figures are told again, from posts after it only. */
export const FOLLOW_UP_HOURS = 3;
/** Hourly checks in a row that find everything as usual. */
export const CHECKS_TO_RESOLVE = 3;
/** Hours after which a new level is taken for the usual one, and from how many of the last it is measured. */
export const REBASE_AFTER_HOURS = 72;
export const REBASE_FROM_HOURS = 48;

export interface Figures {
  /** Start of the first hour, ms; estimated for an alarm. */
  startedAt: number;
  hours: number;
  /** net: in [−1, 1]; counts and terms: an hour. */
  before: number;
  now: number;
  low: number;
  high: number;
  distinctPosts: number;
  /** net: evidence in hours; counts, terms: −log10 of the chance. */
  statistic: number;
  severity: Severity;
  chance: Evidence['chance'];
}

export interface WatchEvent {
  type: 'fired' | 'escalated' | 'follow_up' | 'recovering' | 'resolved' | 'rebased' | 'no_data' | 'data_back';
  /** Null for no_data and data_back, which are of the whole rule. */
  signal: Signal | null;
  figures: Figures | null;
  term?: TermSignal;
}

export interface HourOutcome {
  /** Start of the hour, ms. */
  at: number;
  /** Not enough history: nothing fires. */
  learning: boolean;
  /** Why the hour decided nothing and taught nothing. */
  held: 'incomplete' | 'no_data' | null;
  /** Scored posts, equal texts put together. */
  n: number;
  /** Net sentiment (null without posts), count, or the best term's count. */
  value: number | null;
  baseline: number;
  /** Half width of the usual range. */
  band: number;
  statistics: Partial<Record<Signal, number>>;
  open: Signal[];
  /** Those of `open` that passed the last check: as usual again, not yet for long enough. */
  recovering: Signal[];
  /** An open signal is outside its usual range. */
  outside: boolean;
  events: WatchEvent[];
}

/** What a watch of one metric finds in an hour; watch.ts makes the outcome of it. */
export type Finding = Pick<HourOutcome, 'value' | 'baseline' | 'band' | 'statistics' | 'outside' | 'events'>;

export interface Incident {
  /** Start of the hour that raised it, and of the last alarm: a later one if it escalated. ms. */
  firedAt: number;
  alarmAt: number;
  severity: Severity;
  /** Hours since the alarm that were not held. */
  hours: number;
  followedUp: boolean;
  /** Checks in a row that found everything as usual. */
  calm: number;
}

export interface SignalState {
  /** End of the cool-down, ms. */
  quietUntil: number;
  incident: Incident | null;
}

export function startSignal(): SignalState {
  return { quietUntil: 0, incident: null };
}

/** Opens an incident, or notes its next alarm; either starts the cool-down. */
export function alarm(
  parameters: RuleParameters,
  state: SignalState,
  at: number,
  severity: Severity,
): WatchEvent['type'] {
  state.quietUntil = at + parameters.cooldown_hours * HOUR_MS;
  if (!state.incident) {
    state.incident = { firedAt: at, alarmAt: at, severity, hours: 0, followedUp: false, calm: 0 };
    return 'fired';
  }
  state.incident.alarmAt = at;
  state.incident.calm = 0;
  if (worse(severity, state.incident.severity)) state.incident.severity = severity;
  return 'escalated';
}

/** Counts a check. Returns the event it brings, if any; a resolved incident is closed. */
export function check(state: SignalState, calm: boolean): 'recovering' | 'resolved' | null {
  const { incident } = state;
  if (!incident) return null;
  incident.calm = calm ? incident.calm + 1 : 0;
  if (incident.calm === 1) return 'recovering';
  if (incident.calm < CHECKS_TO_RESOLVE) return null;
  state.incident = null;
  return 'resolved';
}

const ORDER: readonly Severity[] = ['info', 'warning', 'critical'];

export function worse(a: Severity, b: Severity): boolean {
  return ORDER.indexOf(a) > ORDER.indexOf(b);
}

/** Severity of a change of net sentiment, or of a count that is `size` times the expected one. */
export function severityOf(parameters: RuleParameters, size: number): Severity {
  if (size >= parameters.severity.critical) return 'critical';
  return size >= parameters.severity.warning ? 'warning' : 'info';
}

/** Episodes of the past year with a score worth noting, a day apart: how often a level was reached. ms and score. */
export type Peaks = [at: number, score: number][];
const PEAK_FROM = 2;
const PEAK_APART_MS = 24 * HOUR_MS;
const PEAKS_KEPT_MS = 365 * 24 * HOUR_MS;

export function notePeak(peaks: Peaks, at: number, score: number): void {
  while (peaks[0] && peaks[0][0] <= at - PEAKS_KEPT_MS) peaks.shift();
  if (score < PEAK_FROM) return;
  const last = peaks.at(-1);
  if (!last || at - last[0] >= PEAK_APART_MS) peaks.push([at, score]);
  else last[1] = Math.max(last[1], score);
}

/** How often the rule's own past year came to `score` or more, the present episode not counted. */
export function ownHistory(peaks: Peaks, at: number, score: number, hours: number): Evidence['chance'] {
  const times = peaks.filter(([peak, height]) => at - peak >= PEAK_APART_MS && height >= score).length;
  return { kind: 'own_history', times, weeks: Math.min(365 / 7, hours / 168) };
}
