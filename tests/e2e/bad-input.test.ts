/**
 * More than 200 malformed requests, feeds and files against one running Sada: each gets a clear error, nothing else is
 * affected, nothing crashes. A source, an import and a push that are in order work before, between and after.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { many, one } from '../../shared/store/db.ts';
import { type BadFeed, badFeeds } from '../helpers/badFeeds.ts';
import { BAD_CALLS, BAD_FILES, type BadFile } from '../helpers/badFiles.ts';
import { BAD_BYTES, BAD_ITEMS, BAD_REQUESTS } from '../helpers/badRequests.ts';
import { wrongCells } from '../helpers/builders.ts';
import { type Client, clientOf } from '../helpers/client.ts';
import { until } from '../helpers/drivers.ts';
import { sendAsIs, sendBytes } from '../helpers/rawHttp.ts';
import { type RunningSada, runCli, sadaEnvironment, startSada } from '../helpers/sada.ts';
import { type Site, serve } from '../helpers/webServer.ts';

const WAIT_MS = 240_000;
const CONTROLS = 4;

let sada: RunningSada;
let api: Client;
let folder: string;
/** In order, for the controls. */
let news: Site;
const feeds: { feed: BadFeed; site: Site | undefined }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sada-bad-'));
  news = await serve((request, response) => {
    const n = /^\/control-(\d+)$/.exec(request.url ?? '')?.[1];
    if (n === undefined) return void response.writeHead(404).end();
    response.end(
      `<rss version="2.0"><channel><title>t</title><item><title>Control ${n} of a new data center</title><guid isPermaLink="false">control-${n}</guid></item></channel></rss>`,
    );
  });
  for (const feed of badFeeds()) {
    const { serve: handler } = feed;
    const site = handler
      ? await serve((request, response) => {
          if (request.url === '/robots.txt') response.writeHead(404).end();
          else handler(request, response);
        })
      : undefined;
    feeds.push({ feed, site });
  }
  const allowed = [news, ...feeds.flatMap(({ site }) => (site ? [site] : []))].map(({ hostAndPort }) => hostAndPort);
  sada = await startSada({ FETCH_ALLOW_PRIVATE: allowed.join() });
  api = clientOf(sada.url);
}, WAIT_MS);

afterAll(async () => {
  await sada?.remove();
  await Promise.all([news, ...feeds.map(({ site }) => site)].map((site) => site?.close()));
  await rm(folder, { recursive: true, force: true });
}, WAIT_MS);

/** Collects, imports and receives a post each, as ever, and finds nothing started again and no number wrong. */
async function allIsWell(n: number): Promise<void> {
  const url = `${news.url}/control-${n}`;
  await api.post('/v1/sources', { url, name: `control ${n}`, keep: 'all' });
  const pushed = { site: 'control.example', external_id: `control-${n}`, text: `Control ${n}: cloud and jobs` };
  expect((await api.post('/v1/posts', { posts: [pushed] })).body).toMatchObject({ accepted: 1, invalid: 0 });
  const file = join(folder, `control-${n}.csv`);
  await writeFile(file, `id,text\ncontrol-${n},Control ${n} imported\n`);
  const { code, stderr } = await runCli(['import', file, '--site', 'import.example'], sadaEnvironment(sada.dataDir));
  expect(code, stderr).toBe(0);
  const mine = `external_id = 'control-${n}'`;
  await until(
    `the three posts of control ${n}`,
    async () => (await one<{ n: number }>(sada.db, `select count(*)::int as n from posts where ${mine}`))?.n === 3,
    WAIT_MS,
  );
  expect((await api.get('/readyz')).status).toBe(200);
  expect(sada.output()).not.toMatch(/starting it again/);
  expect(await wrongCells(sada.db)).toEqual([]);
}

test('a setting that is wrong ends Sada at its start, at once and in plain words', async () => {
  await expect(startSada({ SADA_PORT: 'a harbour' })).rejects.toThrow(/sada ended with 2:[\s\S]*SADA_PORT/);
}, 120_000);

