/** Back-tests: what is found in made-up series, how rarely something is that is not there, and how files are read. */
import { describe, expect, test } from 'vitest';
import { InputError, readCounts, readLabels } from '../../infra/backtest/read.ts';
import { alarmTimes, backtest } from '../../shared/alerts/backtest.ts';
import { HOUR_MS, type ScopeHour } from '../../shared/alerts/hours.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import { RuleBody, type RuleParameters } from '../../shared/contracts/alerts.ts';
import { aSeries } from '../helpers/series.ts';

const rule = (body: Partial<RuleBody>): RuleParameters =>
  toParameters(RuleBody.parse({ name: 'a rule', metric: 'net', ...body }), []);
const LEARNED = 672;
const from = (hours: readonly ScopeHour[]): number => hours[LEARNED]?.at ?? 0;

describe('measured on series of known content', () => {
  const SERIES = 12;
  const weekly = (body: Partial<RuleBody>, volume: number): number => {
    let alarms = 0;
    for (let seed = 0; seed < SERIES; seed++) {
      const hours = aSeries({ seed, volume, weeks: 10 });
      alarms += alarmTimes(backtest(rule(body), hours, { from: from(hours) }).alerts).length;
    }
    return alarms / SERIES / 6;
  };
  test.each([5, 50, 200])('at %d posts an hour, less than one alarm a month is false', (volume) => {
    expect(weekly({}, volume)).toBeLessThanOrEqual(0.233);
    expect(weekly({ metric: 'negative_posts' }, volume)).toBeLessThanOrEqual(0.2);
  });

  const foundWithin = (body: Partial<RuleBody>, volume: number, size: number, within: number, surge = 1): number => {
    let found = 0;
    for (let seed = 0; seed < SERIES; seed++) {
      const at = LEARNED + seed * 11;
      const hours = aSeries({ seed: 900 + seed, volume, weeks: 5, fall: { at, hours: 24, size, surge } });
      const start = hours[at]?.at ?? 0;
      const alarms = alarmTimes(backtest(rule(body), hours).alerts);
      if (alarms.some((alarm) => alarm.at > start && alarm.at <= start + within * HOUR_MS)) found += 1;
    }
    return found / SERIES;
  };
  test('falls are found, the sooner the bigger and the busier', () => {
    expect(foundWithin({}, 50, 0.3, 12)).toBeGreaterThanOrEqual(0.7);
    expect(foundWithin({}, 50, 0.2, 24)).toBeGreaterThanOrEqual(0.5);
    expect(foundWithin({}, 200, 0.3, 6)).toBeGreaterThanOrEqual(0.8);
    expect(foundWithin({ sensitivity: 'quiet' }, 50, 0.2, 12)).toBeLessThan(foundWithin({}, 50, 0.2, 24));
  });
  test('three times the posts, and worse ones, are found within hours', () => {
    expect(foundWithin({ metric: 'negative_posts' }, 50, 0.2, 6, 3)).toBeGreaterThanOrEqual(0.7);
  });
});

describe('a back-test', () => {
  const hours = aSeries({ seed: 5, volume: 80, weeks: 8, fall: { at: 800, hours: 30, size: 0.35 } });

  test('tells each alert with its beginning and its end, and what other settings would have told', () => {
    const variants = (['sensitive', 'quiet'] as const).map((sensitivity) => ({
      sensitivity,
      parameters: rule({ sensitivity }),
    }));
    const result = backtest(rule({}), hours, { from: from(hours), variants });
    const [alert] = result.alerts;
    expect(alert).toMatchObject({ signal: 'net_down', ending: 'recovered' });
    expect((alert?.firedAt ?? 0) - (hours[800]?.at ?? 0)).toBeLessThan(24 * HOUR_MS);
    expect(alert?.endedAt).toBeGreaterThan(hours[829]?.at ?? 0);
    expect(result.hoursWatched).toBe(hours.length - LEARNED);
    expect(result.hoursFiring).toBeGreaterThan(20);
    expect(result.perMonth).toBeCloseTo((result.alerts.length * 720) / result.hoursWatched);
    const [sensitive, quiet] = result.variants;
    expect(sensitive?.alerts).toBeGreaterThanOrEqual(result.alerts.length);
    expect(quiet?.alerts).toBeLessThanOrEqual(result.alerts.length);
  });

  test('is the same each time, and leaves its hours alone', () => {
    const copy = structuredClone(hours);
    expect(backtest(rule({}), hours)).toEqual(backtest(rule({}), hours));
    expect(hours).toEqual(copy);
  });

  test('of less than two weeks has watched nothing', () => {
    expect(backtest(rule({}), hours.slice(0, 300))).toMatchObject({ alerts: [], perMonth: null, watchedFrom: null });
  });
});

