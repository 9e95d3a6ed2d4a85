/** Quiet hours are local hours, whatever the clocks of Node and Postgres believe of Morocco. */
import { describe, expect, test } from 'vitest';
import { clockOf, isQuiet, offsetsOf, quietUntil } from '../../shared/alerts/quiet.ts';
import type { QuietHours } from '../../shared/contracts/alerts.ts';

const casablanca = clockOf('Africa/Casablanca');
const night: QuietHours[] = [{ from: '22:00', to: '08:00' }];
const at = (instant: string) => Date.parse(instant);
const until = (quiet: QuietHours[], instant: string, clock = casablanca) => {
  const end = quietUntil(quiet, clock, at(instant));
  return end === undefined ? 'not quiet' : new Date(end).toISOString();
};

describe('22:00 to 08:00 in Casablanca, before and after the country left UTC+1', () => {
  test.each([
    ['2026-09-19T21:30:00Z', true],
    ['2026-09-20T07:30:00Z', true],
    ['2026-11-23T21:30:00Z', false],
    ['2026-11-23T22:00:00Z', true],
    ['2027-02-20T07:30:00Z', true],
  ])('%s: quiet is %s', (instant, quiet) => {
    expect(isQuiet(night, casablanca(at(instant)))).toBe(quiet);
  });
});

test('a message waits for the end of the night, also for the one that has an hour more', () => {
  expect(until(night, '2026-11-23T23:15:20Z')).toBe('2026-11-24T08:00:00.000Z');
  expect(until(night, '2026-09-19T21:30:00Z')).toBe('2026-09-20T08:00:00.000Z');
  expect(until(night, '2026-08-10T21:30:00Z')).toBe('2026-08-11T07:00:00.000Z');
  expect(until(night, '2026-11-23T12:00:00Z')).toBe('not quiet');
});

test('the hour that happened twice is quiet twice', () => {
  const once: QuietHours[] = [{ from: '01:00', to: '02:00' }];
  expect(until(once, '2026-09-20T00:10:00Z')).toBe('2026-09-20T02:00:00.000Z');
  expect(until(once, '2026-09-20T01:10:00Z')).toBe('2026-09-20T02:00:00.000Z');
  expect(until(once, '2026-09-20T02:00:00Z')).toBe('not quiet');
});

test('a night belongs to the day on which it starts', () => {
  const weekend: QuietHours[] = [{ from: '22:00', to: '08:00', days: [5, 6] }];
  expect(until(weekend, '2026-11-20T23:00:00Z')).toBe('2026-11-21T08:00:00.000Z'); // Friday
  expect(until(weekend, '2026-11-22T07:00:00Z')).toBe('2026-11-22T08:00:00.000Z'); // of Saturday's night
  expect(until(weekend, '2026-11-22T23:00:00Z')).toBe('not quiet'); // Sunday
  expect(until([{ from: '20:00', to: '06:00', days: [7] }], '2026-11-23T05:00:00Z')).toBe('2026-11-23T06:00:00.000Z');
});

test('stretches that touch are one, and one without an end holds a week at most', () => {
  const both: QuietHours[] = [
    { from: '12:00', to: '14:00' },
    { from: '14:00', to: '15:30' },
  ];
  expect(until(both, '2026-11-23T12:30:00Z')).toBe('2026-11-23T15:30:00.000Z');
  expect(until([{ from: '08:00', to: '08:00' }], '2026-11-23T12:30:00Z')).toBe('2026-11-30T12:30:00.000Z');
});

test('without quiet hours nothing is quiet, and an unknown zone is refused', () => {
  expect(until([], '2026-11-23T23:00:00Z')).toBe('not quiet');
  expect(() => clockOf('Africa/Nowhere')).toThrow(RangeError);
  expect(offsetsOf('Africa/Casablanca')(at('2026-09-20T00:59:59Z'))).toBe(60);
  expect(offsetsOf('Africa/Casablanca')(at('2026-09-20T01:00:00Z'))).toBe(0);
});

test('days of the week are right around the epoch and today', () => {
  const utc = clockOf('UTC');
  expect(utc(at('1969-12-31T23:59:00Z'))).toEqual({ minute: 1_439, day: 3 });
  expect(utc(at('1970-01-01T00:00:00Z'))).toEqual({ minute: 0, day: 4 });
  expect(utc(at('2026-11-23T10:30:00Z'))).toEqual({ minute: 630, day: 1 });
});
