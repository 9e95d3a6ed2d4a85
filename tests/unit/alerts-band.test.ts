/** The band e-detector: equal to the fixed vector of its specification, figure by figure. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { addEvidence, learnBand, noEvidence, readBand, startBand, usualNet } from '../../shared/alerts/band.ts';
import { HOUR_MS, type ScopeHour, unknownHour } from '../../shared/alerts/hours.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import { startWatch, stepWatch } from '../../shared/alerts/watch.ts';
import { RuleBody } from '../../shared/contracts/alerts.ts';

interface Golden {
  input: [localHour: number, neg: number, neu: number, pos: number, sumN2: number][];
  expect: { t: number; b: number; tau: number; ss: number; eps: number; down: number; up: number }[];
  alarms: [
    {
      t: number;
      m: number;
      start: number;
      hours: number;
      posts: number;
      before: number;
      now: number;
      lo: number;
      hi: number;
    },
  ];
}
const golden = JSON.parse(readFileSync(new URL('../fixtures/alerts/golden.json', import.meta.url), 'utf8')) as Golden;
const hours = golden.input.map(([localHour, dneg, dneu, dpos, c], t): ScopeHour => {
  const n = dneg + dneu + dpos;
  return { ...unknownHour(t * HOUR_MS, localHour, 1), n, scored: n, dneg, dneu, dpos, c, complete: true };
});
const WIDTH = 1.25;

describe('the fixed vector', () => {
  const expected = new Map(golden.expect.map((figures) => [figures.t, figures]));
  const found = new Map<number, Golden['expect'][number]>();
  const state = startBand();
  const [down, up] = [noEvidence(), noEvidence()];
  let quietUntil = 0;
  hours.forEach((hour, t) => {
    const reading = readBand(state, hour, WIDTH);
    const figures = { t, ...reading, down: addEvidence(down, reading, -1), up: addEvidence(up, reading, 1) };
    found.set(t, figures);
    // the vector is of a detector that counts nothing in its cool-down
    if (figures.down >= 720 && t >= 336 && t >= quietUntil) quietUntil = t + 24;
    if (figures.down >= 720 || t < quietUntil) down.fill(0);
    if (figures.up >= 720) up.fill(0);
    learnBand(state, hour, reading, true);
  });

  test.each([...expected.values()])('is met in hour $t', (figures) => {
    const mine = found.get(figures.t);
    for (const name of ['b', 'tau', 'ss', 'eps', 'down', 'up'] as const) {
      expect((mine?.[name] ?? Number.NaN) / figures[name], name).toBeCloseTo(1, 6);
    }
  });

  test('brings the one alert, with its figures, when a whole rule watches', () => {
    const parameters = toParameters(RuleBody.parse({ name: 'golden', metric: 'net' }), []);
    const watch = startWatch(parameters);
    const alarms = hours.flatMap((hour) => {
      const { events } = stepWatch(parameters, watch, hour);
      return events.flatMap(({ type, figures }) => (type === 'fired' ? [{ at: hour.at, figures }] : []));
    });
    const [alarm] = golden.alarms;
    expect(alarms).toHaveLength(1);
    expect(alarms[0]?.at).toBe(alarm.t * HOUR_MS);
    expect(alarms[0]?.figures).toMatchObject({
      startedAt: alarm.start * HOUR_MS,
      hours: alarm.hours,
      distinctPosts: alarm.posts,
      statistic: expect.closeTo(alarm.m, 3),
      before: expect.closeTo(alarm.before, 7),
      now: expect.closeTo(alarm.now, 7),
      low: expect.closeTo(alarm.lo, 7),
      high: expect.closeTo(alarm.hi, 7),
      chance: { kind: 'once_in', days: 36 },
      severity: 'info',
    });
  });
});

describe('what is usual', () => {
  const posts = (localHour: number, dneg: number, dpos: number, ramadan = false): ScopeHour => ({
    ...unknownHour(0, localHour, 1, ramadan),
    n: dneg + dpos,
    dneg,
    dpos,
    c: dneg + dpos,
    complete: true,
  });
  const learn = (state: ReturnType<typeof startBand>, hour: ScopeHour) =>
    learnBand(state, hour, readBand(state, hour, WIDTH), true);

  test('stays through hours without posts, and is less sure afterwards', () => {
    const state = startBand();
    for (let i = 0; i < 50; i++) learn(state, posts(12, 40, 60));
    const before = usualNet(state, posts(3, 0, 0), WIDTH);
    for (let i = 0; i < 400; i++) learnBand(state, posts(3, 0, 0), null, true);
    const after = usualNet(state, posts(3, 0, 0), WIDTH);
    expect(after.b).toBeCloseTo(before.b, 10);
    expect(after.eps).toBeGreaterThan(before.eps);
  });

  test('has a rhythm of its own in Ramadan, which leaves that of other months alone', () => {
    const state = startBand();
    for (let day = 0; day < 30; day++) {
      learn(state, posts(2, 100, 100));
      learn(state, posts(14, 100, 100));
    }
    const usual = [...state.dayNet];
    for (let day = 0; day < 30; day++) {
      learn(state, posts(2, 80, 120, true));
      learn(state, posts(14, 120, 80, true));
    }
    expect(state.dayNet).toEqual(usual);
    const night = usualNet(state, posts(2, 0, 0, true), WIDTH).b;
    expect(night - usualNet(state, posts(14, 0, 0, true), WIDTH).b).toBeGreaterThan(0.1);
    expect(usualNet(state, posts(2, 0, 0), WIDTH).b).toBeCloseTo(usualNet(state, posts(14, 0, 0), WIDTH).b, 2);
  });

  test('does not follow a shift while told to keep its level, but learns how far the level wanders', () => {
    const state = startBand();
    for (let i = 0; i < 100; i++) learn(state, posts(12, 400, 600));
    const before = usualNet(state, posts(12, 0, 0), WIDTH);
    for (let i = 0; i < 24; i++) {
      const hour = posts(12, 500, 500);
      learnBand(state, hour, readBand(state, hour, WIDTH), false);
    }
    const after = usualNet(state, posts(12, 0, 0), WIDTH);
    expect(after.b).toBe(before.b);
    expect(after.eps).toBeGreaterThan(before.eps);
  });
});
