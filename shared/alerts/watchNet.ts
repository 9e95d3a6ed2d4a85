/**
 * Watches net sentiment: evidence for a fall, a rise or both, and the life of what they raise. Pure; shared/alerts/watch.ts
 * calls it for hours that may decide something.
 */
import type { RuleParameters } from '../contracts/alerts.ts';
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
  CHECKS_TO_RESOLVE,
  check,
  type Finding,
  FOLLOW_UP_HOURS,
  REBASE_AFTER_HOURS,
  REBASE_FROM_HOURS,
  type SignalState,
  startSignal,
  type WatchEvent,
  worse,
} from './life.ts';
import {
  chanceOf,
  figuresOf,
  isEnough,
  isInside,
  levelOf,
  posts,
  RECOVERY_FROM_HOURS,
  RECOVERY_POSTS,
  type Recent,
  recoveryWindow,
} from './netHours.ts';

/** How far back a start is looked for, and hours are kept. */
const KEPT_HOURS = 72;
/** During the cool-down, evidence counted anew from the alarm must be this many times as strong. */
const BYPASS = 10;
/** New evidence that begins within this many hours of the alarm is of the same event. */
const SAME_EVENT_HOURS = 3;

type NetSignal = 'net_down' | 'net_up';

interface NetSignalState extends SignalState {
  signal: NetSignal;
  evidence: number[];
  /** Hours up to this one were counted before; ms. */
  since: number;
}

/** For so long after a rebase the level before it is remembered, ms. */
const FORMER_MS = 14 * 24 * HOUR_MS;

/** The level before a rebase, in case what was taken for the new normal was none. */
interface Former {
  level: number;
  /** When it was given up, ms. */
  since: number;
  /** Checks in a row that find it right again. */
  checks: number;
}

export interface NetWatch {
  band: BandState;
  signals: NetSignalState[];
  recent: Recent[];
  former?: Former | null;
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
  returnToFormer(watch, hour.at);
  return finding;
}

/**
 * Ends a rebase that came too late: mood is back at the level before it. Without this a rule that looks one way only would
 * take the crisis for usual until weeks of hours have outweighed it.
 */
function returnToFormer(watch: NetWatch, at: number): void {
  const { former, band } = watch;
  if (!former) return;
  const window = recoveryWindow(
    watch.recent.filter(([hour]) => hour > former.since),
    at,
  );
  const n = posts(window);
  if (at - former.since < RECOVERY_FROM_HOURS * HOUR_MS || n < RECOVERY_POSTS) return;
  const now = levelOf(window);
  const eps = window.reduce((sum, [, k, , , , half]) => sum + k * half, 0) / n;
  const isBack = Math.abs(now - former.level) <= eps && Math.abs(now - band.net / band.posts) > eps;
  former.checks = isBack ? former.checks + 1 : 0;
  if (former.checks >= CHECKS_TO_RESOLVE) {
    rebaseBand(band, former.level, band.posts);
    for (const each of watch.signals) restart(each, at);
    watch.former = null;
  } else if (at - former.since > FORMER_MS) watch.former = null;
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
    watch.former = { level: watch.band.net / watch.band.posts, since: at, checks: 0 };
    rebaseBand(watch.band, levelOf(last), posts(last));
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

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
