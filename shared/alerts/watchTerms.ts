/**
 * Watches terms that come up. A rule has one incident at a time: terms that come up while it is open join it as
 * escalations. Pure; shared/alerts/watch.ts calls it for hours whose terms were counted.
 */
import type { RuleParameters } from '../contracts/alerts.ts';
import { HOUR_MS, type ScopeHour, type TermSignal } from './hours.ts';
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
  type SignalState,
  severityOf,
  startSignal,
  type WatchEvent,
  worse,
} from './life.ts';

/** Hours in which a term is counted. */
const WINDOW_HOURS = 3;
const LEAST_AUTHORS = 3;
const LEAST_RATIO = 3;

export interface TermWatch extends SignalState {
  /** Told in the open incident; all of those that were put together. */
  terms: string[];
  /** Until when a term is not told again, ms. */
  quiet: [term: string, until: number][];
  peaks: Peaks;
  /** Hours whose terms were counted: their history is shorter than that of the posts. */
  looked: number;
}

export function startTerms(): TermWatch {
  return { ...startSignal(), terms: [], quiet: [], peaks: [], looked: 0 };
}

export function stepTerms(parameters: RuleParameters, watch: TermWatch, hour: ScopeHour, learning: boolean): Finding {
  const found = candidates(parameters, hour);
  const [best] = found;
  const events: WatchEvent[] = [];
  if (hour.terms) watch.looked += 1;
  if (!learning && hour.terms) {
    watch.quiet = watch.quiet.filter(([, until]) => until > hour.at);
    events.push(...live(parameters, watch, hour.at, hour.terms));
    const told = new Set([...watch.terms, ...watch.quiet.map(([term]) => term)]);
    const fresh = found.find((term) => wordsOf(term).every((word) => !told.has(word)));
    if (fresh && isTimeFor(parameters, watch, hour.at, fresh)) events.push(raise(parameters, watch, hour.at, fresh));
  }
  notePeak(watch.peaks, hour.at, best?.score ?? 0);
  return {
    value: best?.x ?? (hour.terms ? 0 : null),
    baseline: best?.expected ?? 0,
    band: 0,
    statistics: best ? { term: best.score } : {},
    outside: watch.incident !== null && watch.incident.calm === 0,
    events,
  };
}

/** In a crisis a new word comes up every hour: of an open incident, one is told every few hours, or one that is worse. */
function isTimeFor(parameters: RuleParameters, { incident }: TermWatch, at: number, term: TermSignal): boolean {
  if (!incident || at - incident.alarmAt >= FOLLOW_UP_HOURS * HOUR_MS) return true;
  return worse(figuresOf(parameters, term, at).severity, incident.severity);
}

function wordsOf({ term, terms }: TermSignal): string[] {
  return [...new Set([term, ...terms])];
}

function candidates(parameters: RuleParameters, hour: ScopeHour): TermSignal[] {
  return (hour.terms ?? [])
    .filter(
      ({ x, authors, expected, score }) =>
        x >= parameters.minimum_posts &&
        authors >= LEAST_AUTHORS &&
        x >= LEAST_RATIO * expected &&
        score >= parameters.alert_at,
    )
    .toSorted((a, b) => b.score - a.score || (a.term < b.term ? -1 : 1));
}

function raise(parameters: RuleParameters, watch: TermWatch, at: number, term: TermSignal): WatchEvent {
  const figures = figuresOf(parameters, term, at);
  figures.chance = ownHistory(watch.peaks, at, term.score, watch.looked);
  const type = alarm(parameters, watch, at, figures.severity);
  if (type === 'fired') watch.terms = [];
  for (const word of wordsOf(term)) {
    watch.terms.push(word);
    watch.quiet.push([word, watch.quietUntil]);
  }
  return { type, signal: 'term', figures, term };
}

/** While a term is still listed, though no longer unlikely enough for an alarm, it goes on. */
function live(parameters: RuleParameters, watch: TermWatch, at: number, listed: TermSignal[]): WatchEvent[] {
  const { incident } = watch;
  if (!incident) return [];
  incident.hours += 1;
  const present = listed.find((term) => wordsOf(term).some((word) => watch.terms.includes(word)));
  const events: WatchEvent[] = [];
  const tell = (type: WatchEvent['type']): void => {
    const figures = present ? { ...figuresOf(parameters, present, at), severity: incident.severity } : null;
    events.push({ type, signal: 'term', figures, ...(present ? { term: present } : {}) });
  };
  if (present && !incident.followedUp && at - incident.alarmAt >= FOLLOW_UP_HOURS * HOUR_MS) {
    incident.followedUp = true;
    tell('follow_up');
  }
  const type = check(watch, !present);
  if (type) tell(type);
  else if (incident.hours >= REBASE_AFTER_HOURS && present) {
    tell('rebased');
    watch.incident = null;
  }
  if (!watch.incident) watch.terms = [];
  return events;
}

function figuresOf(parameters: RuleParameters, { x, expected, score }: TermSignal, at: number): Figures {
  const error = (INTERVAL_ERRORS * Math.sqrt(x)) / WINDOW_HOURS;
  const now = x / WINDOW_HOURS;
  return {
    startedAt: at - (WINDOW_HOURS - 1) * HOUR_MS,
    hours: WINDOW_HOURS,
    before: expected / WINDOW_HOURS,
    now,
    low: Math.max(0, now - error),
    high: now + error,
    distinctPosts: x,
    statistic: score,
    severity: severityOf(parameters, x / Math.max(expected, 0.001)),
    chance: { kind: 'unknown' },
  };
}
