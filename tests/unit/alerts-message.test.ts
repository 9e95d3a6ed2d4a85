/** The message of an event: whole, frozen, never too long. */
import { describe, expect, test } from 'vitest';
import { composeMessage, MESSAGE_BYTES, type MessageInput, toExcerpt } from '../../shared/alerts/message.ts';
import { AlertMessage, EventType, type Evidence, type Segment } from '../../shared/contracts/alerts.ts';
import { SEVEN_HOURS, someEvidence } from '../helpers/evidence.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-20T13:00:00Z');

function aSegment(dimension: Segment['dimension'], index: number, name = `name ${index}`): Segment {
  const names = { fr: name, ar: name, en: name };
  const figures = { posts_before: 12.345678901234, posts_now: 12, net_before: 0.123456789, net_now: -0.123456789 };
  return {
    dimension,
    value: `value_${index}`,
    name,
    names,
    ...figures,
    within: -0.0123456789 * (index + 1),
    mix: 0.001,
  };
}

function anEvidence(overrides: Partial<Evidence> = {}): Evidence {
  return someEvidence({
    ...SEVEN_HOURS,
    segments: (['topic', 'source', 'language'] as const).flatMap((dimension) =>
      Array.from({ length: 8 }, (_, i) => aSegment(dimension, i)),
    ),
    drivers: Array.from({ length: 6 }, (_, i) => ({
      kind: i < 3 ? ('thread' as const) : ('author' as const),
      key: `key-${i}`.padEnd(32, 'x'),
      posts: 10,
      net: -0.5,
      without: 0.0123456789,
      post_id: '123456',
    })),
    driven_by_one: null,
    terms: Array.from({ length: 8 }, (_, i) => ({ term: `term ${i}`, posts: 12, score: 4.56 })),
    examples: { negative: ['1', '2', '3'], positive: ['4', '5', '6'] },
    unsure: 0.2,
    chart: Array.from({ length: 72 }, (_, i) => ({
      hour: new Date(START + i * HOUR).toISOString(),
      value: -0.1234,
      baseline: 0.1234,
      band: 0.0567,
      n: 71,
    })),
    view: 'from=2026-11-23T06%3A00%3A00.000Z&to=2026-11-23T13%3A00%3A00.000Z&topic=water',
    model: 'sada-2026-11-abcdef',
    ...overrides,
  });
}

function anInput(overrides: Partial<MessageInput> = {}): MessageInput {
  return {
    alert: {
      id: 7,
      dedupKey: 'd'.repeat(64),
      state: 'firing',
      severity: 'warning',
      rule: { id: 3, name: 'Water', version: 2, owner: 'Amal', runbook_url: null, labels: { team: 'water' } },
    },
    type: 'fired',
    seq: 1,
    evidence: anEvidence(),
    after: null,
    excerpts: [],
    also: [],
    address: 'https://sada.example/',
    at: new Date('2026-11-23T13:05:00Z'),
    ...overrides,
  };
}

const anExcerpt = (text: string, url: string | null = 'https://example.ma/post/1') => ({
  post_id: '1',
  label: 'negative' as const,
  text,
  url,
  source: 'Hespress',
});
const bytes = (message: AlertMessage) => Buffer.byteLength(JSON.stringify(message));

test('a message says all of its event, by its contract', () => {
  const message = composeMessage(anInput({ excerpts: [anExcerpt('Plus d’eau depuis hier.')] }));
  expect(AlertMessage.parse(message)).toEqual(message);
  expect(message).toMatchObject({
    event_id: `${'d'.repeat(64)}-1`,
    alert_id: 7,
    type: 'fired',
    at: '2026-11-23T13:05:00.000Z',
    url: 'https://sada.example/?from=2026-11-23T06%3A00%3A00.000Z&to=2026-11-23T13%3A00%3A00.000Z&topic=water',
  });
  expect(message.evidence).toEqual(anEvidence());
  expect(message.excerpts).toHaveLength(1);
});

test('the same event is the same message, byte for byte', () => {
  expect(JSON.stringify(composeMessage(anInput()))).toBe(JSON.stringify(composeMessage(anInput())));
});

test.each([...EventType.options, 'test'] as const)('%s is told without figures too', (type) => {
  const message = composeMessage(anInput({ type, evidence: null, address: null }));
  expect(AlertMessage.parse(message)).toEqual(message);
  expect(message.url).toBeNull();
});

test('without evidence it leads to the installation', () => {
  expect(composeMessage(anInput({ type: 'test', evidence: null })).url).toBe('https://sada.example/');
});

