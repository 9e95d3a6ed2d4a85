/**
 * The whole life of a rule's signals as a pure function of hours: learning, alarms, escalations, follow-ups, recovery, the new
 * normal, hours without data. workers/alerts/ steps it live, shared/alerts/backtest.ts over history: the same code.
 * State is plain JSON: it can be stored after any hour and stepped on from there with the same result.
 */
import type { AlertMetric, RuleParameters, Signal } from '../contracts/alerts.ts';
import { type CountState, learnCount, readCount, startCounts, zeroIsStrange } from './counts.ts';
import { distinctPosts, type ScopeHour } from './hours.ts';
import type { Finding, HourOutcome, WatchEvent } from './life.ts';
import { type CountWatch, passCounts, startCountWatch, stepCounts } from './watchCounts.ts';
import { type NetWatch, passNet, startNet, stepNet } from './watchNet.ts';
import { startTerms, stepTerms, type TermWatch } from './watchTerms.ts';

export type { Figures, HourOutcome, WatchEvent } from './life.ts';

/** Hours of history without which nothing fires: two weeks, three days for counts, whose level is known sooner. */
export const LEARNING_HOURS: Record<AlertMetric, number> = { net: 336, posts: 72, negative_posts: 72, terms: 336 };
/** Hours without data in a row until it is told. One alone is often only late. */
const TELL_AFTER_HOURS = 2;
/** A zero is judged once the level is known. */
const JUDGE_ZERO_FROM_HOURS = 72;
/** Silence of complete hours for so long is no failure any more: it is how it is now. */
const BELIEVE_SILENCE_AFTER_HOURS = 72;

export interface WatchState {
  /** Hours that taught something. */
  hours: number;
  /** Hours in a row that did not, of them the silent ones, and whether that was told. */
  held: number;
  silent: number;
  told: boolean;
  /** Level of all posts, for silence; null where `counts` has it. */
  volume: CountState | null;
  net: NetWatch | null;
  counts: CountWatch | null;
  terms: TermWatch | null;
}

export function startWatch(parameters: RuleParameters): WatchState {
  const { metric } = parameters;
  return {
    hours: 0,
    held: 0,
    silent: 0,
    told: false,
    volume: metric === 'posts' ? null : startCounts(false),
    net: metric === 'net' ? startNet(parameters) : null,
    counts: metric === 'posts' || metric === 'negative_posts' ? startCountWatch(parameters) : null,
    terms: metric === 'terms' ? startTerms() : null,
  };
}

/** Hours that a rule still has to learn, 0 when it watches. */
export function hoursToLearn({ metric }: RuleParameters, state: WatchState): number {
  return Math.max(0, LEARNING_HOURS[metric] - state.hours);
}

/** Steps one hour; changes `state` in place. Hours must be contiguous, each once. */
export function stepWatch(parameters: RuleParameters, state: WatchState, hour: ScopeHour): HourOutcome {
  const learning = state.hours < LEARNING_HOURS[parameters.metric];
  const held = holdReason(state, hour);
  const events: WatchEvent[] = [];
  if (held) {
    state.held += 1;
    if (!learning && !state.told && state.held >= TELL_AFTER_HOURS) {
      state.told = true;
      events.push({ type: 'no_data', signal: null, figures: null });
    }
  } else {
    if (state.told) events.push({ type: 'data_back', signal: null, figures: null });
    state.held = 0;
    state.told = false;
    state.hours += 1;
  }
  const finding = held ? pass(parameters, state, hour) : find(parameters, state, hour, learning);
  finding.events.unshift(...events);
  return { at: hour.at, learning, held, n: distinctPosts(hour), ...finding, ...openSignals(state) };
}

function holdReason(state: WatchState, hour: ScopeHour): HourOutcome['held'] {
  if (!hour.complete) return 'incomplete';
  const volume = state.volume ?? state.counts?.model;
  const strange =
    hour.n === 0 && volume && volume.hours >= JUDGE_ZERO_FROM_HOURS && zeroIsStrange(readCount(volume, hour, 0));
  state.silent = strange ? state.silent + 1 : 0;
  return strange && state.silent <= BELIEVE_SILENCE_AFTER_HOURS ? 'no_data' : null;
}

function pass(parameters: RuleParameters, state: WatchState, hour: ScopeHour): Finding {
  if (state.net) return passNet(parameters, state.net, hour);
  if (state.counts) return passCounts(state.counts, hour);
  return { value: null, baseline: 0, band: 0, statistics: {}, outside: false, events: [] };
}

function find(parameters: RuleParameters, state: WatchState, hour: ScopeHour, learning: boolean): Finding {
  if (state.volume) {
    const n = distinctPosts(hour);
    learnCount(state.volume, hour, n, readCount(state.volume, hour, n));
  }
  if (state.net) return stepNet(parameters, state.net, hour, learning);
  if (state.counts) return stepCounts(parameters, state.counts, hour, learning);
  if (state.terms) return stepTerms(parameters, state.terms, hour, learning);
  throw new TypeError('a watch without a metric');
}

function openSignals(state: WatchState): Pick<HourOutcome, 'open' | 'recovering'> {
  const open: Signal[] = [];
  const recovering: Signal[] = [];
  const note = (signal: Signal, incident: { calm: number } | null | undefined): void => {
    if (!incident) return;
    open.push(signal);
    if (incident.calm > 0) recovering.push(signal);
  };
  for (const { signal, incident } of state.net?.signals ?? []) note(signal, incident);
  note(state.volume ? 'negative_posts' : 'posts', state.counts?.incident);
  note('term', state.terms?.incident);
  return { open, recovering };
}
