/**
 * Measured false alarms and delays, for scopes without history of their own. Net sentiment: 100 made-up series for each
 * volume (tests/bench/alertTable.ts prints the rows). Counts: ten real series of tweets (Numenta Anomaly Benchmark,
 * realTweets), spikes that nobody labelled included. Between rows the logarithm is interpolated; beyond them nothing better
 * is claimed. Called by shared/alerts/meaning.ts.
 */
import type { RuleParameters } from '../contracts/alerts.ts';

const HOURS_A_MONTH = 720;
const HOURS_A_WEEK = 168;

/** Falsely told falls in 720 hours; median hours until a lasting fall is found (null: most are not in 7 days), share found. */
type Row = [
  band: number,
  evidence: number,
  volume: number,
  falseFalls: number,
  hours02: number | null,
  found02: number,
  hours03: number | null,
  found03: number,
];

// biome-ignore format: a table
const NET: readonly Row[] = [
  [1.25, 240, 1, 0.42, null, 0.33, 117, 0.59],
  [1.25, 720, 1, 0.07, null, 0.14, null, 0.32],
  [1.25, 2160, 1, 0.03, null, 0.03, null, 0.1],
  [1.25, 7200, 1, 0, null, 0.01, null, 0.03],
  [1.25, 72000, 1, 0, null, 0, null, 0],
  [2, 720, 1, 0.03, null, 0.02, null, 0.08],
  [2, 2160, 1, 0, null, 0.01, null, 0.02],
  [2, 7200, 1, 0, null, 0, null, 0.01],
  [2, 72000, 1, 0, null, 0, null, 0],
  [1.25, 240, 2, 0.8, 89, 0.72, 42, 0.93],
  [1.25, 720, 2, 0.19, null, 0.39, 74, 0.75],
  [1.25, 2160, 2, 0.06, null, 0.24, null, 0.49],
  [1.25, 7200, 2, 0.02, null, 0.1, null, 0.34],
  [1.25, 72000, 2, 0, null, 0.02, null, 0.11],
  [2, 720, 2, 0.08, null, 0.25, null, 0.43],
  [2, 2160, 2, 0.02, null, 0.06, null, 0.26],
  [2, 7200, 2, 0.01, null, 0.01, null, 0.12],
  [2, 72000, 2, 0, null, 0, null, 0.05],
  [1.25, 240, 5, 1.02, 47, 0.9, 24, 0.99],
  [1.25, 720, 5, 0.35, 73, 0.74, 37, 0.98],
  [1.25, 2160, 5, 0.12, 165, 0.51, 49, 0.91],
  [1.25, 7200, 5, 0.04, null, 0.33, 70, 0.79],
  [1.25, 72000, 5, 0, null, 0.13, 139, 0.54],
  [2, 720, 5, 0.11, null, 0.47, 52, 0.86],
  [2, 2160, 5, 0.04, null, 0.27, 83, 0.67],
  [2, 7200, 5, 0.02, null, 0.14, 163, 0.51],
  [2, 72000, 5, 0, null, 0.02, null, 0.26],
  [1.25, 240, 10, 1.12, 38, 0.96, 16, 1],
  [1.25, 720, 10, 0.42, 52, 0.92, 23, 1],
  [1.25, 2160, 10, 0.17, 68, 0.77, 26, 1],
  [1.25, 7200, 10, 0.06, 89, 0.65, 36, 0.99],
  [1.25, 72000, 10, 0.03, null, 0.45, 49, 0.94],
  [2, 720, 10, 0.17, 73, 0.69, 28, 0.99],
  [2, 2160, 10, 0.06, 116, 0.54, 38, 0.98],
  [2, 7200, 10, 0.03, null, 0.39, 50, 0.89],
  [2, 72000, 10, 0, null, 0.13, 71, 0.77],
  [1.25, 240, 20, 1.18, 23, 1, 10, 1],
  [1.25, 720, 20, 0.51, 28, 0.97, 13, 1],
  [1.25, 2160, 20, 0.23, 38, 0.92, 17, 1],
  [1.25, 7200, 20, 0.11, 48, 0.86, 21, 1],
  [1.25, 72000, 20, 0.03, 79, 0.72, 25, 1],
  [2, 720, 20, 0.2, 48, 0.8, 19, 1],
  [2, 2160, 20, 0.09, 67, 0.71, 22, 1],
  [2, 7200, 20, 0.04, 104, 0.58, 25, 0.99],
  [2, 72000, 20, 0.01, null, 0.44, 35, 0.94],
  [1.25, 240, 50, 1.01, 13, 0.99, 6, 0.99],
  [1.25, 720, 50, 0.54, 17, 1, 8, 1],
  [1.25, 2160, 50, 0.24, 20, 1, 9, 1],
  [1.25, 7200, 50, 0.1, 24, 1, 10, 1],
  [1.25, 72000, 50, 0.03, 32, 0.97, 12, 1],
  [2, 720, 50, 0.11, 24, 0.94, 9, 1],
  [2, 2160, 50, 0.06, 33, 0.9, 11, 1],
  [2, 7200, 50, 0.03, 40, 0.84, 12, 1],
  [2, 72000, 50, 0.01, 69, 0.71, 16, 1],
  [1.25, 240, 100, 0.69, 10, 1, 5, 1],
  [1.25, 720, 100, 0.39, 11, 1, 6, 1],
  [1.25, 2160, 100, 0.18, 13, 1, 6, 1],
  [1.25, 7200, 100, 0.14, 15, 1, 6, 1],
  [1.25, 72000, 100, 0.03, 19, 0.98, 8, 1],
  [2, 720, 100, 0.07, 18, 0.97, 6, 1],
  [2, 2160, 100, 0.02, 21, 0.93, 7, 1],
  [2, 7200, 100, 0.02, 24, 0.9, 9, 1],
  [2, 72000, 100, 0.01, 32, 0.8, 11, 1],
  [1.25, 240, 200, 0.65, 6, 0.99, 3, 1],
  [1.25, 720, 200, 0.43, 7, 0.99, 3, 1],
  [1.25, 2160, 200, 0.26, 8, 0.99, 3, 1],
  [1.25, 7200, 200, 0.17, 10, 0.99, 4, 1],
  [1.25, 72000, 200, 0.07, 12, 1, 5, 1],
  [2, 720, 200, 0.1, 12, 0.99, 4, 1],
  [2, 2160, 200, 0.03, 13, 0.99, 5, 1],
  [2, 7200, 200, 0.02, 14, 0.98, 5, 1],
  [2, 72000, 200, 0.01, 17, 0.98, 6, 1],
  [1.25, 240, 500, 0.8, 3, 1, 2, 1],
  [1.25, 720, 500, 0.56, 4, 1, 2, 1],
  [1.25, 2160, 500, 0.4, 5, 1, 2, 1],
  [1.25, 7200, 500, 0.33, 5, 1, 2, 1],
  [1.25, 72000, 500, 0.19, 6, 1, 3, 1],
  [2, 720, 500, 0.09, 6, 1, 2, 1],
  [2, 2160, 500, 0.05, 6, 1, 3, 1],
  [2, 7200, 500, 0.03, 7, 1, 3, 1],
  [2, 72000, 500, 0.02, 9, 0.98, 3, 1],
  [1.25, 240, 1000, 0.8, 2, 1, 1, 1],
  [1.25, 720, 1000, 0.6, 3, 1, 1, 1],
  [1.25, 2160, 1000, 0.47, 3, 1, 1, 1],
  [1.25, 7200, 1000, 0.38, 3, 1, 1, 1],
  [1.25, 72000, 1000, 0.25, 4, 1, 2, 1],
  [2, 720, 1000, 0.11, 4, 1, 1, 1],
  [2, 2160, 1000, 0.07, 4, 0.99, 2, 1],
  [2, 7200, 1000, 0.05, 5, 0.99, 2, 1],
  [2, 72000, 1000, 0.03, 5, 0.99, 2, 1],
  [1.25, 240, 2000, 0.85, 1, 1, 1, 1],
  [1.25, 720, 2000, 0.74, 2, 1, 1, 1],
  [1.25, 2160, 2000, 0.67, 2, 1, 1, 1],
  [1.25, 7200, 2000, 0.57, 2, 1, 1, 1],
  [1.25, 72000, 2000, 0.41, 2, 1, 1, 1],
  [2, 720, 2000, 0.09, 2, 1, 1, 1],
  [2, 2160, 2000, 0.04, 3, 1, 1, 1],
  [2, 7200, 2000, 0.02, 3, 1, 1, 1],
  [2, 72000, 2000, 0.02, 3, 1, 1, 1],
];

