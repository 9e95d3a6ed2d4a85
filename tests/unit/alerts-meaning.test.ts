/** What a rule means in figures: by its own history where there is enough, by simulation where not, never better than measured. */
import { describe, expect, test } from 'vitest';
import { unknownHour } from '../../shared/alerts/hours.ts';
import { meaningOf } from '../../shared/alerts/meaning.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import { RuleBody, type RuleParameters } from '../../shared/contracts/alerts.ts';
import { aSeries } from '../helpers/series.ts';

const rule = (body: Partial<RuleBody>, channels: { rules: number; budget: number }[] = []): RuleParameters =>
  toParameters(RuleBody.parse({ name: 'a rule', metric: 'net', ...body }), channels);
const ninetyDays = aSeries({ seed: 11, volume: 50, weeks: 13 });
const twoWeeks = ninetyDays.slice(0, 336);

describe('parameters', () => {
  test.each([
    ['sensitive', 240, 1.25, 2.5, 4.5],
    ['normal', 720, 1.25, 3, 5],
    ['quiet', 720, 2, 4, 6],
  ] as const)('of a %s rule', (sensitivity, evidence, band, count, term) => {
    expect(rule({ sensitivity })).toMatchObject({ alert_at: evidence, band, minimum_posts: 15, cooldown_hours: 24 });
    expect(rule({ sensitivity, metric: 'negative_posts' }).alert_at).toBe(count);
    expect(rule({ sensitivity, metric: 'terms' })).toMatchObject({
      alert_at: term,
      minimum_posts: 5,
      signals: ['term'],
    });
  });

  test('are rarer where its readers share their budget among many rules, never more frequent', () => {
    expect(
      rule({}, [
        { rules: 10, budget: 2 },
        { rules: 1, budget: 100 },
      ]).alert_at,
    ).toBe(3_600);
    expect(rule({}, [{ rules: 1, budget: 100 }]).alert_at).toBe(720);
    expect(rule({ metric: 'posts' }, [{ rules: 10, budget: 1 }]).alert_at).toBeCloseTo(4, 10);
    expect(rule({ metric: 'terms' }, [{ rules: 1, budget: 1 }]).alert_at).toBe(5);
  });
});

describe('with a history of its own', () => {
  const { delays, basis, falseAlarmsAMonth, postsAnHour } = meaningOf(rule({}), ninetyDays);

  test('falls are put into it, and found the sooner the bigger they are', () => {
    expect(basis).toBe('own_history');
    expect(postsAnHour).toBeGreaterThan(35);
    expect(postsAnHour).toBeLessThan(65);
    const [small, big] = delays;
    expect([small?.fall, big?.fall]).toEqual([0.2, 0.3]);
    expect(small?.medianHours).toBeGreaterThan(6);
    expect(small?.medianHours).toBeLessThan(40);
    expect(big?.medianHours).toBeGreaterThanOrEqual(3);
    expect(big?.medianHours).toBeLessThan(small?.medianHours ?? 0);
    expect(falseAlarmsAMonth).toBeGreaterThan(0.2);
    expect(falseAlarmsAMonth).toBeLessThan(1);
  });

  test('the answer is the same each time', () => {
    expect(meaningOf(rule({}), ninetyDays)).toEqual(meaningOf(rule({}), ninetyDays));
  });

  test('a rule that looks up is told of rises, which take about as long', () => {
    const [, up] = meaningOf(rule({ direction: 'up' }), ninetyDays).delays;
    expect(up?.medianHours).toBeGreaterThanOrEqual(2);
    expect(up?.medianHours).toBeLessThan(30);
  });

  test('a quiet rule is slower, and less often wrong', () => {
    const quiet = meaningOf(rule({ sensitivity: 'quiet' }), ninetyDays);
    expect(quiet.delays[0]?.medianHours ?? 168).toBeGreaterThan(delays[0]?.medianHours ?? 0);
    expect(quiet.falseAlarmsAMonth ?? 0).toBeLessThan(falseAlarmsAMonth ?? 0);
  });
});

describe('without enough of it', () => {
  test('a simulation at its volume answers', () => {
    const meaning = meaningOf(rule({}), twoWeeks);
    expect(meaning.basis).toBe('simulation');
    expect(meaning.delays.map(({ medianHours }) => medianHours)).toEqual([expect.any(Number), expect.any(Number)]);
  });

  test('more posts never make it slower, more evidence never faster', () => {
    const hoursOf = (volume: number) =>
      twoWeeks.map((hour) => ({ ...hour, dneg: volume, dneu: 0, dpos: 0, complete: true }));
    const delay = (volume: number, channels: { rules: number; budget: number }[] = []) =>
      meaningOf(rule({}, channels), hoursOf(volume)).delays[0]?.medianHours ?? Number.POSITIVE_INFINITY;
    const byVolume = [1, 3, 7, 15, 30, 70, 150, 300, 700, 1_500, 9_000].map((volume) => delay(volume));
    expect(byVolume).toEqual(byVolume.toSorted((a, b) => b - a));
    const byBudget = [1, 3, 10, 30, 100, 1_000].map((rules) => delay(50, [{ rules, budget: 1 }]));
    expect(byBudget).toEqual(byBudget.toSorted((a, b) => a - b));
    expect(byBudget.at(-1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('nothing is claimed where nothing is known', () => {
    const unknown = twoWeeks.map(({ at, localHour, localDay }) => unknownHour(at, localHour, localDay));
    expect(meaningOf(rule({}), unknown)).toEqual({
      postsAnHour: null,
      falseAlarmsAMonth: null,
      delays: [],
      basis: 'none',
    });
    expect(meaningOf(rule({}), [])).toMatchObject({ basis: 'none' });
  });

  test.each([
    ['posts', 0.55],
    ['negative_posts', 0.55],
    ['terms', 1],
  ] as const)('rules on %s tell their false alarms, and nothing of falls', (metric, weekly) => {
    const meaning = meaningOf(rule({ metric }), twoWeeks);
    expect(meaning.falseAlarmsAMonth).toBeCloseTo((weekly * 720) / 168, 1);
    expect(meaning.delays).toEqual([]);
  });
});
