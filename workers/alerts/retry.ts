/**
 * When a delivery that failed is tried again: the schedule of Standard Webhooks, or as the receiver asks. Pure.
 * Called by workers/alerts/deliver.ts. Try it: `nextAttempt({ failed: 1, paced: 0 }, undefined, 0.5)`.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Waits after the first, second, … failure. The first attempt is made at once; after the tenth failure it is over. */
export const RETRY_AFTER_FAILURE_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
const LONGEST_WAIT_MS = 24 * HOUR_MS;
/** A receiver that always asks for a second is asked less and less often, and not for ever. */
const LONGEST_PACE_MS = 15 * MINUTE_MS;
const MOST_PACES = 300;
/** Waits are up to this much longer, so that what failed together does not come back together. */
const JITTER = 0.2;

/** How many paces a wait uses up of the three days that a receiver may ask for: one for each quarter of an hour. */
export function pacesOf(askedMs: number): number {
  return Math.max(1, Math.ceil(askedMs / LONGEST_PACE_MS));
}

/**
 * Milliseconds until the next attempt; undefined when there is none. `failed`: attempts that failed by themselves, this one
 * included; `paced`: paces of the waits that the receiver asked for, this one included when `askedMs` is given. `random`
 * in [0, 1). What the receiver asks for uses up no attempt of the schedule.
 */
export function nextAttempt(
  { failed, paced }: { failed: number; paced: number },
  askedMs: number | undefined,
  random: number,
): number | undefined {
  const jitter = 1 + JITTER * random;
  if (askedMs !== undefined) {
    if (paced > MOST_PACES) return undefined;
    const least = Math.min(LONGEST_PACE_MS, SECOND_MS * 2 ** Math.min(paced - 1, 20));
    return Math.min(LONGEST_WAIT_MS, Math.round(Math.max(askedMs, least) * jitter));
  }
  const wait = RETRY_AFTER_FAILURE_MS[failed - 1];
  return wait === undefined ? undefined : Math.round(wait * jitter);
}