/** False alarms of a count a week, by −log10 of the chance from which it is told. */
const COUNTS: readonly [threshold: number, aWeek: number][] = [
  [2, 1.1],
  [2.5, 0.79],
  [3, 0.55],
  [4, 0.31],
  [5, 0.22],
];

/** Volume, and the score of a term that chance brings once a week. */
const TERMS: readonly [volume: number, score: number][] = [
  [50, 4.2],
  [500, 5.2],
];

/** Falls (or rises) told in 720 hours in which nothing happens. `volume`: scored posts an hour, equal texts once. */
export function netFalseAlarms(parameters: RuleParameters, volume: number): number {
  const rows = rowsOf(parameters);
  const at = between(rows.evidences, parameters.alert_at, (evidence) =>
    between(rows.volumes, volume, (posts) => rows.find(evidence, posts)?.[3] ?? null),
  );
  // below the smallest that was measured, alarms are at most as much more frequent as evidence is weaker
  return (at ?? 0) * Math.max(1, (rows.evidences[0] ?? 1) / parameters.alert_at);
}

/** How long a lasting fall takes to be found, for a fall of 0.2 or 0.3 in what people say. */
export function simulatedDelay(
  parameters: RuleParameters,
  volume: number,
  fall: 0.2 | 0.3,
): { medianHours: number | null; found: number } {
  const rows = rowsOf(parameters);
  if (parameters.alert_at > (rows.evidences.at(-1) ?? 0)) return { medianHours: null, found: 0 };
  const read = (column: 4 | 5 | 6 | 7): number | null =>
    between(rows.evidences, parameters.alert_at, (evidence) =>
      between(rows.volumes, volume, (posts) => rows.find(evidence, posts)?.[column] ?? null),
    );
  const hours = read(fall === 0.2 ? 4 : 6);
  return { medianHours: hours === null ? null : Math.ceil(hours), found: read(fall === 0.2 ? 5 : 7) ?? 0 };
}

