/** `sada rules` and `sada alerts` as people type them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readAudit } from '../../shared/store/audit.ts';
import { START, withAlert } from '../helpers/alertApi.ts';
import { World } from '../helpers/alertWorld.ts';
import { TEST_SECRET } from '../helpers/databases.ts';
import { expect, test } from '../helpers/db.ts';
import { runCli, sadaEnvironment } from '../helpers/sada.ts';

test('rules are added, tried, silenced and removed; alerts are read and acknowledged', async ({ url, db }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'sada-alerts-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const environment = sadaEnvironment(dataDir, { DATABASE_URL: url, SADA_SECRET: TEST_SECRET });
  const sada = (...args: string[]) => runCli(args, environment);
  const world = new World(db, START);
  await world.channel('press');
  const { alert } = await withAlert(world, { name: 'Mood of all' });

  expect((await sada('alerts', 'list', '--state', 'firing')).stdout).toMatch(
    /1 +2026-11-11 .* Mood of all +net down|1 .*Mood of all +net_down/,
  );
  const shown = await sada('alerts', 'show', '1', '--language', 'fr');
  expect(shown.stdout).toMatch(/^Mood of all\s: sentiment net en baisse, de /);
  expect((await sada('alerts', 'ack', '1', '--note', 'seen')).stdout).toBe('alert 1: firing, acknowledged\n');
  expect((await world.alert()).acknowledged_by).toBe('command line');
  expect(await sada('alerts', 'show', '9')).toMatchObject({ code: 1, stderr: expect.stringContaining('no alert 9') });

  const added = await sada(
    'rules',
    'add',
    'Water',
    'net',
    '--topic',
    'water',
    '--channel',
    'press',
    '--sensitivity',
    'quiet',
  );
  expect(added.stdout).toContain('rule 2 added');
  expect((await sada('rules', 'backtest', '2')).stdout).toContain('no back-test: its hours are being counted');
  const tried = await sada('rules', 'backtest', '1');
  expect(tried.stdout).toMatch(/posts an hour +\d+/);
  expect(tried.stdout).toContain(alert.evidence.now.toFixed(2));
  expect((await sada('rules', 'shadow', '2')).stdout).toBe('Water is shadow\n');
  expect((await sada('rules', 'list')).stdout).toMatch(/2 +Water +net +\{"topic":\["water"\]\} +quiet +shadow/);
  expect(await sada('rules', 'add', 'X', 'net', '--topic', 'nothing')).toMatchObject({ code: 1 });
  expect(await sada('rules', 'add', 'X', 'mood')).toMatchObject({ code: 2 });
  expect((await sada('rules', 'remove', '2')).stdout).toBe('rule 2 deleted\n');
  expect(
    (await readAudit(db, { object: 'rule', objectId: 2, limit: 9 })).map(({ actor, action }) => [actor, action]),
  ).toEqual(['deleted', 'changed', 'created'].map((action) => ['command line', action]));
}, 240_000);
