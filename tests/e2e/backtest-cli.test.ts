/** The back-test as started from a terminal: files in, one line an alarm out, errors named, the rest still done. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ScopeHour } from '../../shared/alerts/hours.ts';
import { aSeries } from '../helpers/series.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FALL = { at: 700, hours: 48, size: 0.5, surge: 3 };
let folder = '';
let start = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sada-backtest-'));
  const hours = aSeries({ seed: 1, volume: 60, weeks: 5, fall: FALL });
  start = new Date(hours[FALL.at]?.at ?? 0).toISOString();
  const calm = aSeries({ seed: 2, volume: 60, weeks: 3 });
  await writeFile(join(folder, 'fall.csv'), labels(hours));
  await writeFile(join(folder, 'calm.csv'), labels(calm));
  await writeFile(join(folder, 'bad.csv'), labels(calm).replace(/(?<=\n)2025-01-06T03/, 'long ago'));
  await writeFile(join(folder, 'volume.csv'), counts(hours));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function labels(hours: readonly ScopeHour[]): string {
  const rows = hours.map(({ at, localHour, dneg, dneu, dpos, c }) =>
    [new Date(at).toISOString(), localHour, dneg, dneu, dpos, c].join(','),
  );
  return ['hour_utc,local_hour,dneg,dneu,dpos,dsumN2', ...rows, ''].join('\n');
}

/** Two rows an hour, 7 and 37 minutes past. */
function counts(hours: readonly ScopeHour[]): string {
  const stamp = (at: number, minutes: number) =>
    new Date(at + minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const rows = hours.flatMap(({ at, n }) => [
    `${stamp(at, 7)},${Math.floor(n / 2)}`,
    `${stamp(at, 37)},${Math.ceil(n / 2)}`,
  ]);
  return ['timestamp,value', ...rows, ''].join('\n');
}

async function backtest(...args: string[]): Promise<{ code: number; lines: string[]; err: string }> {
  const child = spawn('npm', ['run', '--silent', 'backtest', '--', ...args], { cwd: ROOT });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    out += data;
  });
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    err += data;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, lines: out.split('\n').filter((line) => line !== ''), err };
}
const input = (...names: string[]) => names.flatMap((name) => ['--input', join(folder, name)]);

test('falls are written with the series, the end of the hour and the direction', async () => {
  const { code, lines, err } = await backtest(...input('calm.csv', 'fall.csv'));
  expect([code, err]).toEqual([0, '']);
  const during = lines.filter((line) => line.startsWith('fall,') && line >= `fall,${start}`);
  expect(during[0]).toMatch(/^fall,2025-02-0\dT\d\d:00:00\.000Z,down$/);
  expect(Date.parse(during[0]?.split(',')[1] ?? '') - Date.parse(start)).toBeLessThanOrEqual(6 * 3_600_000);
});

test('counts are written with the last row of the hour, and a higher threshold writes fewer', async () => {
  const { code, lines } = await backtest(...input('volume.csv'), '--metric', 'count');
  expect(code).toBe(0);
  expect(lines.at(-1)).toMatch(/^volume\.csv,2025-02-0\d \d\d:37:00$/);
  const none = await backtest(...input('volume.csv'), '--metric', 'count', '--threshold', '300');
  expect(none).toEqual({ code: 0, lines: [], err: '' });
});

test('more negative posts are a fall', async () => {
  const { lines } = await backtest(...input('fall.csv'), '--metric', 'negatives', '--sensitivity', 'quiet');
  expect(lines.at(-1)).toMatch(/^fall,.*,down$/);
});

test('a file with an error is named with its line, the others are done, and the code is 1', async () => {
  const { code, lines, err } = await backtest(...input('bad.csv', 'missing.csv', 'fall.csv'));
  expect(code).toBe(1);
  expect(err.split('\n').filter((line) => line !== '')).toEqual([
    expect.stringContaining(`${join(folder, 'bad.csv')}:5: not a time: long ago`),
    expect.stringContaining(join(folder, 'missing.csv')),
  ]);
  expect(lines.some((line) => line.startsWith('fall,'))).toBe(true);
});

test.each([
  [['--metric', 'posts'], /--metric/],
  [['--threshold', '-1'], /--threshold/],
] as const)('a wrong option is explained: %j', async (args, message) => {
  const { code, err } = await backtest(...input('calm.csv'), ...args);
  expect(code).toBe(1);
  expect(err).toMatch(message);
});
