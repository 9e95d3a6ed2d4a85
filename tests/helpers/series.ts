/**
 * Made-up hours of a scope, for tests and measurements of detectors: a rhythm of the day, a level that wanders, threads whose
 * posts agree, labels with mistakes. The same seed gives the same hours. `aSeries({ seed: 1, volume: 50, weeks: 6 })`.
 */
import { HOUR_MS, type ScopeHour, unknownHour } from '../../shared/alerts/hours.ts';
import { normal, seeded } from '../../shared/alerts/random.ts';

export interface SeriesOptions {
  seed: number;
  /** Posts an hour, mean of a week. */
  volume: number;
  weeks: number;
  /** A fall of true net sentiment from hour `at` on, for `hours` hours; `surge` times the posts meanwhile. */
  fall?: { at: number; hours: number; size: number; surge?: number };
}

const START = Date.parse('2025-01-06T00:00:00Z');
/** Share of a true change that labels with the usual mistakes still show. */
const SHRINKAGE = 0.725;
const WANDER = 0.04;
const THREAD_SHARE = 0.25;
const THREAD_HOURS = 3.5;
const NEUTRAL = 0.44;

interface Thread {
  rate: number;
  /** Label of its root, and which way its replies lean. */
  root: -1 | 0 | 1;
}

export function aSeries({ seed, volume, weeks, fall }: SeriesOptions): ScopeHour[] {
  const random = seeded(seed, 1);
  const posts = seeded(seed, 2);
  const hours: ScopeHour[] = [];
  let busy = normal(random) * 0.2;
  let wander = normal(random) * WANDER;
  let threads: Thread[] = [];
  for (let t = 0; t < weeks * 168; t++) {
    const hour = unknownHour(START + t * HOUR_MS, (t + 1) % 24, (Math.floor((t + 1) / 24) % 7) + 1);
    const falling = fall && t >= fall.at && t < fall.at + fall.hours ? fall : undefined;
    busy = 0.9 * busy + Math.sqrt(1 - 0.81) * 0.22 * normal(random);
    wander = 0.97 * wander + Math.sqrt(1 - 0.97 ** 2) * WANDER * normal(random);
    const rhythm = 1 + 0.75 * Math.cos((2 * Math.PI * (hour.localHour - 18)) / 24);
    const rate = volume * rhythm * Math.exp(busy - 0.024) * (falling?.surge ?? 1);
    const level = 0.15 + 0.03 * Math.cos((2 * Math.PI * (hour.localHour - 10)) / 24) + wander - (falling?.size ?? 0);
    const net = level * SHRINKAGE + 0.02;
    add(hour, poisson(posts, rate * (1 - THREAD_SHARE)), net, posts);
    hour.c = hour.n;
    threads = [...threads.filter((thread) => thread.rate > 0.02), ...newThreads(posts, rate, volume, level)];
    for (const thread of threads) speak(hour, thread, net, posts);
    hour.n = hour.scored = hour.dneg + hour.dneu + hour.dpos;
    hours.push({ ...hour, neg: hour.dneg, neu: hour.dneu, pos: hour.dpos, complete: true, revision: 1 });
  }
  return hours;
}

/** Sizes from 3 posts to two hours of them all, small ones by far the most. */
function newThreads(random: () => number, rate: number, volume: number, level: number): Thread[] {
  const most = Math.max(6, 2 * volume);
  const mean = ((1.5 * 3) / 0.5) * ((1 - (3 / most) ** 0.5) / (1 - (3 / most) ** 1.5));
  return Array.from({ length: poisson(random, (rate * THREAD_SHARE) / mean) }, () => {
    const size = 3 / (1 - random() * (1 - (3 / most) ** 1.5)) ** (1 / 1.5);
    return { rate: size * (1 - Math.exp(-1 / THREAD_HOURS)), root: labelOf(random, level, 0.3) };
  });
}

/** An hour of a thread: replies, of which many agree, and copies of its root, which count once. */
function speak(hour: ScopeHour, thread: Thread, net: number, random: () => number): void {
  const replies = poisson(random, thread.rate / 2);
  const copied = poisson(random, thread.rate / 2) > 0;
  thread.rate *= Math.exp(-1 / THREAD_HOURS);
  add(hour, replies, 0.3 * net + 0.5 * thread.root, random);
  if (copied) count(hour, thread.root);
  hour.c += (replies + (copied ? 1 : 0)) ** 2;
}

function add(hour: ScopeHour, posts: number, net: number, random: () => number): void {
  for (let i = 0; i < posts; i++) count(hour, labelOf(random, net, NEUTRAL));
  hour.n += posts;
}

function count(hour: ScopeHour, label: -1 | 0 | 1): void {
  if (label === -1) hour.dneg += 1;
  else if (label === 0) hour.dneu += 1;
  else hour.dpos += 1;
}

function labelOf(random: () => number, net: number, neutral: number): -1 | 0 | 1 {
  const negative = Math.min(1 - neutral, Math.max(0, (1 - neutral - net) / 2));
  const u = random();
  if (u < negative) return -1;
  return u < negative + neutral ? 0 : 1;
}

function poisson(random: () => number, mean: number): number {
  if (mean > 200) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const least = Math.exp(-mean);
  let count = -1;
  for (let p = 1; p > least; count++) p *= random();
  return count;
}
