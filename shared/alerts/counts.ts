/**
 * The seasonal negative-binomial detector for counts: how unlikely is a count of this hour, or a higher one, given the level
 * of the last week, the hour of day and, after four weeks, the hour of week. shared/alerts/watchCounts.ts steps it;
 * shared/alerts/terms.ts uses its tail. Try it: `nbTail(30, 10, 0.2)` is 2.41, once in 255 hours.
 */
import type { ScopeHour } from './hours.ts';

const LEVEL_RATE = 1 - 2 ** (-1 / 168);
const SPREAD_RATE = 1 - 2 ** (-1 / 336);
const SEASON_DECAY = 2 ** (-1 / 21);
/** Days, and days of the week, that are worth as much as what is assumed without them. */
const DAY_PRIOR = 2;
const WEEK_PRIOR = 4;
/** Before four weeks the hour of week is noise. */
const WEEK_FROM_HOURS = 672;
/** No score before: half a day is no level. */
const SCORE_FROM_HOURS = 12;

/** What is usual. The sums are of counts relative to the level, and of the days that brought them. */
export interface CountState {
  hours: number;
  level: number;
  /** Variance beyond Poisson: mean + dispersion · mean². */
  dispersion: number;
  day: Season;
  /** Null where the hour of week is not looked at. */
  week: Season | null;
  /** A rhythm of its own; null until the first hour of Ramadan. */
  ramadan: Season | null;
}

interface Season {
  sum: number[];
  days: number[];
}

/** What is expected of an hour. */
export interface CountReading {
  mean: number;
  variance: number;
  dispersion: number;
  /** Of the hour, relative to the level. */
  factor: number;
}

/** `weekly`: look at the hour of week too, once there are four weeks. */
export function startCounts(weekly: boolean): CountState {
  return { hours: 0, level: 0, dispersion: 1, day: season(24), week: weekly ? season(168) : null, ramadan: null };
}

function season(size: number): Season {
  return { sum: Array<number>(size).fill(0), days: Array<number>(size).fill(0) };
}

/** What is expected of `hour`. `x`, its count, only starts a level where there is none. */
export function readCount(state: CountState, hour: ScopeHour, x: number): CountReading {
  const level = state.hours === 0 ? Math.max(x, 0.1) : state.level;
  const factor = factorOf(state, hour);
  const mean = Math.max(level * factor, 0.001);
  return { mean, variance: mean + state.dispersion * mean * mean, dispersion: state.dispersion, factor };
}

function factorOf(state: CountState, hour: ScopeHour): number {
  const usual = shrunk(state.day, hour.localHour, DAY_PRIOR, 1);
  // the first Ramadan: until its own days say more, whichever is higher, the usual day or a flat one
  if (hour.ramadan) return state.ramadan ? shrunk(state.ramadan, hour.localHour, DAY_PRIOR, Math.max(usual, 1)) : usual;
  if (!state.week || state.hours < WEEK_FROM_HOURS) return usual;
  return shrunk(state.week, hourOfWeek(hour), WEEK_PRIOR, usual);
}

function shrunk(of: Season, index: number, prior: number, assumed: number): number {
  return ((of.sum[index] ?? 0) + prior * assumed) / ((of.days[index] ?? 0) + prior);
}

function hourOfWeek(hour: ScopeHour): number {
  return (hour.localDay - 1) * 24 + hour.localHour;
}

/** −log10 of the chance of `x` or more; 0 while there is too little history. */
export function scoreCount(state: CountState, reading: CountReading, x: number): number {
  return state.hours < SCORE_FROM_HOURS ? 0 : nbTail(x, reading.mean, reading.dispersion);
}

/** Whether a count of zero is so unlikely (1 in 1,000) that rather nobody looked. */
export function zeroIsStrange(reading: CountReading): boolean {
  return Math.log10(1 + reading.dispersion * reading.mean) / reading.dispersion > 3;
}

/** Learns from the count of an hour. A spike counts for no more than eight standard deviations. */
export function learnCount(state: CountState, hour: ScopeHour, x: number, reading: CountReading): void {
  const t = state.hours;
  if (t === 0) state.level = Math.max(x, 0.1);
  const { mean, variance, factor } = reading;
  const clipped = Math.min(x, mean + 8 * Math.sqrt(variance));
  const rate = t < 72 ? Math.max(LEVEL_RATE, 1 / (t + 1)) : LEVEL_RATE;
  state.level = Math.max(0.02, state.level + rate * (clipped / Math.max(factor, 0.05) - state.level));
  if (hour.ramadan) state.ramadan ??= season(24);
  if (t % 24 === 0) for (const rhythm of [state.day, state.week, state.ramadan]) fade(rhythm);
  const relative = clipped / state.level;
  if (hour.ramadan) add(state.ramadan, hour.localHour, relative);
  else {
    add(state.day, hour.localHour, relative);
    add(state.week, hourOfWeek(hour), relative);
  }
  const excess = Math.min(25, ((x - mean) ** 2 - mean) / (mean * mean));
  const spreadRate = Math.max(1 / (t + 20), SPREAD_RATE);
  state.dispersion = Math.min(10, Math.max(0.02, state.dispersion + spreadRate * (excess - state.dispersion)));
  state.hours = t + 1;
}

/** Takes the level of `counts` and the factors of their hours as what is usual from now on. */
export function rebaseCounts(state: CountState, counts: number, factors: number): void {
  if (factors > 0) state.level = Math.max(0.02, counts / factors);
}

function fade(of: Season | null): void {
  if (!of) return;
  for (let i = 0; i < of.sum.length; i++) {
    of.sum[i] = (of.sum[i] ?? 0) * SEASON_DECAY;
    of.days[i] = (of.days[i] ?? 0) * SEASON_DECAY;
  }
}

function add(of: Season | null, index: number, relative: number): void {
  if (!of) return;
  of.sum[index] = (of.sum[index] ?? 0) + relative;
  of.days[index] = (of.days[index] ?? 0) + 1;
}

/**
 * −log10 P(X ≥ x), X negative binomial with this mean and variance mean + dispersion · mean². Summed from x upward, so that
 * tails far below the smallest difference from 1 stay exact. x is rounded to a whole number; 0 for x ≤ 0.
 */
export function nbTail(x: number, mean: number, dispersion: number): number {
  const from = Math.round(x);
  if (from <= 0) return 0;
  const size = 1 / dispersion;
  const p = mean / (mean + size);
  const first =
    logGamma(from + size) - logGamma(size) - logGamma(from + 1) + from * Math.log(p) - size * Math.log1p(mean / size);
  let term = 1;
  let sum = 1;
  for (let i = from; ; i++) {
    const ratio = ((i + size) / (i + 1)) * p;
    term *= ratio;
    sum += term;
    // what is left is at most a geometric series of the present ratio
    if (ratio < 1 && term * ratio < 1e-10 * sum * (1 - ratio)) break;
  }
  return Math.max(0, -(first + Math.log(sum)) / Math.LN10);
}

/** Natural logarithm of the gamma function for x > 0, by Stirling's series from 10 upward. */
function logGamma(x: number): number {
  let z = x;
  let below = 0;
  while (z < 10) {
    below += Math.log(z);
    z += 1;
  }
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - below;
}