/** False alarms of a count in 720 hours. */
export function countFalseAlarms(threshold: number): number {
  const aWeek = between(
    COUNTS.map(([at]) => 10 ** at),
    10 ** threshold,
    (at) => COUNTS.find(([row]) => 10 ** row === at)?.[1] ?? null,
  );
  return ((aWeek ?? 0) * HOURS_A_MONTH) / HOURS_A_WEEK;
}

/** False terms in 720 hours: never fewer than the one a week that was measured. */
export function termFalseAlarms(threshold: number, volume: number): number {
  const weekly = between(
    TERMS.map(([posts]) => posts),
    volume,
    (posts) => TERMS.find(([row]) => row === posts)?.[1] ?? null,
  );
  return (10 ** Math.max(0, (weekly ?? 0) - threshold) * HOURS_A_MONTH) / HOURS_A_WEEK;
}

function rowsOf({ band }: RuleParameters): {
  evidences: number[];
  volumes: number[];
  find: (evidence: number, volume: number) => Row | undefined;
} {
  const rows = NET.filter((row) => row[0] === (band >= 2 ? 2 : 1.25));
  return {
    evidences: [...new Set(rows.map((row) => row[1]))],
    volumes: [...new Set(rows.map((row) => row[2]))].toSorted((a, b) => a - b),
    find: (evidence, volume) => rows.find((row) => row[1] === evidence && row[2] === volume),
  };
}

/** Interpolates in the logarithm of `x`; the ends hold beyond them. Null where a row that counts has none. */
function between(points: readonly number[], x: number, read: (point: number) => number | null): number | null {
  const above = points.findIndex((point) => point >= x);
  const high = points[above === -1 ? points.length - 1 : above] ?? 1;
  const low = points[above - 1] ?? high;
  const [a, b] = [read(low), read(high)];
  if (low === high || above === -1) return b;
  if (a === null || b === null) return null;
  return a + ((b - a) * Math.log(x / low)) / Math.log(high / low);
}
