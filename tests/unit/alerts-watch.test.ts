/** The life of a rule's signals, hour by hour: what is told, when, how often, and what is not. */
import { describe, expect, test } from 'vitest';
import { HOUR_MS, type ScopeHour, type TermSignal, unknownHour } from '../../shared/alerts/hours.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import { type HourOutcome, hoursToLearn, startWatch, stepWatch, type WatchState } from '../../shared/alerts/watch.ts';
import { RuleBody, type RuleParameters } from '../../shared/contracts/alerts.ts';
import { aSeries } from '../helpers/series.ts';

type Change = Partial<Pick<ScopeHour, 'dneg' | 'dneu' | 'dpos' | 'complete' | 'terms'>>;

const rule = (body: Partial<RuleBody>): RuleParameters =>
  toParameters(RuleBody.parse({ name: 'a rule', metric: 'net', ...body }), []);
/** Ordinary hours: 100 posts, net +0.1, the same each hour, so that nothing goes off by chance. */
const hour = (t: number, change: Change = {}): ScopeHour => {
  const labels = { dneg: 25, dneu: 40, dpos: 35, ...change };
  const n = labels.dneg + labels.dneu + labels.dpos;
  return { ...unknownHour(t * HOUR_MS, t % 24, 1), n, scored: n, c: n, complete: true, ...labels };
};
const fallen: Change = { dneg: 45, dpos: 15 };
const risen: Change = { dneg: 5, dpos: 55 };

/** A rule with `learned` ordinary hours behind it. `pass` steps hours that are given as counts of alike hours. */
class Watched {
  readonly parameters: RuleParameters;
  state: WatchState;
  readonly outcomes: HourOutcome[] = [];
  t = 0;
  constructor(body: Partial<RuleBody> = {}, learned = 500) {
    this.parameters = rule(body);
    this.state = startWatch(this.parameters);
    this.pass(learned);
  }
  pass(hours: number, change: Change = {}): this {
    for (let i = 0; i < hours; i++) {
      this.outcomes.push(stepWatch(this.parameters, this.state, hour(this.t, change)));
      this.t += 1;
    }
    return this;
  }
  /** Events as `hour type`, hours counted from `since`. */
  told(since = 500): string[] {
    return this.outcomes.flatMap(({ at, events }) =>
      events.map(({ type, signal }) => `${at / HOUR_MS - since} ${signal ? `${signal} ` : ''}${type}`),
    );
  }
  last(): HourOutcome {
    const outcome = this.outcomes.at(-1);
    if (!outcome) throw new Error('no hour was passed');
    return outcome;
  }
}

