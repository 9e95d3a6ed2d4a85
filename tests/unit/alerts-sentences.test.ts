/** What people read of an alert: every event, signal and language, numbers and plurals as each language has them. */
import { describe, expect, test } from 'vitest';
import { type Told, tell } from '../../shared/alerts/sentences.ts';
import { counted } from '../../shared/alerts/words/ar.ts';
import { formatNet, formatNumber, formatPercent, formatRate, isolate } from '../../shared/alerts/words/numbers.ts';
import { EventType, type Evidence, MESSAGE_LANGUAGES, Resolution, Signal } from '../../shared/contracts/alerts.ts';
import { SEVEN_HOURS, someEvidence } from '../helpers/evidence.ts';

/** Figures of the note's example: +0.11 to −0.08 within seven hours. */
function anEvidence(overrides: Partial<Evidence> = {}): Evidence {
  return someEvidence({
    ...SEVEN_HOURS,
    segments: [
      aSegment('water', 'Water', -0.118, { fr: 'Eau', ar: 'الماء', en: 'Water' }),
      aSegment('jobs', 'Jobs', -0.0724),
    ],
    drivers: [],
    driven_by_one: null,
    terms: [],
    examples: { negative: [], positive: [] },
    unsure: 0.2,
    chart: [],
    view: 'from=x',
    model: 'm',
    ...overrides,
  });
}

function aSegment(
  value: string,
  name: string,
  within: number,
  names?: Record<string, string>,
): Evidence['segments'][number] {
  const posts = value === 'water' ? 20 : 80;
  const figures = { posts_before: posts, posts_now: posts, net_before: 0.1, net_now: -0.4, within, mix: 0 };
  return { dimension: 'topic', value, name, ...(names ? { names } : {}), ...figures };
}

function told(overrides: Partial<Told> = {}): Told {
  return {
    type: 'fired',
    rule: 'Water in Casablanca',
    signal: null,
    resolution: null,
    evidence: anEvidence(),
    after: null,
    offsetMinutes: 0,
    ...overrides,
  };
}

/** Without the invisible signs, with plain spaces. */
const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '').replace(/[\u00a0\u202f]/g, ' ');

