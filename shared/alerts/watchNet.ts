/**
 * Watches net sentiment: evidence for a fall, a rise or both, and the life of what they raise. Pure; shared/alerts/watch.ts
 * calls it for hours that may decide something.
 */
import type { Evidence, RuleParameters } from '../contracts/alerts.ts';
import {
  addEvidence,
  type BandReading,
  type BandState,
  learnBand,
  likeliestSize,
  noEvidence,
  readBand,
  rebaseBand,
  startBand,
  usualNet,
} from './band.ts';
import { distinctPosts, HOUR_MS, type ScopeHour } from './hours.ts';
import {
  alarm,
  check,
  type Figures,
  type Finding,
  FOLLOW_UP_HOURS,
  INTERVAL_ERRORS,
  REBASE_AFTER_HOURS,
  REBASE_FROM_HOURS,
  type SignalState,
  severityOf,
  startSignal,
  type WatchEvent,
  worse,
} from './life.ts';

/** How far back a start is looked for, and hours are kept. */
const KEPT_HOURS = 72;
/** During the cool-down, evidence counted anew from the alarm must be this many times as strong. */
const BYPASS = 10;
/** New evidence that begins within this many hours of the alarm is of the same event. */
const SAME_EVENT_HOURS = 3;
/** Recovery is judged by the last hours that hold so many posts, but at least so many hours. */
const RECOVERY_POSTS = 60;
const RECOVERY_HOURS = 6;
const RECOVERY_FROM_HOURS = 3;
/** A scope too small for that is judged by fewer posts, once they are of two days. */
const RECOVERY_LATE_HOURS = 48;
const RECOVERY_LATE_POSTS = 15;

type NetSignal = 'net_down' | 'net_up';

interface NetSignalState extends SignalState {
  signal: NetSignal;
  evidence: number[];
  /** Hours up to this one were counted before; ms. */
  since: number;
}

/** Hour with posts: start, posts, Σ labels, day's offset, baseline, half width of the band, variance. */
type Recent = [at: number, n: number, s: number, offset: number, b: number, eps: number, ss: number];

export interface NetWatch {
  band: BandState;
  signals: NetSignalState[];
  recent: Recent[];
}

export function startNet(parameters: RuleParameters): NetWatch {
  const signals = parameters.signals.filter((signal) => signal === 'net_down' || signal === 'net_up');
  return {
    band: startBand(),
    signals: signals.map((signal) => ({
      ...startSignal(),
      signal,
      evidence: noEvidence(),
      since: Number.MIN_SAFE_INTEGER,
    })),
    recent: [],
  };
}

/** An hour that decides nothing: the past fades a little, evidence stays. */
export function passNet(parameters: RuleParameters, watch: NetWatch, hour: ScopeHour): Finding {
  const { b, eps } = usualNet(watch.band, hour, parameters.band);
  learnBand(watch.band, hour, null, isQuiet(watch));
  return { value: null, baseline: b, band: eps, statistics: {}, outside: false, events: [] };
}

/** What is usual must not creep after what is being told as unusual. */
function isQuiet(watch: NetWatch): boolean {
  return watch.signals.every(({ incident }) => !incident);
}

export function stepNet(parameters: RuleParameters, watch: NetWatch, hour: ScopeHour, learning: boolean): Finding {
  if (distinctPosts(hour) === 0) {
    for (const { incident } of watch.signals) if (incident) incident.hours += 1;
    return passNet(parameters, watch, hour);
  }
  const reading = readBand(watch.band, hour, parameters.band);
  const { x, b, eps } = reading;
  const finding: Finding = { value: x, baseline: b, band: eps, statistics: {}, outside: false, events: [] };
  remember(watch, hour.at, reading);
  for (const state of watch.signals) {
    const m = addEvidence(state.evidence, reading, signOf(state));
    finding.statistics[state.signal] = m;
    if (learning) {
      if (m >= parameters.alert_at) restart(state, hour.at);
      continue;
    }
    const wasOpen = state.incident !== null;
    finding.events.push(...live(parameters, watch, state, hour.at));
    const ended = wasOpen && !state.incident;
    if (!ended) finding.events.push(...raise(parameters, watch, state, hour.at, m));
    if (state.incident && state.incident.calm === 0) finding.outside = true;
  }
  learnBand(watch.band, hour, reading, isQuiet(watch));
  return finding;
}

function signOf(state: NetSignalState): -1 | 1 {
  return state.signal === 'net_down' ? -1 : 1;
}

function remember(watch: NetWatch, at: number, { n, x, offset, b, eps, ss }: BandReading): void {
  while (watch.recent[0] && watch.recent[0][0] <= at - KEPT_HOURS * HOUR_MS) watch.recent.shift();
  watch.recent.push([at, n, Math.round(x * n), offset, b, eps, ss]);
}

function restart(state: NetSignalState, at: number): void {
  state.evidence = noEvidence();
  state.since = at;
}