describe('net sentiment', () => {
  test('a fall is told, followed up, and resolved once it is over for three checks', () => {
    const watched = new Watched().pass(10, fallen).pass(20);
    expect(watched.told()).toEqual([
      '0 net_down fired',
      '3 net_down follow_up',
      '15 net_down recovering',
      '17 net_down resolved',
    ]);
    const [fired, followUp] = watched.outcomes.flatMap(({ events }) => events);
    expect(fired?.figures).toMatchObject({
      hours: 1,
      distinctPosts: 100,
      now: expect.closeTo(-0.3),
      severity: 'critical',
    });
    expect(followUp?.figures).toMatchObject({ startedAt: 501 * HOUR_MS, hours: 3, distinctPosts: 300 });
  });

  test.each([
    ['down', ['0 net_down fired'], []],
    ['up', [], ['0 net_up fired']],
    ['both', ['0 net_down fired'], ['0 net_up fired']],
  ] as const)('a rule that looks %s sees what is there', (direction, onFall, onRise) => {
    expect(new Watched({ direction }).pass(1, fallen).told()).toEqual(onFall);
    expect(new Watched({ direction }).pass(1, risen).told()).toEqual(onRise);
  });

  test('nothing is told while learning, and it says how long that will take', () => {
    const watched = new Watched({}, 200);
    expect(hoursToLearn(watched.parameters, watched.state)).toBe(136);
    watched.pass(20, fallen).pass(115);
    expect(watched.last().learning).toBe(true);
    expect(watched.pass(2).last().learning).toBe(false);
    expect(hoursToLearn(watched.parameters, watched.state)).toBe(0);
    expect(watched.told()).toEqual([]);
  });

  test('too few posts since the start wait for more', () => {
    const few: Change = { dneg: 5, dneu: 0, dpos: 0 };
    expect(new Watched({ minimum_posts: 30 }).pass(6, few).told()).toEqual(['5 net_down fired']);
    expect(new Watched({ minimum_posts: 5 }).pass(6, few).told()[0]).toMatch(/^[012] net_down fired$/);
  });

  test('an open incident is not told again, however long its cool-down is over', () => {
    const watched = new Watched({ cooldown_hours: 5 }).pass(70, { dneg: 38, dpos: 22 });
    expect(watched.told().filter((line) => line.endsWith('fired'))).toHaveLength(1);
  });

  test('a shift that gets worse during the cool-down is an escalation of the same incident', () => {
    const watched = new Watched().pass(5, { dneg: 34, dpos: 26 }).pass(3, { dneg: 60, dneu: 40, dpos: 0 });
    const events = watched.outcomes.flatMap((outcome) => outcome.events);
    expect(events.map(({ type, figures }) => [type, figures?.severity])).toEqual([
      ['fired', 'info'],
      ['escalated', 'critical'],
    ]);
  });

  test('a shift that begins anew after a quiet spell in an open incident is told, too', () => {
    const watched = new Watched().pass(1, fallen).pass(4).pass(4, fallen);
    expect(watched.told().map((line) => line.split(' ').at(-1))).toEqual([
      'fired',
      'follow_up',
      'recovering',
      'escalated',
    ]);
  });

  test('after it is resolved, its cool-down still asks for ten times the evidence', () => {
    const slight: Change = { dneg: 32, dpos: 28 };
    const hours = (watched: Watched): number => {
      const before = watched.t;
      for (let i = 0; i < 48; i++) {
        watched.pass(1, slight);
        if (watched.last().events.some(({ type }) => type === 'fired')) return watched.t - before;
      }
      return 48;
    };
    const fresh = hours(new Watched({ cooldown_hours: 100 }));
    const cooling = new Watched({ cooldown_hours: 100 }).pass(1, fallen).pass(15);
    expect(cooling.last().open).toEqual([]);
    expect(hours(cooling)).toBeGreaterThan(fresh);
  });

  test('three days outside are the new normal: it is said, and the way back is a change', () => {
    const watched = new Watched({ direction: 'both' }).pass(100, fallen);
    expect(watched.told()).toEqual(['0 net_down fired', '3 net_down follow_up', '72 net_down rebased']);
    expect(watched.last().baseline).toBeCloseTo(-0.3, 1);
    expect(watched.pass(2).told().at(-1)).toMatch(/net_up fired$/);
  });

  test('after a new level that did not last, what was usual before is usual again, whichever way the rule looks', () => {
    const watched = new Watched();
    const before = watched.last().baseline;
    watched.pass(74, fallen);
    expect(watched.last().baseline).toBeCloseTo(-0.3, 1);
    watched.pass(12);
    expect(watched.last().baseline).toBeCloseTo(before, 2);
    expect(watched.pass(1, fallen).told().at(-1)).toBe('86 net_down fired');
    const lasting = new Watched().pass(160, fallen);
    expect(lasting.last().baseline).toBeCloseTo(-0.3, 1);
  });

  test('what is usual keeps its level while something unusual is told', () => {
    const watched = new Watched();
    const before = watched.last().baseline;
    watched.pass(60, fallen);
    expect(watched.last().baseline).toBeCloseTo(before, 1);
    expect(watched.last()).toMatchObject({ open: ['net_down'], recovering: [], outside: true });
  });

  test('severity is that of the sizes in the rule', () => {
    const severity = (body: Partial<RuleBody>) => new Watched(body).pass(1, fallen).last().events[0]?.figures?.severity;
    expect(severity({})).toBe('critical');
    expect(severity({ severity: { critical: 0.9 } })).toBe('warning');
    expect(severity({ severity: { critical: 0.9, warning: 0.8 } })).toBe('info');
  });
});