describe('an alarm of net sentiment', () => {
  test('is told in French', () => {
    const { title, sentence } = tell(told());
    expect(plain(sentence.fr)).toBe(
      'Le sentiment net est passé de +0,11 à −0,08 (entre −0,19 et +0,03) en 7 heures, depuis le 23 novembre à 06:00, sur 499 publications de 212 auteurs ; par hasard, cela arrive une fois en 36 jours. Le thème « Eau » explique 62 % de la baisse.',
    );
    expect(plain(title.fr)).toBe('Water in Casablanca : sentiment net en baisse, de +0,11 à −0,08');
  });

  test('is told in English', () => {
    const { title, sentence } = tell(told());
    expect(sentence.en).toBe(
      'Net sentiment went from +0.11 to −0.08 (between −0.19 and +0.03) within 7 hours, since 23 November at 06:00, on 499 posts by 212 authors; by chance this happens once in 36 days. The topic “Water” explains 62% of the fall.',
    );
    expect(title.en).toBe('Water in Casablanca: net sentiment fell from +0.11 to −0.08');
  });

  test('is told in Arabic', () => {
    const { title, sentence } = tell(told());
    expect(plain(sentence.ar)).toBe(
      'انتقل صافي المشاعر من +0,11 إلى −0,08 (بين −0,19 و+0,03) خلال 7 ساعات، منذ 23 نونبر على الساعة 06:00، استنادًا إلى 499 منشورًا من 212 حسابًا؛ ويحدث ذلك صدفةً مرة كل 36 يومًا. موضوع «الماء» يفسّر 62% من الانخفاض.',
    );
    expect(plain(title.ar)).toBe('Water in Casablanca: انخفاض صافي المشاعر من +0,11 إلى −0,08');
  });

  test('keeps every sign on the left of its digits in Arabic, and names in other letters apart', () => {
    const { title, sentence } = tell(told());
    for (const number of ['+0,11', '−0,08', '−0,19', '+0,03', '62%']) {
      expect(sentence.ar).toContain(`\u2066${number}\u2069`);
    }
    expect(title.ar.startsWith('\u2068Water in Casablanca\u2069')).toBe(true);
    expect(tell(told({ rule: 'الماء' })).title.fr.startsWith('\u2068الماء\u2069')).toBe(true);
  });

  test('uses narrow no-break spaces in French', () => {
    const { sentence } = tell(told({ evidence: anEvidence({ distinct_posts: 12_345 }) }));
    expect(sentence.fr).toContain('12\u202f345 publications');
    expect(sentence.fr).toContain('\u202f; par hasard');
    expect(sentence.fr).toContain('62\u202f%');
    expect(sentence.fr).toContain('«\u00a0Eau\u00a0»');
  });

  test('says the time of the place, and the first of a month', () => {
    const evidence = anEvidence({ started_at: '2026-11-30T23:30:00.000Z' });
    const { sentence } = tell(told({ evidence, offsetMinutes: 60 }));
    expect(sentence.fr).toContain('depuis le 1er décembre à 00:30');
    expect(sentence.en).toContain('since 1 December at 00:30');
    expect(sentence.ar).toContain('منذ 1 دجنبر على الساعة 00:30');
  });

  test('says that one thread or one author is behind it, and that labels are unsure', () => {
    const byThread = tell(told({ evidence: anEvidence({ driven_by_one: 'thread', unsure: 0.51 }) })).sentence;
    expect(plain(byThread.fr)).toContain('Cela tient à un seul fil de discussion : sans lui');
    expect(byThread.en).toContain('It comes down to a single thread: without it');
    expect(byThread.ar).toContain('نقاش واحد');
    expect(byThread.en).toContain('More than half of the posts have a label that is not sure.');
    expect(tell(told({ evidence: anEvidence({ driven_by_one: 'author' }) })).sentence.en).toContain(
      'a single author: without them',
    );
  });

  test.each([
    [
      { kind: 'rarer_than', days: 60 },
      'moins d’une fois en deux mois',
      'less than once in two months',
      'أقل من مرة كل شهرين',
    ],
    [{ kind: 'once_in', days: 1 }, 'une fois en 1 jour.', 'once in 1 day.', 'مرة كل يوم واحد'],
    [
      { kind: 'own_history', times: 0, weeks: 8.9 },
      'n’avait jamais été atteint en 8 semaines',
      'had never been reached in 8 weeks',
      'من قبل على مدى 8 أسابيع',
    ],
    [
      { kind: 'own_history', times: 2, weeks: 52 },
      'a été atteint 2 fois en 52 semaines',
      'was reached twice in 52 weeks',
      'مرتين على مدى 52 أسبوعًا',
    ],
  ] as const)('says how rare it is by chance: %o', (chance, fr, en, ar) => {
    const { sentence } = tell(told({ evidence: anEvidence({ chance }) }));
    expect(sentence.fr).toContain(fr);
    expect(sentence.en).toContain(en);
    expect(sentence.ar).toContain(ar);
  });

  test.each([
    { kind: 'unknown' },
    { kind: 'once_in', days: 0 },
    { kind: 'own_history', times: 3, weeks: 0.4 },
  ] as const)('claims nothing about chance when nothing is known: %o', (chance) => {
    const { sentence } = tell(told({ evidence: anEvidence({ chance }) }));
    expect(sentence.en).toContain('by 212 authors. The topic');
  });
});

describe('what explains a change', () => {
  const explain = (segments: Evidence['segments']) => tell(told({ evidence: anEvidence({ segments }) })).sentence.en;
  test('is named when it explains much more than its size would', () => {
    expect(explain([aSegment('water', 'Water', -0.118), aSegment('jobs', 'Jobs', -0.07)])).toContain(
      '“Water” explains 62%',
    );
    expect(explain([aSegment('water', 'Water', -0.02), aSegment('jobs', 'Jobs', -0.17)])).not.toContain('explain');
  });
  test('is never said to explain more than all', () => {
    expect(explain([aSegment('water', 'Water', -0.3), aSegment('jobs', 'Jobs', 0.11)])).toContain(
      '“Water” explains all of the fall.',
    );
  });
  test('is never the rest, nor the only value there is', () => {
    expect(explain([aSegment('none', 'none', -0.19), aSegment('jobs', 'Jobs', 0)])).not.toContain('explain');
    expect(explain([aSegment('water', 'Water', -0.19)])).not.toContain('explain');
  });
  test('may be a source or a language', () => {
    const asLanguage = [aSegment('ary', 'ary', -0.18), aSegment('fr', 'fr', -0.01)].map((segment, i) => ({
      ...segment,
      dimension: 'language' as const,
      posts_before: i === 0 ? 20 : 80,
    }));
    const { sentence } = tell(told({ evidence: anEvidence({ segments: asLanguage }) }));
    expect(plain(sentence.fr)).toContain('Les publications en darija expliquent 95 % de la baisse.');
    expect(sentence.en).toContain('Posts in Darija explain 95% of the fall.');
    expect(plain(sentence.ar)).toContain('المنشورات المكتوبة بالدارجة تفسّر 95% من الانخفاض.');
  });
});