describe('a file of labels', () => {
  const HEADER = 'hour_utc,local_hour,neg,dneg,dneu,dpos,dsumN2';
  const read = (...rows: string[]) => readLabels([HEADER, ...rows, ''].join('\n')).hours;

  test('becomes hours: its own hour of day, and a missing row is an hour that is not known', () => {
    const hours = read('2025-01-06T00:00:00.000Z,1,9,2,3,4,11', '2025-01-06T03:00:00Z,4,9,5,6,7,20');
    expect(hours.map(({ localHour, n, c, complete }) => [localHour, n, c, complete])).toEqual([
      [1, 9, 11, true],
      [2, 0, 0, false],
      [3, 0, 0, false],
      [4, 18, 20, true],
    ]);
    expect(hours[3]).toMatchObject({ at: Date.parse('2025-01-06T03:00:00Z'), dneg: 5, dneu: 6, dpos: 7, localDay: 1 });
  });

  const good = '2025-01-06T00:00:00Z,1,9,2,3,4,11';
  test.each([
    ['an hour twice', [good, good], 3],
    ['an hour before', [good, '2025-01-05T23:00:00Z,0,9,2,3,4,11'], 3],
    ['half an hour', ['2025-01-06T00:30:00Z,1,9,2,3,4,11'], 2],
    ['no date', [good, 'yesterday,1,9,2,3,4,11'], 3],
    ['a date that does not exist', ['2025-13-06T00:00:00Z,1,9,2,3,4,11'], 2],
    ['an hour of day that does not exist', ['2025-01-06T00:00:00Z,24,9,2,3,4,11'], 2],
    ['an empty count', ['2025-01-06T00:00:00Z,1,9,,3,4,11'], 2],
    ['a count below zero', ['2025-01-06T00:00:00Z,1,9,2,-3,4,11'], 2],
    ['a field too few', [good, '2025-01-06T01:00:00Z,1,9,2,3,4'], 3],
    ['a century later', [good, '2125-01-06T01:00:00Z,1,9,2,3,4,11'], 3],
    ['no row', [], 2],
  ])('with %s is refused, and the line named', (_name, rows, line) => {
    expect(() => read(...rows)).toThrow(InputError);
    try {
      read(...rows);
    } catch (error) {
      expect(error).toMatchObject({ line });
    }
  });

  test('without its columns is refused', () => {
    expect(() => readLabels('timestamp,value\n2015-02-26 21:42:53,104\n')).toThrow(/no column hour_utc, local_hour/);
  });
});

test('a file of counts becomes sums of clock hours, each with its last row', () => {
  const { hours, lastRow } = readCounts(
    'timestamp,value\r\n2015-02-26 21:42:53,104\r\n2015-02-26 21:47:53,100\r\n2015-02-26 23:02:53,7\r\n',
  );
  expect(hours.map(({ n, complete, localHour, localDay }) => [n, complete, localHour, localDay])).toEqual([
    [204, true, 21, 4],
    [0, false, 22, 4],
    [7, true, 23, 4],
  ]);
  expect([...lastRow.values()]).toEqual(['2015-02-26 21:47:53', '2015-02-26 23:02:53']);
});
