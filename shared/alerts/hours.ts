/**
 * One closed hour of a scope, as every detector is given it, and small sums over hours. shared/store/scopeHours.ts reads
 * them, shared/alerts/watch.ts steps through them, infra/backtest/ makes them from files.
 */

export const HOUR_MS = 3_600_000;

/** A term that came up in the three hours that end with an hour. */
export interface TermSignal {
  term: string;
  /** All terms that were put together under `term`, itself included. */
  terms: string[];
  /** Distinct threads or authors that used it. */
  x: number;
  authors: number;
  /** How many were expected. */
  expected: number;
  /** −log10 of the chance of `x` or more. */
  score: number;
}

/**
 * One closed UTC hour of a scope. Lists of hours are contiguous: an hour that is not known has n 0 and complete false.
 * dneg, dneu, dpos and c are after equal texts were put together; c is the sum of squared sizes of threads (else authors).
 */
export interface ScopeHour {
  /** Start, ms. */
  at: number;
  /** 0 … 23 */
  localHour: number;
  /** 1 Monday … 7 Sunday */
  localDay: number;
  ramadan: boolean;
  n: number;
  scored: number;
  neg: number;
  neu: number;
  pos: number;
  dneg: number;
  dneu: number;
  dpos: number;
  c: number;
  authors: number;
  threads: number;
  complete: boolean;
  revision: number;
  /** Rules on terms only; absent where they were not counted. */
  terms?: TermSignal[];
}

/** Scored posts of an hour, equal texts put together. */
export function distinctPosts(hour: ScopeHour): number {
  return hour.dneg + hour.dneu + hour.dpos;
}

/** An hour of which nothing is known. */
export function unknownHour(at: number, localHour: number, localDay: number, ramadan = false): ScopeHour {
  return {
    at,
    localHour,
    localDay,
    ramadan,
    n: 0,
    scored: 0,
    neg: 0,
    neu: 0,
    pos: 0,
    dneg: 0,
    dneu: 0,
    dpos: 0,
    c: 0,
    authors: 0,
    threads: 0,
    complete: false,
    revision: 0,
  };
}
