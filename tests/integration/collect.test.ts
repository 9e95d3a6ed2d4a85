/** Collecting: the cursor goes with its posts, one run at a time, trouble ends in health and ledger. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { vi } from 'vitest';
import { z } from 'zod';
import { registerOperate } from '../../infra/commands/operate.ts';
import type { OpenContext } from '../../infra/context.ts';
import { SourceError } from '../../shared/errors.ts';
import { createLog } from '../../shared/log.ts';
import { type Db, inTransaction, many, one, run } from '../../shared/store/db.ts';
import { findSource, updateSource } from '../../shared/store/sources.ts';
import { type CollectDeps, collect } from '../../workers/collect.ts';
import type { Connector, Page } from '../../workers/sources/source.ts';
import { aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

type Pages = (cursor: number | null, signal: AbortSignal) => AsyncIterable<Page<number>>;

function connector(pages: Pages, mode: 'poll' | 'stream' = 'poll'): Connector {
  return {
    kind: 'feed',
    mode,
    settings: z.object({}),
    cursor: z.number(),
    tells: { edits: false, deletes: false },
    siteOf: () => 'example.ma',
    collect: ({ cursor, signal }) => pages(cursor as number | null, signal),
  } as Connector;
}

function deps(db: Db, pages: Pages, mode: 'poll' | 'stream' = 'poll'): CollectDeps {
  const fetch = Object.assign(() => Promise.reject(new Error('no network in this test')), {
    close: async () => undefined,
  });
  return {
    ...ingestDeps(db),
    log: createLog('test', 'silent'),
    fetch,
    connectors: new Map([['feed', connector(pages, mode)]]),
  };
}

const aFeed = (db: Db) => aSource(db, { kind: 'feed', name: 'feed', everyMinutes: 15 });
const never = new AbortController().signal;
const cursorOf = (db: Db) => one(db, 'select cursor, version from source_state');

test('each page’s cursor is stored with its posts, and a failure keeps the pages before it', async ({ db }) => {
  const source = await aFeed(db);
  let broken = true;
  const pages: Pages = async function* (cursor) {
    for (let page = cursor ?? 0; page < 3; page++) {
      if (page === 2 && broken) throw new SourceError('server_error', 'The site answered 500', 60_000);
      yield { events: [seen({ external_id: `p${page}` })], cursor: page + 1 };
      await sleep(400); // longer than a batch waits, so that each page is a batch
    }
  };
  await collect(deps(db, pages), source.id, never);
  expect(await cursorOf(db)).toMatchObject({ cursor: 2 });
  expect(await findSource(db, source.id)).toMatchObject({
    failures: 1,
    error: { code: 'server_error', detail: 'The site answered 500' },
  });
  expect(await one(db, 'select state, reason from source_hours')).toEqual({ state: 'missing', reason: 'server_error' });
  broken = false;
  await run(db, 'update source_state set not_before = null');
  expect(await collect(deps(db, pages), source.id, never)).toMatchObject({ added: 1 });
  expect(await cursorOf(db)).toMatchObject({ cursor: 3 });
  expect(await findSource(db, source.id)).toMatchObject({ failures: 0, error: null });
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 3 });
});

test('a source in trouble is left alone until its time to retry', async ({ db }) => {
  const source = await aFeed(db);
  let runs = 0;
  // biome-ignore lint/correctness/useYield: it fails before its first page
  const pages: Pages = async function* () {
    runs += 1;
    throw new SourceError('rate_limited', 'The site asks to wait', 3_600_000);
  };
  await collect(deps(db, pages), source.id, never);
  await collect(deps(db, pages), source.id, never);
  expect(runs).toBe(1);
});

test('two runs at once: one works, the other leaves', async ({ db }) => {
  const source = await aFeed(db);
  let open = 0;
  let most = 0;
  const pages: Pages = async function* () {
    open += 1;
    most = Math.max(most, open);
    await sleep(300);
    yield { events: [seen({ external_id: 'x' })], cursor: 1 };
    open -= 1;
  };
  const one_ = deps(db, pages);
  await Promise.all([collect(one_, source.id, never), collect(one_, source.id, never)]);
  expect(most).toBe(1);
});

test('a run that another one has overtaken rolls its page back and moves no cursor backwards', async ({ db }) => {
  const source = await aFeed(db);
  const pages: Pages = async function* () {
    await run(db, `update source_state set cursor = '9', version = version + 1`); // what a second run would do
    yield { events: [seen({ external_id: 'late' })], cursor: 1 };
  };
  await collect(deps(db, pages), source.id, never);
  expect(await cursorOf(db)).toMatchObject({ cursor: 9 });
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 0 });
});

test('a stream ends its slice at a commit and goes on from there', async ({ db }) => {
  const source = await aFeed(db);
  const stop = new AbortController();
  const pages: Pages = async function* (cursor, signal) {
    for (let i = cursor ?? 0; !signal.aborted; i++) {
      yield { events: [seen({ external_id: `s${i}` })], cursor: i + 1 };
      await sleep(20);
    }
  };
  const running = collect(deps(db, pages, 'stream'), source.id, stop.signal);
  await sleep(700);
  stop.abort();
  await running;
  const first = (await cursorOf(db)) as { cursor: number };
  expect(first.cursor).toBeGreaterThan(3);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: first.cursor });
  const again = new AbortController();
  const resumed = collect(deps(db, pages, 'stream'), source.id, again.signal);
  await sleep(400);
  again.abort();
  await resumed;
  const second = (await cursorOf(db)) as { cursor: number };
  expect(second.cursor).toBeGreaterThan(first.cursor);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: second.cursor });
  expect(await wrongCells(db)).toEqual([]);
});

test('the ledger knows collected, partial and missing hours; a later success fills the hours it covers', async ({
  db,
}) => {
  const source = await aFeed(db);
  const at = (iso: string) => () => new Date(iso);
  const good: Pages = async function* () {
    yield { events: [], cursor: 1 };
  };
  await run(db, `update source_state set last_success_at = '2026-11-20T06:10:00Z'`);
  await collect({ ...deps(db, good), now: at('2026-11-20T09:20:00Z') }, source.id, never);
  const hours = await db.query(
    `select to_char(hour at time zone 'UTC', 'HH24') as hour, state from source_hours order by 1`,
  );
  expect(hours.rows).toEqual(['06', '07', '08'].map((hour) => ({ hour, state: 'collected' })));
  const withGap: Pages = async function* () {
    yield {
      events: [],
      cursor: 2,
      gap: { from: new Date('2026-11-20T02:30:00Z'), to: new Date('2026-11-20T03:10:00Z'), reason: 'cursor_too_old' },
    };
  };
  await run(db, 'update source_state set not_before = null');
  await collect({ ...deps(db, withGap), now: at('2026-11-20T09:25:00Z') }, source.id, never);
  const gap = await db.query(
    `select to_char(hour at time zone 'UTC', 'HH24') as hour, reason from source_hours where state = 'partial' order by 1`,
  );
  expect(gap.rows).toEqual(['02', '03'].map((hour) => ({ hour, reason: 'cursor_too_old' })));
});

test('wrong settings and a cursor of an older version are told or discarded, never thrown', async ({ db }) => {
  const source = await aFeed(db);
  let given: unknown = 'unset';
  const pages: Pages = async function* (cursor) {
    given = cursor;
    yield { events: [], cursor: 1 };
  };
  await run(db, `update source_state set cursor = '"from another version"'`);
  await collect(deps(db, pages), source.id, never);
  expect(given).toBeNull();
  const strict = deps(db, pages);
  strict.connectors = new Map([
    ['feed', { ...connector(pages), settings: z.object({ url: z.string() }) } as Connector],
  ]);
  await run(db, 'update source_state set not_before = null');
  await collect(strict, source.id, never);
  expect(await findSource(db, source.id)).toMatchObject({ error: { code: 'bad_settings' } });
});

test('a paused source is not collected', async ({ db }) => {
  const source = await aFeed(db);
  await inTransaction(db, (tx) => updateSource(tx, source.id, { state: 'paused' }));
  const pages: Pages = async function* () {
    yield { events: [seen()], cursor: 1 };
  };
  expect(await collect(deps(db, pages), source.id, never)).toEqual({});
});

test('what the last good run had to tell is kept for the operator, one line a code, until a run has nothing to tell', async ({
  db,
}) => {
  const source = await aFeed(db);
  let quiet = false;
  const pages: Pages = async function* () {
    if (quiet) yield { events: [], cursor: 3 };
    else {
      yield { events: [], cursor: 1, notes: [{ code: 'empty_items', detail: '1' }] };
      const moved = { code: 'moved', detail: 'https://example.ma/new' } as const;
      yield { events: [], cursor: 2, notes: [{ code: 'empty_items', detail: '4' }, moved] };
    }
  };
  await collect(deps(db, pages), source.id, never);
  expect((await findSource(db, source.id))?.notes).toEqual([
    { code: 'empty_items', detail: '4' },
    { code: 'moved', detail: 'https://example.ma/new' },
  ]);
  expect(await sourcesCommand(db)).toContain('empty_items 4, moved https://example.ma/new');
  quiet = true;
  await run(db, 'update source_state set not_before = null');
  await collect(deps(db, pages), source.id, never);
  expect((await findSource(db, source.id))?.notes).toEqual([]);
});

/** What `sada sources` prints. */
async function sourcesCommand(db: Db): Promise<string> {
  const program = new Command();
  const refuse = () => Promise.reject(new Error('not in this test'));
  const context = { db, close: async () => undefined };
  // the command reads the database alone; the rest of a context is not opened for it
  registerOperate(program, async () => context as unknown as Awaited<ReturnType<OpenContext>>, refuse as never);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await program.parseAsync(['sources'], { from: 'user' });
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}

