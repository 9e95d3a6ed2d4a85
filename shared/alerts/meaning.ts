/**
 * What a rule means at its scope's own volume: false alarms to expect, and how long falls of 0.2 and 0.3 take to be found.
 * With six weeks of history by putting falls into the scope's own hours, else by simulation (shared/alerts/measured.ts).
 * Called by the preview of rules. Pure and the same each time; 90 days of hours take well under a second.
 */
import type { RuleParameters } from '../contracts/alerts.ts';
import { distinctPosts, type ScopeHour } from './hours.ts';
import { countFalseAlarms, netFalseAlarms, simulatedDelay, termFalseAlarms } from './measured.ts';
import { binomial, seeded } from './random.ts';
import { startWatch, stepWatch, type WatchState } from './watch.ts';

/** A fall of what people say, of which the labels show only a part: some are wrong. */
const FALLS = [0.2, 0.3] as const;
const LABELS_SHOW = 0.725;
const WEEK_HOURS = 168;
/** Falls are put into hours from the fifth week on, when six weeks are known. */
const SETTLED_HOURS = 4 * WEEK_HOURS;
const OWN_HISTORY_HOURS = 6 * WEEK_HOURS;
const STARTS = 32;
const LEAST_STARTS = 20;
const VOLUME_HOURS = 28 * 24;

export interface Delay {
  fall: number;
  /** Null when most are not found within 7 days. */
  medianHours: number | null;
  /** Share found within 7 days. */
  found: number;
}

export interface RuleMeaning {
  /** Scored posts, equal texts once, of the last 28 days; null without any known hour. */
  postsAnHour: number | null;
  /** Where nothing happens, in 720 hours; null where it is not known. */
  falseAlarmsAMonth: number | null;
  /** Empty where falls are not what the rule looks for, or nothing is known. */
  delays: Delay[];
  /** Where the delays are from. */
  basis: 'own_history' | 'simulation' | 'none';
}

/** `hours`: contiguous, oldest first, those of the scope or the last 90 days of them. */
export function meaningOf(parameters: RuleParameters, hours: readonly ScopeHour[]): RuleMeaning {
  const postsAnHour = meanPosts(hours);
  const falseAlarmsAMonth = postsAnHour === null ? null : falseAlarms(parameters, postsAnHour);
  const own =
    parameters.metric === 'net' || parameters.metric === 'negative_posts' ? ownDelays(parameters, hours) : null;
  if (own) return { postsAnHour, falseAlarmsAMonth, delays: own, basis: 'own_history' };
  if (parameters.metric !== 'net' || postsAnHour === null) {
    return { postsAnHour, falseAlarmsAMonth, delays: [], basis: 'none' };
  }
  const delays = FALLS.map((fall) => ({ fall, ...simulatedDelay(parameters, postsAnHour, fall) }));
  return { postsAnHour, falseAlarmsAMonth, delays, basis: 'simulation' };
}

function meanPosts(hours: readonly ScopeHour[]): number | null {
  const known = hours.slice(-VOLUME_HOURS).filter(({ complete }) => complete);
  return known.length === 0 ? null : known.reduce((sum, hour) => sum + distinctPosts(hour), 0) / known.length;
}

function falseAlarms(parameters: RuleParameters, postsAnHour: number): number {
  if (parameters.metric === 'net') return netFalseAlarms(parameters, postsAnHour) * parameters.signals.length;
  if (parameters.metric === 'terms') return termFalseAlarms(parameters.alert_at, postsAnHour);
  return countFalseAlarms(parameters.alert_at);
}

/** Puts falls into the hours themselves; null where there is too little history, or too much of it was unusual. */
function ownDelays(parameters: RuleParameters, hours: readonly ScopeHour[]): Delay[] | null {
  if (hours.filter(({ complete }) => complete).length < OWN_HISTORY_HOURS) return null;
  const starts = chooseStarts(parameters, hours);
  if (starts.length < LEAST_STARTS) return null;
  const states = statesAt(parameters, hours, new Set(starts));
  return FALLS.map((fall) => {
    const delays = starts.map((start) => {
      const state = states.get(start);
      return state ? delayFrom(parameters, structuredClone(state), hours, start, fall) : Number.POSITIVE_INFINITY;
    });
    const found = delays.filter(Number.isFinite).length / delays.length;
    const median = delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)] ?? Number.POSITIVE_INFINITY;
    return { fall, medianHours: Number.isFinite(median) ? median : null, found };
  });
}

/** Hours, spread evenly, in whose next week nothing went off and in which nothing was open: what is found is the fall. */
function chooseStarts(parameters: RuleParameters, hours: readonly ScopeHour[]): number[] {
  const state = startWatch(parameters);
  const calm: boolean[] = [];
  hours.forEach((hour) => {
    const { events, open } = stepWatch(parameters, state, hour);
    calm.push(open.length === 0 && !events.some(isAlarm));
  });
  let calmHours = 0;
  const possible: number[] = [];
  for (let i = hours.length - 1; i >= SETTLED_HOURS; i--) {
    calmHours = calm[i] ? calmHours + 1 : 0;
    if (calmHours >= WEEK_HOURS && hours[i]?.complete) possible.push(i);
  }
  possible.reverse();
  const step = Math.max(1, possible.length / STARTS);
  return Array.from({ length: Math.min(STARTS, possible.length) }, (_, k) => possible[Math.floor(k * step)] ?? 0);
}

function statesAt(
  parameters: RuleParameters,
  hours: readonly ScopeHour[],
  starts: ReadonlySet<number>,
): Map<number, WatchState> {
  const states = new Map<number, WatchState>();
  const state = startWatch(parameters);
  hours.forEach((hour, i) => {
    if (starts.has(i)) states.set(i, structuredClone(state));
    stepWatch(parameters, state, hour);
  });
  return states;
}

/** Hours from the start of a fall to the end of the hour that finds it; infinite when a week does not. */
function delayFrom(
  parameters: RuleParameters,
  state: WatchState,
  hours: readonly ScopeHour[],
  start: number,
  fall: number,
): number {
  const random = seeded(start, Math.round(fall * 100));
  const sign = parameters.signals.includes('net_up') && !parameters.signals.includes('net_down') ? 1 : -1;
  for (let i = 0; i < WEEK_HOURS; i++) {
    const hour = hours[start + i];
    if (!hour) break;
    const { events } = stepWatch(parameters, state, shifted(hour, sign * fall * LABELS_SHOW, random));
    if (events.some(isAlarm)) return i + 1;
  }
  return Number.POSITIVE_INFINITY;
}

function isAlarm({ type }: { type: string }): boolean {
  return type === 'fired' || type === 'escalated';
}

/** The hour with labels of single posts turned, so that its net sentiment moves by `change` on average. */
function shifted(hour: ScopeHour, change: number, random: () => number): ScopeHour {
  const n = distinctPosts(hour);
  const [from, to] = change < 0 ? (['dpos', 'dneg'] as const) : (['dneg', 'dpos'] as const);
  // a turned post moves the sum of labels by two, a neutral one by one
  const wanted = (Math.abs(change) * n) / 2;
  const turned = binomial(random, hour[from], hour[from] > 0 ? wanted / hour[from] : 0);
  const rest = 2 * Math.max(0, wanted - hour[from]);
  const neutral = binomial(random, hour.dneu, hour.dneu > 0 ? rest / hour.dneu : 0);
  return { ...hour, [from]: hour[from] - turned, dneu: hour.dneu - neutral, [to]: hour[to] + turned + neutral };
}
