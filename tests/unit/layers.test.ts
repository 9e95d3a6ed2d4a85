/** The import rule and the places that may read the environment. When this fails, move the code, not the rule. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const TOP = ['shared', 'workers', 'api', 'infra', 'tests'];

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('node_modules'));
}

test('imports point one way', async () => {
  const { stdout } = await run('node_modules/.bin/depcruise', [
    '--config',
    '.dependency-cruiser.mjs',
    '--no-progress',
    ...TOP,
  ]).catch((error: { stdout: string }) => error);
  expect(stdout).toContain('no dependency violations found');
}, 120_000);

test('only a main.ts or the CLI reads the environment', async () => {
  const readers: string[] = [];
  for (const folder of ['shared', 'workers', 'api', 'infra']) {
    for (const file of await sources(folder)) {
      if (/process\.env\b/.test(await readFile(file, 'utf8'))) readers.push(file);
    }
  }
  expect(readers.filter((file) => !/(^|\/)main\.ts$|^infra\/cli\.ts$/.test(file))).toEqual([]);
});

test('named time zones come from our own table: no SQL or Intl asks for one', async () => {
  const offenders: string[] = [];
  for (const folder of ['shared', 'workers', 'api', 'infra']) {
    for (const file of await sources(folder)) {
      const text = await readFile(file, 'utf8');
      if (/at time zone '(?!UTC')|date_trunc\([^)]*'[A-Z][a-z]+\/|timeZone: '(?!UTC')|\btz:/.test(text))
        offenders.push(file);
    }
  }
  expect(offenders).toEqual([]);
});

test('every source file says at its top what it is', async () => {
  const silent: string[] = [];
  for (const folder of TOP) {
    for (const file of await sources(folder)) {
      const text = await readFile(file, 'utf8');
      if (!/^(#!.*\n)?(\/\*\*|\/\/)/.test(text)) silent.push(file);
    }
  }
  expect(silent).toEqual([]);
});
