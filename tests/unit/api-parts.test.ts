/** The API's parts that need no server: ranges, buckets, cursors, cells of files, who may ask without a key. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { whyNotLocal } from '../../api/auth.ts';
import { createCursors } from '../../api/cursor.ts';
import { defuse, flatten } from '../../api/formats.ts';
import { resolveRange } from '../../api/range.ts';
import { textProblems } from '../../api/text.ts';
import { BUCKETS } from '../../shared/contracts/api/common.ts';
import { bucketsOf, HOUR_MS, type Offset, planCells } from '../../shared/store/buckets.ts';
import { zoneSpans } from '../../shared/zones.ts';

const NOW = new Date('2026-11-24T11:20:00Z');

function offsetsOf(zone: string): Offset[] {
  const [first, last] = [new Date('1990-01-01T00:00:00Z'), new Date('2200-01-01T00:00:00Z')];
  return zoneSpans(zone).map((span) => ({
    from: span.from ?? first,
    to: span.to ?? last,
    minutes: span.offsetMinutes,
  }));
}

const ZONES = ['Africa/Casablanca', 'America/St_Johns', 'Asia/Kolkata', 'America/Sao_Paulo', 'Australia/Lord_Howe'];
const ranges = fc
  .tuple(fc.integer({ min: 0, max: 20 * 8_766 }), fc.integer({ min: 1, max: 3_000 }))
  .map(([start, hours]) => ({
    from: new Date(Date.UTC(2010, 0, 1) + start * HOUR_MS),
    to: new Date(Date.UTC(2010, 0, 1) + (start + hours) * HOUR_MS),
  }));

test('buckets of any size, zone and range adjoin, fill the range, and none is empty', () => {
  fc.assert(
    fc.property(ranges, fc.constantFrom(...BUCKETS), fc.constantFrom(...ZONES), (range, size, zone) => {
      const buckets = bucketsOf(range, size, offsetsOf(zone));
      expect(buckets[0]?.from).toEqual(range.from);
      expect(buckets.at(-1)?.to).toEqual(range.to);
      for (const [i, bucket] of buckets.entries()) {
        expect(bucket.to > bucket.from).toBe(true);
        if (i > 0) expect(buckets[i - 1]?.to).toEqual(bucket.from);
        if (i > 0 && i < buckets.length - 1) expect(bucket.cut).toBe(false);
      }
    }),
    { numRuns: 150 },
  );
});

test('a plan reads every hour of its buckets once: as an hour, or inside a day', () => {
  fc.assert(
    fc.property(
      ranges,
      fc.constantFrom('day', 'week', 'month'),
      fc.constantFrom(...ZONES),
      fc.integer({ min: -30, max: 30 }),
      (range, size, zone, shift) => {
        const offsets = offsetsOf(zone);
        const move = (at: Date) => new Date(at.getTime() + shift * HOUR_MS);
        const buckets = bucketsOf(range, size as 'day', offsets).map(({ from, to }) => ({
          from: move(from),
          to: move(to),
        }));
        const plan = planCells(buckets, offsets, true);
        const dayLengths = new Map(
          bucketsOf({ from: move(range.from), to: move(range.to) }, 'day', offsets).map((day) => [
            day.local.slice(0, 10),
            day.to.getTime() - day.from.getTime(),
          ]),
        );
        let total = plan.hours.reduce((sum, { from, to }) => sum + to.getTime() - from.getTime(), 0);
        for (const { from, to } of plan.days) {
          for (let day = Date.parse(from); day <= Date.parse(to); day += 24 * HOUR_MS)
            total += dayLengths.get(new Date(day).toISOString().slice(0, 10)) ?? Number.NaN;
        }
        expect(total).toBe(range.to.getTime() - range.from.getTime());
      },
    ),
    { numRuns: 150 },
  );
});

test('weeks begin on Monday and months on the first, on the local clock', () => {
  const range = { from: new Date('2026-09-01T00:00:00Z'), to: new Date('2026-11-01T00:00:00Z') };
  const starts = (size: 'week' | 'month') =>
    bucketsOf(range, size, offsetsOf('Africa/Casablanca'))
      .slice(1)
      .map((bucket) => bucket.local);
  expect(starts('week').slice(0, 3)).toEqual(['2026-09-07T00:00', '2026-09-14T00:00', '2026-09-21T00:00']);
  expect(starts('month')).toEqual(['2026-10-01T00:00']);
});

test.each([
  [{}, '2026-11-17T12:00:00.000Z', '2026-11-24T12:00:00.000Z'],
  [{ period: '24h' as const }, '2026-11-23T12:00:00.000Z', '2026-11-24T12:00:00.000Z'],
  [{ period: '12mo' as const }, '2025-11-24T12:00:00.000Z', '2026-11-24T12:00:00.000Z'],
  [
    { from: '2026-11-20T10:20:00+01:00', to: '2026-11-20T12:00:00+01:00' },
    '2026-11-20T09:00:00.000Z',
    '2026-11-20T11:00:00.000Z',
  ],
  [{ from: '2026-11-20T10:20:00Z' }, '2026-11-20T10:00:00.000Z', '2026-11-24T12:00:00.000Z'],
])('the range of %j', (asked, from, to) => {
  const range = resolveRange(asked, NOW, '?');
  expect([range.from.toISOString(), range.to.toISOString()]).toEqual([from, to]);
});

test('a cursor comes back as it was, and a changed or foreign one is refused', () => {
  const cursors = createCursors('a secret of an installation, long enough');
  const position = { at: '2026-11-24T11:20:00.123456Z', id: 42 };
  const cursor = cursors.write(position);
  expect(cursors.read(cursor)).toEqual(position);
  expect(() => cursors.read(`${cursor.slice(0, -2)}AA`)).toThrow(/cursor is wrong/);
  expect(() => createCursors('another secret of an installation here').read(cursor)).toThrow(/cursor is wrong/);
  fc.assert(fc.property(fc.string(), (text) => void expect(() => cursors.read(text)).toThrow(/cursor is wrong/)));
});

test.each([
  ['=1+1', "'=1+1"],
  ['+SUM(A1)', "'+SUM(A1)"],
  ['-cmd', "'-cmd"],
  ['@x', "'@x"],
  ['\t=1', "'\t=1"],
  ['\r=1', "'\r=1"],
  [' =1', "' =1"],
  ['＝1', "'＝1"],
  ['＋1', "'＋1"],
  ['－1', "'－1"],
  ['＠1', "'＠1"],
  ['-5', '-5'],
  ['+12.5', '+12.5'],
  ['+01:00', '+01:00'],
  ['a=b', 'a=b'],
  ['مرحبا', 'مرحبا'],
])('the cell %j becomes %j', (cell, safe) => {
  expect(defuse(cell)).toBe(safe);
});

test('nested figures become columns', () => {
  expect(flatten({ n: 1, previous: { n: 2 }, change_ci: [0.1, 0.2], topics: ['a', 'b'], url: null })).toEqual({
    n: 1,
    previous_n: 2,
    change_ci_low: 0.1,
    change_ci_high: 0.2,
    topics: 'a b',
    url: null,
  });
});

test('text that no database holds is named by its place, whatever the nesting', () => {
  expect(
    textProblems({ posts: [{ text: 'a\0b' }, { title: '\ud800' }] })
      .map((problem) => problem.pointer)
      .toSorted(),
  ).toEqual(['/posts/0/text', '/posts/1/title']);
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  expect(textProblems(deep)).toHaveLength(1);
  expect(textProblems({ text: 'fine 🇲🇦' })).toEqual([]);
});

test.each([
  ['this machine by its address', {}, '127.0.0.1', '127.0.0.1', undefined],
  ['this machine by name', { host: 'localhost:4040' }, '::1', 'localhost', undefined],
  ['its own page', { host: 'localhost:4040', origin: 'http://localhost:4040' }, '127.0.0.1', '127.0.0.1', undefined],
  ['another host name', { host: 'sada.example:4040' }, '127.0.0.1', '127.0.0.1', /Host header/],
  ['a name that ends alike', { host: 'localhost.evil.example' }, '127.0.0.1', '127.0.0.1', /Host header/],
  ["another site's page", { origin: 'https://evil.example' }, '127.0.0.1', '127.0.0.1', /another site/],
  ['a sandboxed page', { origin: 'null' }, '127.0.0.1', '127.0.0.1', /another site/],
  ['a proxy', { 'x-forwarded-for': '10.0.0.1' }, '127.0.0.1', '127.0.0.1', /forwarded/],
  ['a standard proxy', { forwarded: 'for=10.0.0.1' }, '127.0.0.1', '127.0.0.1', /forwarded/],
  ['a via', { via: '1.1 proxy' }, '127.0.0.1', '127.0.0.1', /forwarded/],
  ['nginx', { 'x-real-ip': '10.0.0.1' }, '127.0.0.1', '127.0.0.1', /forwarded/],
  ['another machine', {}, '192.168.1.9', '127.0.0.1', /another machine/],
  ['an API that listens to all', {}, '127.0.0.1', '0.0.0.0', /beyond its own machine/],
])('without a key, %s', (_name, headers, remoteAddress, listenHost, reason) => {
  const request = { headers: { host: '127.0.0.1:4040', ...headers }, socket: { remoteAddress } };
  const why = whyNotLocal(request as never, listenHost);
  if (reason) expect(why).toMatch(reason);
  else expect(why).toBeUndefined();
});