describe('hours without data', () => {
  const gone: Change = { dneg: 0, dneu: 0, dpos: 0, complete: false };
  const silent: Change = { dneg: 0, dneu: 0, dpos: 0 };

  test.each([
    ['incomplete', gone],
    ['no_data', silent],
  ] as const)('decide nothing (%s), are told once, and their end is told', (held, change) => {
    const watched = new Watched().pass(6, change);
    expect(watched.last()).toMatchObject({ held, value: null, open: [] });
    expect(watched.pass(3).told()).toEqual(['1 no_data', '6 data_back']);
  });

  test('a single one is not told', () => {
    expect(new Watched().pass(1, gone).pass(3).told()).toEqual([]);
  });

  test('an incomplete hour neither fires nor teaches, whatever it shows', () => {
    const watched = new Watched();
    const before = watched.last().baseline;
    watched.pass(10, { ...fallen, complete: false });
    expect(watched.told().filter((line) => !line.endsWith('no_data'))).toEqual([]);
    expect(watched.pass(1).last().baseline).toBeCloseTo(before, 6);
  });

  test('do not resolve what is open', () => {
    const watched = new Watched().pass(2, fallen).pass(30, gone);
    expect(watched.last().open).toEqual(['net_down']);
    expect(watched.told().filter((line) => /resolved|rebased/.test(line))).toEqual([]);
  });

  test('silence of three days is believed, incompleteness never', () => {
    expect(new Watched({ metric: 'posts' }).pass(80, silent).last().held).toBeNull();
    expect(new Watched({ metric: 'posts' }).pass(200, gone).last().held).toBe('incomplete');
  });

  test('of a scope that is often silent are ordinary', () => {
    const watched = new Watched({}, 0).pass(500, { dneg: 0, dneu: 1, dpos: 0 }).pass(20, silent);
    expect(watched.last().held).toBeNull();
    expect(watched.told()).toEqual([]);
  });
});

describe('counts', () => {
  const many: Change = { dneg: 25, dneu: 400, dpos: 35 };

  test('a spike is told with how often it was so before, followed up, and resolved after three ordinary hours', () => {
    const watched = new Watched({ metric: 'posts' }).pass(5, many).pass(10);
    expect(watched.told()).toEqual(['0 posts fired', '3 posts follow_up', '5 posts recovering', '7 posts resolved']);
    expect(watched.outcomes[500]?.events[0]?.figures).toMatchObject({
      hours: 1,
      before: expect.closeTo(100, 0),
      now: 460,
      severity: 'warning',
      chance: { kind: 'own_history', times: 0, weeks: expect.closeTo(500 / 168) },
    });
  });

  test('an alarm counts the times before that were as high', () => {
    const watched = new Watched({ metric: 'posts' })
      .pass(1, many)
      .pass(60)
      .pass(1, many)
      .pass(60)
      .pass(1, { dneu: 300 });
    const chances = watched.outcomes.flatMap(({ events }) =>
      events.flatMap(({ type, figures }) => (type === 'fired' ? [figures?.chance] : [])),
    );
    expect(chances.map((chance) => chance?.kind === 'own_history' && chance.times)).toEqual([0, 1, 2]);
  });

  test('negative posts are counted apart from all', () => {
    const worse: Change = { dneg: 85, dneu: 10, dpos: 5 };
    expect(new Watched({ metric: 'negative_posts' }).pass(1, worse).told()).toEqual(['0 negative_posts fired']);
    expect(new Watched({ metric: 'negative_posts' }).pass(1, many).told()).toEqual([]);
    expect(new Watched({ metric: 'posts' }).pass(1, worse).told()).toEqual([]);
  });

  test('a higher spike in the cool-down is told only if it is of the next severity', () => {
    const then = (dneu: number) =>
      new Watched({ metric: 'posts' })
        .pass(1, { dneu: 300 })
        .pass(6)
        .pass(1, { dneu })
        .told()
        .filter((line) => line.endsWith('fired'));
    expect(then(330)).toEqual(['0 posts fired']);
    expect(then(2_000)).toEqual(['0 posts fired', '7 posts fired']);
  });

  test('what came back at the same hour of the next day is a rhythm, not news', () => {
    const watched = new Watched({ metric: 'posts', cooldown_hours: 1 }).pass(1, many).pass(23).pass(1, many);
    expect(watched.told().filter((line) => line.endsWith('fired'))).toEqual(['0 posts fired']);
  });

  test('three days above the usual are the new usual', () => {
    const watched = new Watched({ metric: 'posts' }).pass(80, many);
    expect(watched.told().at(-1)).toBe('72 posts rebased');
    expect(watched.last().baseline).toBeGreaterThan(300);
  });
});

