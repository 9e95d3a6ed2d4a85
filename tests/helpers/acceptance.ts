/**
 * What the tests of the main job share: a Sada for the length of a test, files through its CLI, the time that steps take.
 * Called by tests/e2e/real-*.test.ts.
 */
import { expect } from 'vitest';
import { type RunningSada, runCli, sadaEnvironment, startSada } from './sada.ts';

/** What `sada import --json` says of a file. */
export interface FileReport {
  importId: number;
  file: string;
  rows: number;
  valid: number;
  invalid: number;
  outcomes: Record<string, number>;
}

/** Starts a Sada, shows its last words when `work` fails, and removes it. */
export async function inSada(more: Record<string, string>, work: (sada: RunningSada) => Promise<void>): Promise<void> {
  const sada = await startSada(more);
  try {
    await work(sada);
  } catch (error) {
    process.stdout.write(`${sada.output().slice(-4_000)}\n`);
    throw error;
  } finally {
    await sada.remove();
  }
}

/** Imports files in one call, which must succeed. */
export async function importFiles(
  sada: RunningSada,
  files: readonly string[],
  ...options: string[]
): Promise<FileReport[]> {
  const result = await runCli(['import', ...files, '--json', ...options], sadaEnvironment(sada.dataDir));
  expect(result.code, result.stderr).toBe(0);
  return result.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FileReport);
}

/** Prints how long each step took: for people, nothing is asserted. */
export function stopwatch(): (what: string) => void {
  let last = performance.now();
  return (what) => {
    const now = performance.now();
    process.stdout.write(`  ${what}: ${((now - last) / 1000).toFixed(1)} s\n`);
    last = now;
  };
}
