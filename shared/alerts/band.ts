/**
 * The band e-detector for net sentiment: compares each hour with what is usual at that hour, ignores the usual wobble, and
 * adds up the evidence. Its statistic M is read in hours: chance alone brings M ≥ A less than once in A hours, however
 * often one looks (a Shiryaev–Roberts e-detector; Shin, Ramdas, Rinaldo, "E-detectors", arXiv 2203.03532).
 * shared/alerts/watchNet.ts steps it; tests/unit/alerts-band.test.ts holds it to a fixed vector.
 */
import { distinctPosts, type ScopeHour } from './hours.ts';

/** Sizes of shift, in net sentiment, between which the evidence is shared. */
const SIZES = [0.05, 0.1, 0.2, 0.4] as const;
const LEVEL_DECAY = 2 ** (-1 / 168);
const DAY_DECAY = 2 ** (-1 / 21);
const WANDER_DECAY = 2 ** (-1 / 672);
/** Posts that an hour of the day must bring before half of its deviation is believed. */
const DAY_PRIOR = 300;
const WANDER = 0.03;
/** A shift smaller than this is never of interest. */
const LEAST_BAND = 0.02;

/** What is usual. Sums decay, so that the last weeks count most. */
export interface BandState {
  posts: number;
  net: number;
  /** Posts that are not neutral. */
  polar: number;
  dayPosts: number[];
  dayNet: number[];
  /** A rhythm of its own; empty until the first hour of Ramadan. */
  ramadanPosts: number[];
  ramadanNet: number[];
  wander: number;
  wanderWeight: number;
}

/** What an hour with posts says beside what is usual. All in net sentiment, in [−1, 1]. */
export interface BandReading {
  n: number;
  x: number;
  /** Level of the last weeks, and the hour of day's deviation from it; their sum is the baseline b. */
  level: number;
  offset: number;
  b: number;
  /** Standard deviation of the harmless wander. */
  tau: number;
  /** Variance of x by sampling. */
  ss: number;
  /** Half width of the usual range. */
  eps: number;
}

export function startBand(): BandState {
  return {
    posts: 0,
    net: 0,
    polar: 0,
    dayPosts: Array<number>(24).fill(0),
    dayNet: Array<number>(24).fill(0),
    ramadanPosts: [],
    ramadanNet: [],
    wander: WANDER ** 2 * 100,
    wanderWeight: 100,
  };
}

/** Baseline and half width of the usual range at an hour; zeros before the first post. `width`: see readBand. */
export function usualNet(state: BandState, hour: ScopeHour, width: number): { b: number; eps: number } {
  if (state.posts === 0) return { b: 0, eps: 0 };
  const level = state.net / state.posts;
  return { b: level + dayOffset(state, hour), eps: halfWidth(state, variance(state, level), width) };
}

/** Reads an hour with at least one scored post. `width`: of the band, in standard deviations of the wander. */
export function readBand(state: BandState, hour: ScopeHour, width: number): BandReading {
  const n = distinctPosts(hour);
  const x = (hour.dpos - hour.dneg) / n;
  const level = state.posts > 0 ? state.net / state.posts : x;
  const offset = dayOffset(state, hour);
  const v = variance(state, level);
  const design = 1 + 0.3 * (Math.max(hour.c / n, 1) - 1);
  const tau = Math.sqrt(state.wander / state.wanderWeight);
  return { n, x, level, offset, b: level + offset, tau, ss: (v * design) / n, eps: halfWidth(state, v, width) };
}

/** Of a single post's label. */
function variance(state: BandState, level: number): number {
  const polar = state.posts > 0 ? state.polar / state.posts : 0.55;
  return Math.min(1, Math.max(0.2, polar - level * level));
}

function halfWidth(state: BandState, v: number, width: number): number {
  const tau2 = state.wander / state.wanderWeight;
  const baselineError = (1.6 * v) / Math.max(state.posts, 20) + 0.08 * tau2;
  return Math.sqrt(width * width * (tau2 + baselineError) + LEAST_BAND * LEAST_BAND);
}

