/**
 * Figures of the benchmarks: percentiles, and how noisy the machine was meanwhile. Pure but for the clock; every file
 * beside this one calls it. Try it: `percentile([3, 1, 2], 0.5)`.
 */
import { cpus, loadavg, totalmem } from 'node:os';

/** The value that `share` (0 to 1) of the values do not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Three significant digits are more than a shared machine can repeat. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

export const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

export interface Times {
  runs: number;
  p50Ms: number;
  p99Ms: number;
}

export function describeTimes(timesMs: readonly number[]): Times {
  return { runs: timesMs.length, p50Ms: round(percentile(timesMs, 0.5)), p99Ms: round(percentile(timesMs, 0.99)) };
}

/** Milliseconds that `work` takes, with its result. */
export async function timed<T>(work: () => Promise<T> | T): Promise<{ ms: number; result: T }> {
  const begun = performance.now();
  const result = await work();
  return { ms: performance.now() - begun, result };
}

export interface Noise {
  /** Processes that wanted a core over the last minute. */
  load: number;
  /** Median time of one and the same piece of work over its best: 1 on a machine of our own, 2 when half was taken away. */
  slowdown: number;
}

/** Takes a third of a second of one core. */
export function measureNoise(): Noise {
  const times = Array.from({ length: 60 }, () => {
    const begun = performance.now();
    let value = 1;
    for (let i = 0; i < 1_000_000; i++) value = (Math.imul(value, 1_664_525) + i) | 0;
    return performance.now() - begun + (value === 0.5 ? 1 : 0);
  });
  return { load: round(loadavg()[0] ?? 0), slowdown: round(percentile(times, 0.5) / Math.min(...times)) };
}

export function describeMachine(): Record<string, unknown> {
  const cores = cpus();
  return {
    cores: cores.length,
    cpu: cores[0]?.model ?? 'unknown',
    memoryGb: round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}
