/** Ranges of hours, and the one spelling of a filter. */
import { expect, test } from 'vitest';
import { canonicalFilter } from '../../shared/store/scopes.ts';
import { clip, hourAt, merge, span, take } from '../../workers/alerts/ranges.ts';
import { closedUntil } from '../../workers/alerts/scopes.ts';

const START = Date.UTC(2026, 10, 1);
const at = (hour: number) => new Date(START + hour * 3_600_000);
const range = (from: number, to: number) => ({ from: at(from), to: at(to) });

test('ranges that touch or overlap become one, whatever their order, and what is given stays as it was', () => {
  const given = [range(8, 9), range(1, 5), range(2, 3), range(5, 6), hourAt(at(9))];
  expect(merge(given)).toEqual([range(1, 6), range(8, 10)]);
  expect(given[1]).toEqual(range(1, 5));
});

test('ranges are cut to what is known', () => {
  expect(clip([range(0, 3), range(4, 5), range(7, 20), range(30, 40)], range(2, 10))).toEqual([
    range(2, 3),
    range(4, 5),
    range(7, 10),
  ]);
});

test.each([
  ['inside a range', 2, [range(0, 2)], [range(2, 3), range(5, 8)]],
  ['at the end of a range', 3, [range(0, 3)], [range(5, 8)]],
  ['inside the next range', 4, [range(0, 3), range(5, 6)], [range(6, 8)]],
  ['beyond all of them', 99, [range(0, 3), range(5, 8)], []],
])('a batch of hours ends %s', (_where, hours, batch, rest) => {
  expect(take([range(0, 3), range(5, 8)], hours)).toEqual([batch, rest]);
});

test('what was written spans from the first to the last', () => {
  expect(span([range(5, 6), undefined, range(1, 2)])).toEqual(range(1, 6));
  expect(span([undefined])).toBeUndefined();
});

test.each([
  ['2026-11-24T11:04:59Z', '2026-11-24T10:00:00Z'],
  ['2026-11-24T11:05:00Z', '2026-11-24T11:00:00Z'],
])('at %s hours are closed until %s', (now, end) => {
  expect(closedUntil(new Date(now))).toEqual(new Date(end));
});

test('a filter has one spelling: sorted, each value once, nothing empty', () => {
  const spelled = JSON.stringify(canonicalFilter({ source: [10, 9, 10], 'topic!': ['water'], language: ['fr', 'ar'] }));
  expect(spelled).toBe('{"language":["ar","fr"],"source":[9,10],"topic!":["water"]}');
  expect(canonicalFilter({ kind: undefined })).toEqual({});
});
