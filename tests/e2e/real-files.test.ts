/**
 * The main job on files of real posts: `sada all` runs, 65,126 posts go in through the CLI twice, every door counts the
 * same, and an undo takes back what it should. The database is read only to check.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { one } from '../../shared/store/db.ts';
import { type FileReport, importFiles, inSada, stopwatch } from '../helpers/acceptance.ts';
import { wrongCells } from '../helpers/builders.ts';
import { clientOf } from '../helpers/client.ts';
import { corpus, titleWith } from '../helpers/corpora.ts';
import { everyDoorCounts, sum } from '../helpers/counting.ts';
import { type RunningSada, runCli, sadaEnvironment } from '../helpers/sada.ts';

const SENTIMENT = 'sentiment';

test.skipIf(!corpus(SENTIMENT))(
  titleWith('65,126 posts imported twice are there once, and every door counts the same', SENTIMENT),
  async () => {
    const folder = corpus(SENTIMENT) ?? '';
    const files = readdirSync(folder).filter((name) => name.endsWith('.tsv'));
    const paths = files.toSorted().map((name) => join(folder, name));
    const expected = paths.map((path) => readFileSync(path, 'utf8').trimEnd().split('\n').length - 1);
    const all = sum(expected, (n) => n);
    expect(all).toBe(65_126);
    const lap = stopwatch();
    await inSada({}, async (sada) => {
      lap('start');
      const first = await importFiles(sada, paths);
      lap('first import');
      expect(first.map(whatBecame)).toEqual(expected.map((n) => ({ rows: n, invalid: 0, outcomes: { added: n } })));
      await everyDoorCounts(sada, all);
      lap('counting at every door');

      const second = await importFiles(sada, paths);
      lap('second import');
      expect(second.map(whatBecame)).toEqual(expected.map((n) => ({ rows: n, invalid: 0, outcomes: { seen: n } })));
      await everyDoorCounts(sada, all);
      lap('counting at every door again');
      await undoEverything(sada, first, second);
      lap('undo');
    });
  },
);

/** Outcomes without those that nothing came to. */
function whatBecame({ rows, invalid, outcomes }: FileReport) {
  return { rows, invalid, outcomes: Object.fromEntries(Object.entries(outcomes).filter(([, n]) => n > 0)) };
}

/** An undo takes only what its import was the first to bring and nothing else saw. */
async function undoEverything(sada: RunningSada, first: readonly FileReport[], second: readonly FileReport[]) {
  const api = clientOf(sada.url);
  const undo = async (id: number) => (await api.post(`/v1/imports/${id}/undo`, {})).body;
  const left = async () => (await one<{ n: number }>(sada.db, 'select count(*)::int as n from posts'))?.n;
  const all = sum(first, ({ rows }) => rows);
  const [smallest] = first
    .map((report, index) => ({ report, again: second[index] }))
    .toSorted((a, b) => a.report.rows - b.report.rows);
  if (!smallest?.again) throw new Error('nothing was imported');

  // seen by the second import, too: all of it stays
  expect(await undo(smallest.report.importId)).toEqual({ removed: 0, kept: smallest.report.rows });
  // through the CLI: the second import was the first to bring nothing
  const result = await runCli(['import', 'undo', String(smallest.again.importId)], sadaEnvironment(sada.dataDir));
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout).toContain('0 posts removed');
  for (const report of second) expect(await undo(report.importId)).toEqual({ removed: 0, kept: 0 });
  expect(await left()).toBe(all);

  let gone = 0;
  for (const { importId, rows } of first) {
    // now nothing else saw them, and an undo may be repeated
    expect(await undo(importId)).toEqual({ removed: rows, kept: 0 });
    gone += rows;
    expect(await left()).toBe(all - gone);
  }
  expect(await wrongCells(sada.db)).toEqual([]);
  expect((await api.get('/v1/breakdown?by=language&period=7d')).body.total.n).toBe(0);
}