test('items without any words are counted with their page, or rolled back with it', async ({ db }) => {
  const source = await aFeed(db);
  let overtaken = true;
  const pages: Pages = async function* () {
    if (overtaken) await run(db, `update source_state set cursor = '9', version = version + 1`);
    yield { events: [seen({ external_id: 'x' })], cursor: 10, empty: 3 };
  };
  await collect(deps(db, pages), source.id, never);
  expect((await findSource(db, source.id))?.counts).toEqual({});
  overtaken = false;
  expect(await collect(deps(db, pages), source.id, never)).toMatchObject({ added: 1, empty: 3 });
  expect((await findSource(db, source.id))?.counts).toEqual({ added: 1, empty: 3 });
});

test('a run whose answer was cut short claims no hour; the next whole one fills the hour that it covers', async ({
  db,
}) => {
  const source = await aFeed(db);
  let now = new Date('2026-11-20T09:20:00Z');
  let cut = true;
  const pages: Pages = async function* () {
    yield { events: [], cursor: 1, ...(cut ? { gap: { from: now, to: now, reason: 'cut_short' } } : {}) };
  };
  const visit = async () => {
    await run(db, 'update source_state set not_before = null');
    await collect({ ...deps(db, pages), now: () => now }, source.id, never);
    return many(
      db,
      `select to_char(hour at time zone 'UTC', 'HH24') as hour, state, reason from source_hours order by hour`,
    );
  };
  await run(db, `update source_state set last_success_at = '2026-11-20T06:10:00Z'`);
  const partial = { hour: '09', state: 'partial', reason: 'cut_short' };
  expect(await visit()).toEqual([partial]);
  await run(db, `update source_state set last_success_at = '2026-11-20T09:20:00Z'`);
  now = new Date('2026-11-20T10:20:00Z');
  expect(await visit()).toEqual([partial, { ...partial, hour: '10' }]);
  await run(db, `update source_state set last_success_at = '2026-11-20T10:20:00Z'`);
  now = new Date('2026-11-20T11:20:00Z');
  cut = false;
  expect(await visit()).toEqual([partial, { hour: '10', state: 'collected', reason: null }]);
});