describe('terms', () => {
  const grève: TermSignal = {
    term: 'grève',
    terms: ['grève', 'grève générale'],
    x: 12,
    authors: 9,
    expected: 1,
    score: 8,
  };
  const coupure: TermSignal = { ...grève, term: 'coupure', terms: ['coupure'], score: 6 };
  const terms = (...found: TermSignal[]): Change => ({ terms: found });
  const watch = () => new Watched({ metric: 'terms' }, 500);

  test('the most surprising is told, another one joins it hours later, and both are over when no longer listed', () => {
    const watched = watch().pass(4, terms(coupure, grève)).pass(3, terms(grève)).pass(4, terms());
    expect(watched.told()).toEqual([
      '0 term fired',
      '3 term follow_up',
      '3 term escalated',
      '7 term recovering',
      '9 term resolved',
    ]);
    expect(watched.outcomes.flatMap(({ events }) => events.map(({ term }) => term?.term)).slice(0, 3)).toEqual([
      'grève',
      'grève',
      'coupure',
    ]);
  });

  test('one that is worse joins at once', () => {
    const watched = watch()
      .pass(1, terms({ ...grève, expected: 4 }))
      .pass(1, terms({ ...grève, expected: 4 }, { ...coupure, expected: 0.5 }));
    expect(watched.told()).toEqual(['0 term fired', '1 term escalated']);
  });

  test.each([
    ['of too few posts', { x: 4 }],
    ['of too few authors', { authors: 2 }],
    ['that is less than three times as common', { expected: 4.5 }],
    ['that chance could bring', { score: 4.9 }],
  ] as const)('one %s is not told', (_name, change) => {
    expect(
      watch()
        .pass(1, terms({ ...grève, ...change }))
        .told(),
    ).toEqual([]);
  });

  test('the same is not told twice in its cool-down, another one is', () => {
    const watched = watch().pass(1, terms(grève)).pass(5, terms()).pass(1, terms(grève)).pass(1, terms(coupure, grève));
    expect(watched.told().filter((line) => line.endsWith('fired'))).toEqual(['0 term fired', '7 term fired']);
  });

  test('any word may be one, also one that objects have', () => {
    const odd = { ...grève, term: 'constructor', terms: ['constructor', '__proto__'] };
    const watched = watch().pass(1, terms(odd)).pass(4, terms()).pass(1, terms(odd));
    expect(watched.told().filter((line) => line.endsWith('fired'))).toEqual(['0 term fired']);
  });

  test('hours whose terms were not counted change nothing', () => {
    const watched = watch().pass(1, terms(grève)).pass(10);
    expect(watched.last().open).toEqual(['term']);
  });
});

test.each([
  ['net', { metric: 'net', direction: 'both', cooldown_hours: 6 }],
  ['posts', { metric: 'posts' }],
  ['negative posts', { metric: 'negative_posts' }],
] as const)('stepped on from stored state it goes on as if never stored: %s', (_name, body) => {
  const parameters = rule(body);
  const hours = aSeries({ seed: 3, volume: 40, weeks: 5, fall: { at: 500, hours: 90, size: 0.35, surge: 2.5 } });
  hours.splice(
    600,
    4,
    ...hours.slice(600, 604).map(({ at, localHour, localDay }) => unknownHour(at, localHour, localDay)),
  );
  const straight = startWatch(parameters);
  let stored = JSON.stringify(startWatch(parameters));
  const events: string[] = [];
  for (const each of hours) {
    const state = JSON.parse(stored) as WatchState;
    const outcome = stepWatch(parameters, state, each);
    expect(outcome).toEqual(stepWatch(parameters, straight, each));
    stored = JSON.stringify(state);
    events.push(...outcome.events.map(({ type }) => type));
  }
  expect(JSON.parse(stored)).toEqual(JSON.parse(JSON.stringify(straight)));
  expect(new Set(events)).toContain('fired');
  expect(stored.length).toBeLessThan(20_000);
});