describe('counts and terms', () => {
  const count = { before: 44.6, now: 142.2, low: 119, high: 166, hours: 1, chance: { kind: 'unknown' } as const };
  test('negative posts are told as posts an hour', () => {
    const evidence = anEvidence({ ...count, signal: 'negative_posts', metric: 'negative_posts', segments: [] });
    const { title, sentence } = tell(told({ evidence }));
    expect(plain(sentence.fr)).toBe(
      'On compte 142 publications négatives par heure (entre 119 et 166) au lieu de 45 d’habitude, en 1 heure, depuis le 23 novembre à 06:00, venant de 212 auteurs.',
    );
    expect(sentence.en).toBe(
      'There are 142 negative posts an hour (between 119 and 166) instead of the usual 45, within 1 hour, since 23 November at 06:00, by 212 authors.',
    );
    expect(plain(sentence.ar)).toBe(
      'وصل العدد إلى 142 منشورًا سلبيًا في الساعة (بين 119 و166) مقابل 45 في العادة، خلال ساعة واحدة، منذ 23 نونبر على الساعة 06:00، من 212 حسابًا.',
    );
    expect(plain(title.fr)).toContain('142 publications négatives par heure au lieu de 45');
  });

  test('a term is named with how much commoner it is, or that it is new', () => {
    const evidence = anEvidence({
      ...count,
      signal: 'term',
      metric: 'terms',
      hours: 3,
      before: 0.5,
      now: 4,
      posts: 12,
      authors: 9,
      segments: [],
      terms: [{ term: 'انقطاع الماء', posts: 12, score: 6 }],
    });
    const { sentence } = tell(told({ evidence }));
    expect(plain(sentence.fr)).toContain(
      'Le terme « انقطاع الماء » revient dans 12 publications de 9 auteurs en 3 heures',
    );
    expect(plain(sentence.fr)).toContain('environ 8 fois plus que d’habitude.');
    expect(sentence.fr).toContain('\u2068انقطاع الماء\u2069');
    expect(sentence.en).toContain('about 8 times as often as usual.');
    expect(plain(sentence.ar)).toContain('ورد المصطلح «انقطاع الماء» في 12 منشورًا من 9 حسابات');
    expect(tell(told({ evidence: { ...evidence, before: 0 } })).sentence.en).toContain('after hardly ever being used.');
  });
});

describe('figures after the alarm', () => {
  const after = { now: -0.1, low: -0.17, high: -0.03, posts: 210, hours: 3 };
  const follow = (changed: Partial<typeof after>) =>
    tell(told({ type: 'follow_up', after: { ...after, ...changed } })).sentence;
  test('confirm a fall only when the whole interval is below the usual level', () => {
    expect(plain(follow({}).fr)).toBe(
      'Dans les 3 heures qui ont suivi l’alerte, sur 210 publications, le sentiment net est de −0,10 (entre −0,17 et −0,03), contre +0,11 d’habitude. La baisse se confirme.',
    );
    expect(follow({ high: 0.12 }).en).toContain('A return to the usual level cannot be ruled out.');
    expect(follow({ now: 0.12, low: 0.02, high: 0.2 }).en).toContain('It is back at the usual level.');
    expect(plain(follow({}).ar)).toContain('الانخفاض مؤكد.');
  });
  test('say when there are none', () => {
    expect(follow({ posts: 0 }).en).toBe('After the alert, no post within 3 hours.');
    expect(tell(told({ type: 'follow_up' })).sentence.en).toBe('There are no figures after the alert yet.');
  });
  test('come with an end, without a verdict', () => {
    const { en } = tell(told({ type: 'resolved', resolution: 'recovered', after })).sentence;
    expect(en).toBe(
      'The figures are back in the usual range. The alert is over. Over the last 3 hours, on 210 posts, net sentiment is −0.10 (between −0.17 and −0.03), against the usual +0.11.',
    );
  });
});

