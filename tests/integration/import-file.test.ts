/** Import of whole files: every post once, whatever is stopped, repeated or broken on the way. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createLog } from '../../shared/log.ts';
import { undoImport } from '../../shared/store/chunks.ts';
import { type Db, inTransaction, many, one, run } from '../../shared/store/db.ts';
import { addChunk, endReading, findImport, finishImport, listImports, openImport } from '../../shared/store/imports.ts';
import { instantsOf } from '../../shared/store/zones.ts';
import { type ImportOptions, importFile, previewImport } from '../../workers/importFile.ts';
import { Progress } from '../../workers/imports/progress.ts';
import { workOff } from '../../workers/imports/wait.ts';
import { ingest } from '../../workers/ingest.ts';
import { ingestChunk } from '../../workers/jobs.ts';
import { aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

let folder = '';
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sada-import-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function aFile(content: string | Uint8Array): Promise<string> {
  files += 1;
  const path = join(folder, `posts-${files}.csv`);
  await writeFile(path, content);
  return path;
}

/** `id,text,date` with n rows, of which each hundredth is broken. */
function aTable(n: number, name = 'row'): string {
  const rows = Array.from({ length: n }, (_, i) =>
    i % 100 === 99 ? `${i},broken` : `${i},${name} ${i} on data centres,2026-11-20T10:00:00Z`,
  );
  return `id,text,date\n${rows.join('\n')}\n`;
}

function importDeps(db: Db) {
  const jobs = {
    ...ingestDeps(db),
    log: createLog('test', 'silent'),
    retentionDays: undefined,
    queues: {
      add: async () => undefined,
      addChunks: async () => undefined,
      schedule: async () => ({ added: 0, removed: 0 }),
      counts: async () => ({}),
      close: async () => undefined,
    },
  };
  const told: number[] = [];
  return {
    told,
    db,
    enqueue: async (ids: number[]) => void told.push(...ids),
    work: (id: number) => ingestChunk(jobs, { from: 'import', id }),
  };
}

const counts = (db: Db) =>
  one(
    db,
    'select (select count(*) from posts) as posts, (select count(*) from post_keys) as keys, (select coalesce(sum(n), 0)::int from rollup_hour where topic = 0) as rolled',
  );

test('a file imported twice adds each post once', async ({ db }) => {
  const file = await aFile(aTable(1200));
  const deps = importDeps(db);
  const first = await importFile(deps, { file });
  expect(first).toMatchObject({
    rows: 1200,
    valid: 1188,
    invalid: 12,
    outcomes: { added: 1188 },
    resumed: false,
    notes: [],
  });
  expect(first.errors[0]).toEqual({ line: 101, detail: 'line 101: has 2 fields where the header has 3' });
  const again = await importFile(deps, { file });
  expect(again).toMatchObject({ rows: 1200, valid: 1188, resumed: false });
  expect([first.outcomes, again.outcomes]).toEqual([{ added: 1188 }, { seen: 1188 }]); // and no zeros
  expect(again.importId).not.toBe(first.importId);
  expect(await counts(db)).toEqual({ posts: 1188, keys: 1188, rolled: 1188 });
  expect(await listImports(db)).toMatchObject([
    { state: 'done', chunks_waiting: 0 },
    { state: 'done', chunks_waiting: 0 },
  ]);
  expect(deps.told).toHaveLength(6);
  expect(await wrongCells(db)).toEqual([]);
});

test.for(['reading', 'ingesting'] as const)('an import stopped while %s goes on where it was', async (step, { db }) => {
  const file = await aFile(aTable(3000));
  const deps = importDeps(db);
  const stop = new AbortController();
  const options: ImportOptions = {
    file,
    signal: stop.signal,
    onProgress: (p) => {
      if (p.step === step && (step === 'ingesting' ? p.chunksWaiting <= 3 : p.rowsRead >= 1000))
        stop.abort(new Error('stopped here'));
    },
  };
  await expect(importFile(deps, options)).rejects.toThrow('stopped here');
  const report = await importFile(deps, { file });
  if (step === 'reading') expect(report.resumed).toBe(true);
  expect(report).toMatchObject({ rows: 3000, valid: 2970, invalid: 30 });
  expect(await counts(db)).toEqual({ posts: 2970, keys: 2970, rolled: 2970 });
  expect(await wrongCells(db)).toEqual([]);
});