describe('malformed input', { timeout: 600_000 }, () => {
  test('before it, all is well', () => allIsWell(1));

  test(`${BAD_REQUESTS.length + BAD_BYTES.length + BAD_ITEMS.length} malformed requests are refused in plain words`, async () => {
    const before = await counts();
    const wrong: unknown[] = [];
    for (const sent of BAD_REQUESTS) {
      const { title, status, names } = sent;
      const got = await sendAsIs(sada.url, sent).catch((error: unknown) => ({
        status: String(error),
        text: '',
        body: undefined,
      }));
      const problem = got.body as
        | { status: number; detail: string; errors?: { pointer: string; detail: string }[] }
        | undefined;
      const said = [
        problem?.detail ?? '',
        ...(problem?.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`),
      ];
      const isClear = problem?.status === status && said.join('').length > 7;
      if (got.status !== status || !isClear || (names && !said.some((text) => text.includes(names))))
        wrong.push({ title, expected: [status, names], got: [got.status, got.text.slice(0, 300)] });
    }
    for (const [title, bytes, status] of BAD_BYTES) {
      const got = await sendBytes(sada.url, bytes);
      if (got !== status) wrong.push({ title, expected: status, got });
    }
    const items = [
      ...BAD_ITEMS.map(([item]) => item),
      { site: 'control.example', external_id: 'beside', text: 'In order' },
    ];
    const { body } = await api.post('/v1/posts', { posts: items });
    expect(body).toMatchObject({ accepted: 1, duplicate: 0, invalid: BAD_ITEMS.length });
    BAD_ITEMS.forEach(([item, pointer], index) => {
      const errors: { pointer: string }[] = body.items[index].errors ?? [];
      if (!errors.some((error) => error.pointer === `/posts/${index}${pointer}`)) wrong.push({ item, pointer, errors });
    });
    expect(wrong).toEqual([]);
    expect(BAD_REQUESTS.length + BAD_BYTES.length + BAD_ITEMS.length).toBeGreaterThanOrEqual(100);
    expect(await counts()).toEqual({ ...before, pushed: before.pushed + 1 });
  });

  test('after the requests, all is well', () => allIsWell(2));

  test(`${badFeeds().length} malformed feeds are named on the sources' list and hold up no other`, async () => {
    const ids = new Map<number, BadFeed>();
    for (const { feed, site } of feeds) {
      const url = feed.url ?? `${site?.url}/feed`;
      const { body } = await api.post('/v1/sources', { url, name: feed.name.slice(0, 100), keep: 'all' });
      ids.set(body.id, feed);
    }
    await allIsWell(3);
    const sources = await until(
      'a visit to every feed',
      async () => {
        const all: Served[] = (await api.get('/v1/sources')).body.sources;
        const mine = all.filter(({ id }) => ids.has(id));
        return mine.every(({ last_run_at }) => last_run_at !== null) ? mine : undefined;
      },
      WAIT_MS,
    );
    const wrong = sources.flatMap(({ id, name, error, health, counts: brought }) => {
      const expected = ids.get(id)?.says.split(' ') ?? [];
      const isClear = error === null || (error.detail.length > 15 && health === 'failing');
      const got = error === null ? 'read' : error.code;
      return expected.includes(got) && isClear ? [] : [{ name, expected, got, error, brought }];
    });
    expect(wrong).toEqual([]);
    expect(sources.length).toBeGreaterThanOrEqual(50);
    const swollen = await many(
      sada.db,
      `select external_id from posts where text like '%root:%' or length(text) > 1000`,
    );
    expect(swollen).toEqual([]); // no entity of a feed's own was filled in
  });

  test(`${BAD_FILES.length + BAD_CALLS.length} malformed files and calls are refused by the line, and what is good in them is kept`, async () => {
    const directory = join(folder, 'files');
    await mkdir(directory);
    for (const { name, bytes } of BAD_FILES) await writeFile(join(directory, name), bytes);
    const paths = BAD_FILES.map(({ name }) => join(directory, name));
    const environment = sadaEnvironment(sada.dataDir);
    const { code, stdout, stderr } = await runCli(['import', ...paths, '--json'], environment);
    expect(code, stderr.slice(-2_000)).toBe(2); // the worst of them all: a column has to be named
    const reports = stdout
      .trim()
      .split('\n')
      .map((line): Served => JSON.parse(line));
    const wrong = BAD_FILES.flatMap((file, index) => {
      const report = reports.find((one) => one.file === paths[index]);
      const said = stderr.split('\n').filter((line) => line.startsWith('sada: ') && line.includes(file.name));
      const why = whatIsWrong(file, report, said.join('\n'));
      return why === undefined ? [] : [{ file: file.name, why }];
    });
    const good = join(folder, 'good.csv');
    await writeFile(good, 'id,date,text\ngood,2026-11-20T10:00:00Z,Good\n');
    for (const [args, expected, says] of BAD_CALLS) {
      const call = args.map((arg) => (arg === 'FILE' ? good : arg));
      const result = await runCli(['import', ...call], environment);
      if (result.code !== expected || !says.test(result.stderr))
        wrong.push({ file: args.join(' '), why: `${result.code} ${result.stderr}` });
    }
    const shown = await runCli(['import', ...paths.filter((path) => /escape|moving/.test(path))], environment);
    const listed = await runCli(['import', 'list'], environment);
    const moving = [stdout, stderr, shown.stdout, shown.stderr, listed.stdout]
      .flatMap((text) => text.split('\n'))
      .filter((line) => /[\p{Cc}\p{Cf}]/u.test(line));
    if (moving.length > 0) wrong.push({ file: 'names of columns', why: { charactersThatMoveATerminal: moving } });
    expect(wrong).toEqual([]);
    expect(BAD_FILES.length + BAD_CALLS.length).toBeGreaterThanOrEqual(50);
  });

  test('after everything, all is well and nothing ever crashed', async () => {
    await allIsWell(CONTROLS);
    expect(sada.output()).not.toMatch(/"level":[56]0/);
    expect(await many(sada.db, 'select error from dead_posts')).toEqual([]);
    expect(await sada.stop()).toBe(0);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: answers of the API and the CLI, of which the test says what it expects
type Served = any;

async function counts(): Promise<{ pushed: number; sources: number }> {
  await until(
    'the inbox to be empty',
    async () =>
      (await one<{ n: number }>(sada.db, `select count(*)::int as n from inbox where state = 'waiting'`))?.n === 0,
    WAIT_MS,
  );
  const row = await one<{ pushed: number; sources: number }>(
    sada.db,
    `select (select count(*) from posts p join sources s on s.id = p.source_id where s.kind = 'push')::int as pushed,
       (select count(*) from sources)::int as sources`,
  );
  return row ?? { pushed: -1, sources: -1 };
}

/** undefined when a file was refused, or its lines were, as they should. */
function whatIsWrong({ refused, lines = {} }: BadFile, report: Served, said: string): unknown {
  if (refused)
    return report === undefined && refused.test(said) ? undefined : { refused: String(refused), said, report };
  if (!report) return { said };
  const details = new Map<number, string>(
    report.errors.map((error: { line: number; detail: string }) => [error.line, error.detail]),
  );
  const missing = Object.entries(lines).filter(([line, says]) => {
    const detail = details.get(Number(line)) ?? '';
    return !detail.startsWith(`line ${line}: `) || !says.test(detail);
  });
  const tooMany = report.invalid !== Object.keys(lines).length;
  const noneKept = report.valid === 0;
  if (missing.length === 0 && !tooMany && !noneKept) return undefined;
  return { missing: missing.map(String), errors: report.errors, valid: report.valid };
}
