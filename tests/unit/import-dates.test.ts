/** Dates of files: instants, wall-clock times, and what is neither. */
import { expect, test } from 'vitest';
import { readDate } from '../../workers/imports/dates.ts';

test.each([
  ['2026-11-23T10:05:00Z', '2026-11-23T10:05:00.000Z'],
  ['2026-11-23T10:05:00.250+01:00', '2026-11-23T09:05:00.250Z'],
  ['2026-11-23 10:05:00 UTC', '2026-11-23T10:05:00.000Z'],
  ['2026-11-23 10:05:00+0530', '2026-11-23T04:35:00.000Z'],
  ['Mon, 23 Nov 2026 10:05:00 +0100', '2026-11-23T09:05:00.000Z'],
  ['Mon, 23 Nov 2026 10:05:00 GMT', '2026-11-23T10:05:00.000Z'],
  ['Mon Nov 23 10:05:00 +0000 2026', '2026-11-23T10:05:00.000Z'],
  ['2023-05-01 10:00:00 CEST', '2023-05-01T08:00:00.000Z'],
  ['1795428300', '2026-11-23T10:05:00.000Z'],
  ['1795428300.0', '2026-11-23T10:05:00.000Z'],
  ['1795428300123', '2026-11-23T10:05:00.123Z'],
])('%s is an instant', (written, instant) => {
  expect(readDate(written)).toEqual({ at: new Date(instant) });
});

test.each([
  ['2026-11-23 10:05:07', '2026-11-23T10:05:07.000'],
  ['2026-11-23T10:05', '2026-11-23T10:05:00.000'],
  ['2026-11-23', '2026-11-23T00:00:00.000'],
  ['23/11/2026 10:05', '2026-11-23T10:05:00.000'],
  ['03/04/2026 10:05', '2026-04-03T10:05:00.000'],
  ['22-Nov-2026 10:05PM', '2026-11-22T22:05:00.000'],
  ['Nov 22, 2026 12:05 am', '2026-11-22T00:05:00.000'],
  ['٢٣/١١/٢٠٢٦ ١٠:٠٥', '2026-11-23T10:05:00.000'],
])('%s is a wall-clock time that needs a zone', (written, local) => {
  expect(readDate(written)).toEqual({ local });
});

test.each([
  ['yesterday', 'not a date'],
  ['2026-02-30', 'no day of the calendar'],
  ['11/23/2026', 'no day of the calendar'],
  ['2026-11-23 25:00', 'no clock shows'],
  ['2026-11-23 10:00 XYZ', 'zone that is not known'],
  ['2026-11-23 at noon', 'time that cannot be read'],
  ['20261123', 'not a date'],
  [`1${'0'.repeat(200)}`, 'not a date'],
])('%s is refused, in words that do not repeat it', (written, words) => {
  const read = readDate(written);
  expect(read).toEqual({ problem: expect.stringContaining(words) });
  expect(JSON.stringify(read)).not.toContain(written);
});