test('a transaction that fails leaves neither a chunk nor its progress, and the next run makes both good', async ({
  db,
}) => {
  const file = await aFile(aTable(2000));
  const deps = importDeps(db);
  await run(
    db,
    `create or replace function fail_third() returns trigger language plpgsql as $$ begin
       if new.seq = 2 then raise exception 'planted failure'; end if; return new; end $$`,
  );
  await run(db, 'create trigger fail_third before insert on import_chunks for each row execute function fail_third()');
  try {
    await expect(importFile(deps, { file })).rejects.toThrow('planted failure');
  } finally {
    await run(db, 'drop trigger fail_third on import_chunks');
  }
  expect(await one(db, 'select rows_read, state from imports')).toEqual({ rows_read: 1000, state: 'reading' });
  const report = await importFile(deps, { file });
  expect(report).toMatchObject({ rows: 2000, valid: 1980, invalid: 20, outcomes: { added: 1980 }, resumed: true });
  expect(await counts(db)).toEqual({ posts: 1980, keys: 1980, rolled: 1980 });
});

test('a queue that fails to take a chunk loses nothing', async ({ db }) => {
  const file = await aFile(aTable(1000));
  const deps = importDeps(db);
  const enqueue = async () => {
    throw new Error('the queue is down');
  };
  await expect(importFile({ ...deps, enqueue }, { file })).rejects.toThrow('the queue is down');
  expect(await importFile(deps, { file })).toMatchObject({ rows: 1000, outcomes: { added: 990 }, resumed: true });
});

test('reading does not wait for the queue, which is told of every chunk before the import ends', async ({ db }) => {
  const file = await aFile(aTable(3000));
  const deps = importDeps(db);
  let end = () => {};
  const readingIsOver = new Promise<void>((resolve) => {
    end = resolve;
  });
  let calls = 0;
  const enqueue = async (ids: number[]) => {
    calls += 1;
    await readingIsOver;
    await deps.enqueue(ids);
  };
  const onProgress = (p: { rowsRead: number }) => p.rowsRead === 3000 && end();
  expect(await importFile({ ...deps, enqueue }, { file, onProgress })).toMatchObject({ outcomes: { added: 2970 } });
  expect(calls).toBeLessThan(6);
  expect(deps.told).toEqual((await many(db, 'select id from import_chunks order by id')).map(({ id }) => id));
});

test('a queue that fails late, when all is read, fails the import, and the next run makes it good', async ({ db }) => {
  const file = await aFile(aTable(1000));
  const deps = importDeps(db);
  const enqueue = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    throw new Error('the queue is down');
  };
  await expect(importFile({ ...deps, enqueue }, { file })).rejects.toThrow('the queue is down');
  expect(await importFile(deps, { file })).toMatchObject({ rows: 1000, outcomes: { added: 990 }, resumed: true });
});

test('how many chunks wait is not asked after each of them', async ({ db }) => {
  const file = await aFile(aTable(20_000));
  const waiting: number[] = [];
  const onProgress = (p: { step: string; chunksWaiting: number }) =>
    p.step === 'reading' && waiting.push(p.chunksWaiting);
  await importFile(importDeps(db), { file, onProgress });
  expect(new Set(waiting).size).toBeLessThan(10); // of 40 chunks
});

test('a chunk that a worker holds is asked for soon, then less and less often', async ({ db }) => {
  const source = await aSource(db);
  const file = { sourceId: source.id, name: 'a.csv', hash: 'h', bytes: 1, options: {} };
  const { id } = await inTransaction(db, (tx) => openImport(tx, file));
  const add = (seq: number) =>
    inTransaction(db, (tx) => addChunk(tx, id, seq, [seen()], { bytesRead: 1, rowsRead: 1, invalid: [] }));
  await add(0);
  await add(1);
  await endReading(db, id);
  const pauses: number[] = [];
  const pause = async (ms: number) => {
    pauses.push(ms);
    if (pauses.length % 6 !== 0) return;
    await run(
      db,
      `update import_chunks set state = 'done', events = null, counts = '{}' where id = (select max(id) from import_chunks where state = 'waiting')`,
    );
    await finishImport(db, id);
  };
  const work = async () => undefined; // a worker has each of them
  const progress = new Progress(1, undefined);
  expect(await workOff({ db, work, pause }, id, progress, new AbortController().signal)).toMatchObject({
    state: 'done',
  });
  expect(pauses).toEqual([25, 50, 100, 200, 250, 250, 25, 50, 100, 200, 250, 250]);
});

