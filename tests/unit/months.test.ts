/** Whole months carved out of stretches of days. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wholeMonths } from '../../shared/store/buckets.ts';

test.each([
  ['less than a month', '2026-02-03', '2026-02-27', [], ['2026-02-03..2026-02-27']],
  ['exactly a month', '2026-02-01', '2026-02-28', ['2026-02-01'], []],
  ['a leap month', '2028-02-01', '2028-02-29', ['2028-02-01'], []],
  [
    'edges on both sides',
    '2025-12-31',
    '2026-02-01',
    ['2026-01-01'],
    ['2025-12-31..2025-12-31', '2026-02-01..2026-02-01'],
  ],
  ['two months and an end', '2026-03-01', '2026-05-02', ['2026-03-01', '2026-04-01'], ['2026-05-01..2026-05-02']],
] as const)('%s', (_name, from, to, months, days) => {
  const result = wholeMonths([{ from, to }]);
  expect(result.months).toEqual(months);
  expect(result.days.map((day) => `${day.from}..${day.to}`)).toEqual(days);
});

test('every day of the stretch is in exactly one part', () => {
  const DAY = 86_400_000;
  const day = (n: number) => new Date(Date.UTC(2024, 0, 1) + n * DAY).toISOString().slice(0, 10);
  fc.assert(
    fc.property(fc.nat(800), fc.nat(800), (start, length) => {
      const wanted = Array.from({ length: length + 1 }, (_, i) => day(start + i));
      const { months, days } = wholeMonths([{ from: day(start), to: day(start + length) }]);
      const covered = [
        ...months.flatMap((month) => wanted.filter((d) => d.slice(0, 7) === month.slice(0, 7))),
        ...days.flatMap(({ from, to }) => wanted.filter((d) => d >= from && d <= to)),
      ];
      expect(covered.toSorted()).toEqual(wanted);
      for (const month of months) {
        const last = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 0)).getUTCDate();
        expect(wanted.filter((d) => d.startsWith(month.slice(0, 7)))).toHaveLength(last);
      }
    }),
  );
});