test('a usual message keeps all of its evidence and its excerpts of 280 characters', () => {
  const excerpts = Array.from({ length: 6 }, () => anExcerpt('ماء '.repeat(70).trim()));
  const evidence = anEvidence({ segments: anEvidence().segments.slice(0, 12) });
  const message = composeMessage(anInput({ evidence, excerpts }));
  expect(bytes(message)).toBeLessThanOrEqual(MESSAGE_BYTES);
  expect(message.evidence).toEqual(evidence);
  expect(message.excerpts).toEqual(excerpts);
});

describe('a message that would be too long', () => {
  const long = 'كلمة '.repeat(56).trim();
  const total = (evidence: Evidence | null, dimension: string) =>
    (evidence?.segments ?? [])
      .filter((segment) => segment.dimension === dimension)
      .reduce((sum, { within, mix }) => sum + within + mix, 0);

  test('loses letters of excerpts first, and keeps its chart', () => {
    const message = composeMessage(anInput({ excerpts: Array.from({ length: 6 }, () => anExcerpt(long)) }));
    expect(bytes(message)).toBeLessThanOrEqual(MESSAGE_BYTES);
    expect(message.excerpts[0]?.text.length).toBeLessThan(long.length);
    expect(message.excerpts[0]?.text.endsWith('…')).toBe(true);
    expect(message.evidence?.chart).toHaveLength(72);
  });

  test('adds segments up rather than dropping them', () => {
    const name = 'موضوع طويل جدا '.repeat(5);
    const evidence = anEvidence({
      segments: anEvidence().segments.map((segment, i) => aSegment(segment.dimension, i % 8, name)),
    });
    const message = composeMessage(anInput({ evidence, excerpts: Array.from({ length: 6 }, () => anExcerpt(long)) }));
    expect(bytes(message)).toBeLessThanOrEqual(MESSAGE_BYTES);
    expect(message.evidence?.segments.length).toBeLessThan(24);
    for (const dimension of ['topic', 'source', 'language']) {
      expect(total(message.evidence, dimension)).toBeCloseTo(total(evidence, dimension), 9);
    }
    expect(message.evidence?.chart).toHaveLength(72);
  });

  test('fits whatever it is made of', () => {
    const huge = 'ع"\\\n'.repeat(4_000);
    const message = composeMessage(
      anInput({
        alert: {
          ...anInput().alert,
          rule: {
            ...anInput().alert.rule,
            name: 'ق'.repeat(120),
            owner: 'م'.repeat(200),
            runbook_url: `https://example.ma/${'r'.repeat(1_980)}`,
            labels: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`label${i}`, 'ي'.repeat(200)])),
          },
        },
        evidence: anEvidence({
          view: 'language=fr%2C'.repeat(2_000),
          terms: Array.from({ length: 8 }, () => ({ term: huge, posts: 1, score: 1 })),
          drivers: Array.from({ length: 6 }, () => ({
            kind: 'thread' as const,
            key: huge,
            posts: 1,
            net: 0,
            without: 0,
            post_id: '1',
          })),
          segments: Array.from({ length: 24 }, (_, i) => aSegment('topic', i, huge)),
        }),
        excerpts: Array.from({ length: 6 }, () => anExcerpt(huge.slice(0, 300), `https://example.ma/${huge}`)),
        also: Array.from({ length: 400 }, (_, i) => ({
          alert_id: i,
          rule: 'ر'.repeat(120),
          signal: 'net_down' as const,
        })),
      }),
    );
    expect(bytes(message)).toBeLessThanOrEqual(MESSAGE_BYTES);
    expect(message.title.fr).not.toBe('');
    expect(AlertMessage.safeParse(message).success).toBe(true);
  });
});

describe('an excerpt', () => {
  test('is one line, cut after a word', () => {
    expect(toExcerpt('one\n\ttwo\u0000 three')).toBe('one two three');
    const cut = toExcerpt('word '.repeat(100));
    expect(cut.length).toBeLessThanOrEqual(280);
    expect(cut.endsWith(' word…')).toBe(true);
  });
  test('cannot turn the text around it', () => {
    expect(toExcerpt('a\u202eb\u2066c')).toBe('abc');
  });
  test('does not cut a character of two units in half', () => {
    const cut = toExcerpt('😀'.repeat(300), 100);
    expect(cut).not.toMatch(/[\ud800-\udbff]…$/);
    expect(cut.isWellFormed()).toBe(true);
  });
  test('of 280 characters stays as it is', () => {
    expect(toExcerpt('x'.repeat(280))).toBe('x'.repeat(280));
  });
});
