/**
 * What a rule would have done: replays hours through the same watch as live and gathers its alerts. Called by the preview of
 * rules, by shared/alerts/meaning.ts and by infra/backtest/. Pure and deterministic; a year of hours takes a fraction of a second.
 */
import type { RuleParameters, Sensitivity, Signal } from '../contracts/alerts.ts';
import { HOUR_MS, type ScopeHour, type TermSignal } from './hours.ts';
import { type Figures, type HourOutcome, startWatch, stepWatch } from './watch.ts';

const HOURS_A_MONTH = 720;

export interface BacktestAlert {
  signal: Signal;
  /** Starts of hours, ms. */
  firedAt: number;
  startedAt: number;
  /** Null while open at the end. */
  endedAt: number | null;
  ending: 'recovered' | 'rebased' | null;
  figures: Figures;
  escalations: { at: number; figures: Figures }[];
  term?: TermSignal;
}

export interface Backtest {
  alerts: BacktestAlert[];
  /** Alerts in 720 watched hours; null when it never watched. */
  perMonth: number | null;
  /** Hours in which an alert could have fired, in which one was open, and in which data were missing. */
  hoursWatched: number;
  hoursFiring: number;
  hoursHeld: number;
  /** Start of the first hour that was watched, ms. */
  watchedFrom: number | null;
  /** What other settings would have given. */
  variants: { sensitivity: Sensitivity; alerts: number; perMonth: number | null }[];
}

export interface BacktestOptions {
  /** Hours before this one, ms, are history: learned from, not reported. */
  from?: number;
  variants?: readonly { sensitivity: Sensitivity; parameters: RuleParameters }[];
  /** Told of every hour from `from` on, for charts. */
  onHour?: (outcome: HourOutcome) => void;
}

/** Replays contiguous `hours` from their start. */
export function backtest(
  parameters: RuleParameters,
  hours: readonly ScopeHour[],
  options: BacktestOptions = {},
): Backtest {
  const variants = (options.variants ?? []).map(({ sensitivity, parameters: other }) => {
    const { alerts, perMonth } = replay(other, hours, { ...options, onHour: () => {} });
    return { sensitivity, alerts: alerts.length, perMonth };
  });
  return { ...replay(parameters, hours, options), variants };
}

function replay(
  parameters: RuleParameters,
  hours: readonly ScopeHour[],
  options: BacktestOptions,
): Omit<Backtest, 'variants'> {
  const { from = Number.NEGATIVE_INFINITY, onHour } = options;
  const state = startWatch(parameters);
  const result: Omit<Backtest, 'variants'> = {
    alerts: [],
    perMonth: null,
    hoursWatched: 0,
    hoursFiring: 0,
    hoursHeld: 0,
    watchedFrom: null,
  };
  const open = new Map<Signal, BacktestAlert>();
  for (const hour of hours) {
    const outcome = stepWatch(parameters, state, hour);
    const reported = outcome.at >= from;
    gather(outcome, open, reported ? result.alerts : []);
    if (!reported) continue;
    onHour?.(outcome);
    if (outcome.held) result.hoursHeld += 1;
    if (outcome.learning) continue;
    result.watchedFrom ??= outcome.at;
    if (!outcome.held) result.hoursWatched += 1;
    if (outcome.open.length > 0) result.hoursFiring += 1;
  }
  if (result.hoursWatched > 0) result.perMonth = (result.alerts.length * HOURS_A_MONTH) / result.hoursWatched;
  return result;
}

function gather(outcome: HourOutcome, open: Map<Signal, BacktestAlert>, alerts: BacktestAlert[]): void {
  for (const { type, signal, figures, term } of outcome.events) {
    if (!signal) continue;
    const alert = open.get(signal);
    if (type === 'fired' && figures) {
      const opened = {
        signal,
        firedAt: outcome.at,
        startedAt: figures.startedAt,
        endedAt: null,
        ending: null,
        figures,
        escalations: [],
      };
      const fired: BacktestAlert = term ? { ...opened, term } : opened;
      open.set(signal, fired);
      alerts.push(fired);
    } else if (type === 'escalated' && figures) alert?.escalations.push({ at: outcome.at, figures });
    else if ((type === 'resolved' || type === 'rebased') && alert) {
      alert.endedAt = outcome.at;
      alert.ending = type === 'resolved' ? 'recovered' : 'rebased';
      open.delete(signal);
    }
  }
}

/** Ends of hours in which people were told: alarms and escalations, in order; ms. */
export function alarmTimes(alerts: readonly BacktestAlert[]): { at: number; signal: Signal }[] {
  return alerts
    .flatMap(({ signal, firedAt, escalations }) =>
      [firedAt, ...escalations.map(({ at }) => at)].map((at) => ({ at, signal })),
    )
    .map(({ at, signal }) => ({ at: at + HOUR_MS, signal }))
    .toSorted((a, b) => a.at - b.at);
}