function dayOffset(state: BandState, hour: ScopeHour): number {
  const posts = (hour.ramadan ? state.ramadanPosts : state.dayPosts)[hour.localHour] ?? 0;
  const net = (hour.ramadan ? state.ramadanNet : state.dayNet)[hour.localHour] ?? 0;
  return net / (posts + DAY_PRIOR);
}

/**
 * Learns from an hour; one without posts (reading null) only lets the past fade. `level` false: only the wander is learned,
 * as while something unusual goes on. Were that left out too, excursions would be missing from the wander, and the band
 * would be too narrow for the next one.
 */
export function learnBand(state: BandState, hour: ScopeHour, reading: BandReading | null, level: boolean): void {
  if (hour.ramadan && state.ramadanPosts.length === 0) {
    state.ramadanPosts = Array<number>(24).fill(0);
    state.ramadanNet = Array<number>(24).fill(0);
  }
  const dayPosts = hour.ramadan ? state.ramadanPosts : state.dayPosts;
  const dayNet = hour.ramadan ? state.ramadanNet : state.dayNet;
  const h = hour.localHour;
  let posts = 0;
  let residual = 0;
  let w = 0;
  if (reading) {
    posts = reading.n;
    const limit = 2.5 * Math.sqrt(reading.ss + reading.tau ** 2);
    residual = Math.min(limit, Math.max(-limit, reading.x - reading.b));
    w = (1 + reading.ss / WANDER ** 2) ** -2;
  }
  if (level) {
    state.posts = state.posts * LEVEL_DECAY + posts;
    state.net = state.net * LEVEL_DECAY + ((reading?.level ?? 0) + residual) * posts;
    state.polar = state.polar * LEVEL_DECAY + (reading ? hour.dpos + hour.dneg : 0);
    dayPosts[h] = (dayPosts[h] ?? 0) * DAY_DECAY + posts;
    dayNet[h] = (dayNet[h] ?? 0) * DAY_DECAY + ((reading?.offset ?? 0) + residual) * posts;
  }
  state.wanderWeight = state.wanderWeight * WANDER_DECAY + w;
  state.wander = state.wander * WANDER_DECAY + w * (residual * residual - (reading?.ss ?? 0));
  state.wander = Math.max(state.wander, 0.0001 * state.wanderWeight);
}

/** Takes `level` over `posts` posts as what is usual from now on; the rhythm of the day stays. */
export function rebaseBand(state: BandState, level: number, posts: number): void {
  const polar = state.posts > 0 ? state.polar / state.posts : 0.55;
  // fewer posts than it was sure of before: it adapts faster, and says that it is less sure
  state.posts = Math.max(1, Math.min(state.posts, posts));
  state.net = level * state.posts;
  state.polar = polar * state.posts;
}

/** The evidence before the first hour. */
export function noEvidence(): number[] {
  return SIZES.map(() => 0);
}

/** Adds an hour's evidence in place and returns M, in hours. `sign`: −1 for a fall, 1 for a rise. */
export function addEvidence(evidence: number[], reading: BandReading, sign: -1 | 1): number {
  const error = Math.sqrt(reading.ss);
  const z = (sign * (reading.x - reading.b) - reading.eps) / error;
  let sum = 0;
  for (let j = 0; j < SIZES.length; j++) {
    const lambda = (SIZES[j] ?? 0) / error;
    const exponent = Math.min(50, Math.max(-50, lambda * z - (lambda * lambda) / 2));
    const m = Math.min(1e12, (1 + (evidence[j] ?? 0)) * Math.exp(exponent));
    evidence[j] = m;
    sum += m;
  }
  return sum / SIZES.length;
}

/** The size of shift that has the most evidence. */
export function likeliestSize(evidence: readonly number[]): number {
  let best = 0;
  for (let j = 1; j < SIZES.length; j++) if ((evidence[j] ?? 0) > (evidence[best] ?? 0)) best = j;
  return SIZES[best] ?? 0;
}