/** A new alarm, or the next one of an open incident. */
function raise(
  parameters: RuleParameters,
  watch: NetWatch,
  state: NetSignalState,
  at: number,
  m: number,
): WatchEvent[] {
  if (m < parameters.alert_at * (at < state.quietUntil ? BYPASS : 1)) return [];
  const hours = sinceStart(watch, state);
  const figures = figuresOf(parameters, hours, at, m, chanceOf(m));
  if (!figures || figures.distinctPosts < parameters.minimum_posts) return [];
  const { incident } = state;
  if (incident) {
    const sameEvent = figures.startedAt <= incident.alarmAt + SAME_EVENT_HOURS * HOUR_MS;
    if (sameEvent && !worse(figures.severity, incident.severity)) return [];
  }
  const type = alarm(parameters, state, at, figures.severity);
  restart(state, at);
  return [{ type, signal: state.signal, figures }];
}

/** What happens to an open incident: its follow-up, its recovery, its end as the new normal. */
function live(parameters: RuleParameters, watch: NetWatch, state: NetSignalState, at: number): WatchEvent[] {
  const { incident } = state;
  if (!incident) return [];
  incident.hours += 1;
  const events: WatchEvent[] = [];
  const after = watch.recent.filter(([hour]) => hour > incident.alarmAt);
  const m = mean(state.evidence);
  const tell = (type: WatchEvent['type'], hours: Recent[]): void => {
    const figures = figuresOf(parameters, hours, at, m, { kind: 'unknown' });
    events.push({ type, signal: state.signal, figures: figures && { ...figures, severity: incident.severity } });
  };
  if (
    !incident.followedUp &&
    at - incident.alarmAt >= FOLLOW_UP_HOURS * HOUR_MS &&
    posts(after) >= parameters.minimum_posts
  ) {
    incident.followedUp = true;
    tell('follow_up', after);
  }
  const window = recoveryWindow(after, at);
  const checked = at - incident.alarmAt >= RECOVERY_FROM_HOURS * HOUR_MS && isEnough(window, at - incident.alarmAt);
  const type = checked ? check(state, isInside(window, signOf(state))) : null;
  if (type) tell(type, window);
  if (type === 'resolved') restart(state, at);
  else if (incident.hours >= REBASE_AFTER_HOURS && incident.calm === 0) {
    const last = watch.recent.filter(([hour]) => hour > at - REBASE_FROM_HOURS * HOUR_MS);
    tell('rebased', last);
    state.incident = null;
    rebaseBand(watch.band, last.reduce((sum, [, n, s, offset]) => sum + s - n * offset, 0) / posts(last), posts(last));
    for (const each of watch.signals) restart(each, at);
  }
  return events;
}

/** The hours since the estimated start of the shift: those that speak for it most, taken together. */
function sinceStart(watch: NetWatch, state: NetSignalState): Recent[] {
  const size = likeliestSize(state.evidence);
  let sum = 0;
  let best = Number.NEGATIVE_INFINITY;
  let start = watch.recent.length - 1;
  for (let k = watch.recent.length - 1; k >= 0; k--) {
    const hour = watch.recent[k];
    if (!hour || hour[0] <= state.since) break;
    const [, n, s, , b, eps, ss] = hour;
    sum += (size * (signOf(state) * (s / n - b) - eps)) / ss - (size * size) / (2 * ss);
    if (sum > best) {
      best = sum;
      start = k;
    }
  }
  return watch.recent.slice(start);
}

function recoveryWindow(after: Recent[], at: number): Recent[] {
  let n = 0;
  let k = after.length;
  for (; k > 0; k--) {
    const hour = after[k - 1];
    if (!hour || (hour[0] <= at - RECOVERY_HOURS * HOUR_MS && n >= RECOVERY_POSTS)) break;
    n += hour[1];
  }
  return after.slice(k);
}

function isEnough(window: Recent[], sinceAlarmMs: number): boolean {
  const n = posts(window);
  return n >= RECOVERY_POSTS || (n >= RECOVERY_LATE_POSTS && sinceAlarmMs >= RECOVERY_LATE_HOURS * HOUR_MS);
}

/** Whether the mean of `window` is on the usual side of the band's edge. */
function isInside(window: Recent[], sign: -1 | 1): boolean {
  return window.reduce((sum, [, n, s, , b, eps]) => sum + sign * (s - n * b) - n * eps, 0) <= 0;
}

function posts(hours: Recent[]): number {
  return hours.reduce((sum, [, n]) => sum + n, 0);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function figuresOf(
  parameters: RuleParameters,
  hours: Recent[],
  at: number,
  statistic: number,
  chance: Evidence['chance'],
): Figures | null {
  const [first] = hours;
  if (!first) return null;
  const n = posts(hours);
  const before = hours.reduce((sum, [, k, , , b]) => sum + k * b, 0) / n;
  const now = hours.reduce((sum, [, , s]) => sum + s, 0) / n;
  const error = Math.sqrt(hours.reduce((sum, [, k, , , , , ss]) => sum + k * k * ss, 0)) / n;
  return {
    startedAt: first[0],
    hours: Math.round((at - first[0]) / HOUR_MS) + 1,
    before,
    now,
    low: Math.max(-1, now - INTERVAL_ERRORS * error),
    high: Math.min(1, now + INTERVAL_ERRORS * error),
    distinctPosts: n,
    statistic,
    severity: severityOf(parameters, Math.abs(before - now)),
    chance,
  };
}

/** Beyond two months the calibration does not hold, so nothing rarer is claimed. */
function chanceOf(m: number): Evidence['chance'] {
  const days = Math.floor(m / 24);
  return days <= 60 ? { kind: 'once_in', days } : { kind: 'rarer_than', days: 60 };
}