test('the same file read in another way is another import, not the rest of the first', async ({ db }) => {
  const file = await aFile(aTable(1500));
  const deps = importDeps(db);
  const stop = new AbortController();
  const onProgress = (p: { rowsRead: number }) => p.rowsRead >= 500 && stop.abort(new Error('stopped here'));
  await expect(importFile(deps, { file, signal: stop.signal, onProgress })).rejects.toThrow('stopped here');
  const report = await importFile(deps, { file, site: 'x.com' });
  expect(report).toMatchObject({ resumed: false, rows: 1500, outcomes: { added: 1485 } });
});

test('two processes cannot import one file into one source at once', async ({ db }) => {
  const file = await aFile(aTable(1000));
  const deps = importDeps(db);
  const results = await Promise.allSettled([importFile(deps, { file }), importFile(deps, { file })]);
  const failed = results.filter((result) => result.status === 'rejected');
  // Both may have run one after the other, when the first was done before the second had read the file.
  for (const { reason } of failed) expect(String(reason)).toMatch(/another process/);
  expect(await counts(db)).toEqual({ posts: 990, keys: 990, rolled: 990 });
});

test('what waits is bounded while a file is read', async ({ db }) => {
  const rows = Array.from({ length: 102_500 }, (_, i) => `${i},x`);
  const file = await aFile(`id,text\n${rows.join('\n')}\n`);
  let most = 0;
  const waiting = async () =>
    (await one<{ n: number }>(db, `select count(*) as n from import_chunks where state = 'waiting'`))?.n ?? 0;
  const work = async (id: number) => {
    most = Math.max(most, await waiting());
    await run(db, `update import_chunks set state = 'done', events = null, counts = '{}' where id = $1`, [id]);
    await run(
      db,
      `update imports set state = 'done' where state = 'read' and not exists (select 1 from import_chunks where state = 'waiting')`,
    );
  };
  const report = await importFile({ db, enqueue: async () => undefined, work }, { file });
  expect(report.rows).toBe(102_500);
  expect(most).toBeGreaterThan(200);
  expect(most).toBeLessThanOrEqual(210);
});

test('without a worker here, an import waits for the workers', async ({ db }) => {
  const file = await aFile(aTable(1000));
  const { work, ...deps } = importDeps(db);
  const told: Promise<void>[] = [];
  const enqueue = async (ids: number[]) => void told.push(...ids.map((id) => work(id)));
  expect(await importFile({ ...deps, enqueue }, { file })).toMatchObject({ rows: 1000, outcomes: { added: 990 } });
  await Promise.all(told);
});

test('a dry run reads and checks everything and writes nothing', async ({ db }) => {
  const deps = importDeps(db);
  await importFile(deps, { file: await aFile(aTable(600)), sourceName: 'first' });
  const before = await tables(db);
  const report = await importFile(deps, { file: await aFile(aTable(1000)), dryRun: true });
  expect(report).toMatchObject({
    importId: undefined,
    rows: 1000,
    valid: 990,
    invalid: 10,
    outcomes: { known: 594, new: 396 },
  });
  expect(report.errors).toHaveLength(10);
  expect(await tables(db)).toEqual(before);
});

function tables(db: Db) {
  return many(
    db,
    `select 'sources' as t, count(*) as n from sources union all select 'imports', count(*) from imports
     union all select 'chunks', count(*) from import_chunks union all select 'keys', count(*) from post_keys order by 1`,
  );
}

test('a file that cannot be read is refused before anything is written', async ({ db }) => {
  const deps = importDeps(db);
  await expect(importFile(deps, { file: await aFile(Buffer.from([0x1f, 0x8b, 8, 0])) })).rejects.toThrow(/gzip/);
  await expect(importFile(deps, { file: await aFile('id,mystery\n1,a\n') })).rejects.toThrow(/--map text=/);
  await expect(importFile(deps, { file: await aFile(aTable(3)), zone: 'Mars/Olympus' })).rejects.toThrow(
    /no time zone "Mars/,
  );
  expect(await tables(db)).toEqual([
    { t: 'chunks', n: 0 },
    { t: 'imports', n: 0 },
    { t: 'keys', n: 0 },
    { t: 'sources', n: 0 },
  ]);
});

test('a column that is there twice is an error where a field needs it, else a note', async ({ db }) => {
  const deps = importDeps(db);
  await expect(importFile(deps, { file: await aFile('text,text,id\na,b,1\n') })).rejects.toThrow(
    /the column "text" appears twice \(columns 1 and 2\)/,
  );
  const file = await aFile('id,text,likes,likes\n1,a,2,3\n');
  const note = 'The column "likes" appears twice (columns 3 and 4); no field is read from it.';
  for (const dryRun of [true, false]) expect((await importFile(deps, { file, dryRun })).notes).toContain(note);
});