/** What no sentence may hold: a hole in its template, a gap, a sign of direction that is not closed. */
function isBroken(text: string): boolean {
  const opened = (text.match(/[\u2066\u2068]/g) ?? []).length;
  const closed = (text.match(/\u2069/g) ?? []).length;
  return /undefined|NaN|null|Infinity|\[object|\$\{| {2}|\s[.,،؛]/.test(text) || text.length < 9 || opened !== closed;
}

test('every event of every signal is told in every language, with and without figures', () => {
  const afters = [
    null,
    { now: 0.2, low: 0, high: 0.4, posts: 0, hours: 3 },
    { now: 2.5, low: 1, high: 4, posts: 1, hours: 2 },
  ];
  const empty = { before: 0, now: 0, hours: 0, distinct_posts: 1, authors: 0, segments: [] };
  const terms = [{ term: 'x', posts: 1, score: 1 }];
  const said: Record<string, Set<string>> = { fr: new Set(), ar: new Set(), en: new Set() };
  const broken: string[] = [];
  for (const type of [...EventType.options, 'test'] as const)
    for (const signal of Signal.options)
      for (const evidence of [null, anEvidence({ signal }), anEvidence({ signal, ...empty, terms })])
        for (const after of afters)
          for (const resolution of [null, ...Resolution.options]) {
            const { title, sentence } = tell(told({ type, signal, evidence, after, resolution }));
            for (const language of MESSAGE_LANGUAGES) {
              const texts = [title[language], sentence[language]];
              broken.push(...texts.filter(isBroken), ...(texts[1]?.endsWith('.') ? [] : [`${texts[1]}<end>`]));
              said[language]?.add(sentence[language]);
            }
          }
  expect(broken).toEqual([]);
  for (const sentences of Object.values(said)) expect(sentences.size).toBeGreaterThan(60);
});

test('figures that are no numbers are refused rather than written', () => {
  expect(() => tell(told({ evidence: anEvidence({ now: Number.NaN }) }))).toThrow(RangeError);
});

describe('numbers', () => {
  const bare = (text: string) => text.replace(/[\u200e\u200f\u2066-\u2069]/g, '');
  test.each([
    ['fr', 'fr'],
    ['en', 'en'],
    ['ar', 'ar-MA'],
  ] as const)('are written as %s has them', (language, locale) => {
    for (const value of [0, 0.5, 1, -0.085, 12.345, 999, 1_000, -1_234.5, 12_345, 1_234_567.891]) {
      for (const decimals of [0, 2]) {
        const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
        const expected = bare(new Intl.NumberFormat(locale, options).format(Number(value.toFixed(decimals))));
        expect(bare(formatNumber(language, value, decimals))).toBe(
          expected.replace('-', '\u2212').replace(/^\u2212(?=[0.,]*$)/, ''),
        );
      }
    }
  });
  test('a zero has no sign, whichever side it comes from', () => {
    expect(formatNet('fr', -0.001)).toBe('0,00');
    expect(formatNet('en', 0.0049)).toBe('0.00');
    expect(formatNet('en', -0.005001)).toBe('\u22120.01');
  });
  test('rates are rounded as one says them', () => {
    expect([0, 0.004, 0.04, 0.5, 1, 1.24, 9.96, 10.4, 1_234.5].map((value) => formatRate('en', value))).toEqual([
      '0',
      '0',
      '0.04',
      '0.5',
      '1',
      '1.2',
      '10',
      '10',
      '1,235',
    ]);
  });
  test('percents are whole', () => {
    expect(formatPercent('en', 0.617)).toBe('62%');
    expect(formatPercent('ar', 0.617)).toBe('\u206662%\u2069');
  });
  test('somebody else’s signs cannot turn a sentence around', () => {
    expect(isolate('en', 'a\u202eb')).toBe('ab');
    expect(isolate('ar', 'a\u2069b')).toBe('\u2068ab\u2069');
    expect(isolate('ar', 'الماء')).toBe('الماء');
  });
  test('Arabic counts in five forms', () => {
    const forms = ['one', 'two', 'few', 'many', 'other'] as const;
    const said = [0, 1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 111, 200, 1_003].map((value) => counted(value, forms));
    expect(said).toEqual([
      '0 other',
      'one',
      'two',
      '3 few',
      '10 few',
      '11 many',
      '99 many',
      '100 other',
      '101 other',
      '102 other',
      '103 few',
      '111 many',
      '200 other',
      '1.003 few',
    ]);
    expect(counted(1.5, forms, 1)).toBe('1,5 other');
  });
});