test('names that hold control characters are stored without them', async ({ db }) => {
  const file = join(folder, 'red\x1b[31m.ndjson');
  await writeFile(file, '{"te\\u0000xt":"one","id":"1"}\n{"te\\u0000xt":["two"],"id":"2"}\n');
  const report = await importFile(importDeps(db), { file });
  expect(report).toMatchObject({ rows: 2, outcomes: { added: 1 }, mapping: { text: 'te\u0000xt' } });
  expect(await findImport(db, report.importId ?? 0)).toMatchObject({
    source: 'red\ufffd[31m',
    file_name: 'red\ufffd[31m.ndjson',
    errors: [{ line: 2, detail: expect.stringMatching(/^line 2: te\ufffdxt: is a list/) }],
  });
});

test('a file of nothing but errors is reported, and stores no post', async ({ db }) => {
  const report = await importFile(importDeps(db), { file: await aFile('id,text\n1\n2\n') });
  expect(report).toMatchObject({ rows: 2, valid: 0, invalid: 2, outcomes: {} });
  expect(await findImport(db, report.importId ?? 0)).toMatchObject({ state: 'done', rows_invalid: 2 });
});

test('undo removes only what the import was first to bring and nothing else saw', async ({ db, zone }) => {
  const source = await aSource(db);
  const live = [seen({ site: 'x.com', external_id: '1', text: 'row 1 on data centres' })];
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, live, async () => undefined);
  const deps = importDeps(db);
  const report = await importFile(deps, { file: await aFile(aTable(10)), site: 'x.com' });
  expect(report.outcomes).toMatchObject({ added: 9, seen: 1 });
  const later = [seen({ site: 'x.com', external_id: '2', text: 'row 2 on data centres' })];
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, later, async () => undefined);
  expect(await undoImport(db, zone, report.importId ?? 0)).toMatchObject({ removed: 8 });
  expect(await many(db, 'select external_id from posts order by 1')).toEqual([
    { external_id: '1' },
    { external_id: '2' },
  ]);
  expect(await wrongCells(db)).toEqual([]);
});

test('wall-clock times are read in the zone that was given, across its changes of clock', async ({ db }) => {
  const file = await aFile('text,date\na,2025-07-01 12:00\nb,2026-11-01 12:00\nc,01/07/2025 12:00\n');
  const { sample } = await previewImport({ file, zone: 'Africa/Casablanca' }, db);
  // Morocco left UTC+1 for good on 2026-09-20.
  expect(sample.map((post) => post.published_at)).toEqual([
    '2025-07-01T11:00:00.000Z',
    '2026-11-01T12:00:00.000Z',
    '2025-07-01T11:00:00.000Z',
  ]);
  await importFile(importDeps(db), { file, zone: 'Africa/Casablanca' });
  expect(await many(db, 'select published_at from posts order by text')).toEqual(
    sample.map((post) => ({ published_at: new Date(post.published_at ?? '') })),
  );
});

test('a time shown twice is the earlier instant, one that is skipped the instant after the gap', async ({ db }) => {
  const locals = [
    '2025-10-26T02:30:00',
    '2025-03-30T02:30:00',
    '2025-03-30T03:00:00',
    '2025-03-30T01:59:59.999',
    '1980-01-01T00:00:00',
  ];
  expect(await instantsOf(db, 'Europe/Paris', locals)).toEqual(
    [
      '2025-10-26T00:30:00Z',
      '2025-03-30T01:00:00Z',
      '2025-03-30T01:00:00Z',
      '2025-03-30T00:59:59.999Z',
      '1979-12-31T23:00:00Z',
    ].map((at) => new Date(at)),
  );
  expect(await instantsOf(db, 'Mars/Olympus', ['2025-10-26T02:30:00'])).toEqual([undefined]);
});

test('a preview shows how a file would be read', async () => {
  const file = await aFile('Id;Texte;Langue\n1;un;fr\n2;;fr\n3;trois;fr\n');
  expect(await previewImport({ file, site: 'x.com' })).toMatchObject({
    format: 'csv',
    encoding: 'utf-8',
    delimiter: ';',
    columns: ['Id', 'Texte', 'Langue'],
    mapping: { external_id: 'Id', text: 'Texte', language_hint: 'Langue' },
    sample: [{ external_id: '1', text: 'un' }, { external_id: '3' }],
    errors: [{ line: 3, detail: 'line 3: Texte: is empty' }],
  });
});
