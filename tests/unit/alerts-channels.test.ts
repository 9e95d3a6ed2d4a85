/** How each kind of channel writes a message: within its limits, in the reader's language, with nothing of a post let loose. */
import { simpleParser } from 'mailparser';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { AlertMessage, EventType } from '../../shared/contracts/alerts.ts';
import { EventType as EventTypes } from '../../shared/contracts/alerts.ts';
import { CHANNEL_KINDS, type ChannelKind, type ChannelSettings, isReference } from '../../shared/contracts/channels.ts';
import { CHANNELS } from '../../workers/alerts/channels/all.ts';
import type { Channel, Receipt } from '../../workers/alerts/channels/channel.ts';
import { webhookBody } from '../../workers/alerts/channels/webhook.ts';
import { cut, tell } from '../../workers/alerts/channels/wording.ts';
import { someEvidence } from '../helpers/evidence.ts';
import { aMessage } from '../helpers/messages.ts';

const SETTINGS: { [K in ChannelKind]: unknown } = {
  email: { from: 'sada@example.ma', to: ['a@example.ma'] },
  webhook: {},
  slack: {},
  teams: {},
  discord: {},
  telegram: { chat_id: '-100' },
  pagerduty: {},
};

async function written<K extends ChannelKind>(
  kind: K,
  message: AlertMessage,
  settings: object = {},
  first: Receipt | null = null,
): Promise<string> {
  const channel: Channel<K> = CHANNELS[kind];
  const parsed = CHANNEL_KINDS[kind].settings.parse({
    ...(SETTINGS[kind] as object),
    ...settings,
  }) as ChannelSettings<K>;
  const body = await channel.render({
    message,
    settings: parsed,
    channelId: 3,
    first,
    address: 'https://sada.example.ma',
  });
  return body ?? '';
}

const KINDS = Object.keys(CHANNELS) as ChannelKind[];
const LONG = 'Très long و طويل '.repeat(2_000);
/** As long as nothing in Sada should ever be. */
const HUGE = aMessage({
  title: { fr: LONG, ar: LONG, en: LONG },
  sentence: { fr: LONG, ar: LONG, en: LONG },
  excerpts: Array.from(
    { length: 6 },
    () => ({ ...aMessage().excerpts[0], text: 'ض'.repeat(300) }) as AlertMessage['excerpts'][number],
  ),
  also: Array.from({ length: 60 }, (_, n) => ({ alert_id: n, rule: 'r'.repeat(120), signal: 'posts' as const })),
  evidence: someEvidence({
    segments: Array.from(
      { length: 200 },
      () => ({ ...(someEvidence().segments[0] as never as object), name: LONG }) as never,
    ),
    terms: Array.from({ length: 300 }, (_, n) => ({ term: `${LONG.slice(0, 400)}${n}`, posts: n, score: 1 })),
    chart: Array.from({ length: 72 }, () => someEvidence().chart[0] as never),
  }),
});

describe('what a post says stays text', () => {
  const evil = aMessage({
    title: { fr: 'T <!channel> @everyone\r\nBcc: x@evil.example', ar: 'ت', en: 'T' },
    excerpts: [
      {
        post_id: '1',
        label: 'negative',
        text: '<script>alert(1)</script> [x](https://evil.example) **b** <!here> @everyone',
        url: 'javascript:alert(1)',
        source: '<b>s|s</b>',
      },
      { post_id: '2', label: 'positive', text: 'x', url: 'https://example.ma/a|b>c"d', source: 's' },
    ],
  });

  test.each(KINDS.filter((kind) => kind !== 'webhook' && kind !== 'email'))('%s', async (kind) => {
    const body = await written(kind, evil);
    expect(body).not.toContain('javascript:');
    expect(() => JSON.parse(body)).not.toThrow();
    if (kind === 'slack') {
      const { text, blocks } = JSON.parse(body) as { text: string; blocks: { text: { type: string; text: string } }[] };
      const read = blocks.filter((block) => block.text.type === 'mrkdwn').map((block) => block.text.text);
      expect([text, ...read].join()).not.toMatch(/<!|<script/);
      expect(body).toContain('<https://example.ma/a%7Cb%3Ec%22d|s>');
    }
    if (kind === 'telegram') expect(body).not.toMatch(/<script|<b>s/);
    if (kind === 'discord') {
      expect(JSON.parse(body)).toMatchObject({ allowed_mentions: { parse: [] } });
      expect(body).not.toMatch(/@everyone|\[x\]\(https/);
    }
    if (kind === 'teams') expect(body).not.toMatch(/"TextBlock"/); // Markdown is read there only
  });

  test('email', async () => {
    const { raw } = JSON.parse(await written('email', evil)) as { raw: string };
    const mail = await simpleParser(raw);
    expect(mail.subject).toBe('T <!channel> @everyone Bcc: x@evil.example');
    expect(mail.headers.has('bcc')).toBe(false);
    expect(mail.html).not.toMatch(/<script|javascript:|<b>s/);
    expect(mail.html).toContain('&#60;script&#62;');
  });
});

test('limits hold however much there is to say', async () => {
  const slack = JSON.parse(await written('slack', HUGE)) as { text: string; blocks: { text: { text: string } }[] };
  expect(slack.text.length).toBeLessThan(3_500);
  expect(slack.blocks.length).toBeLessThanOrEqual(50);
  for (const [at, { text }] of slack.blocks.entries())
    expect(text.text.length).toBeLessThanOrEqual(at === 0 ? 150 : 3_000);
  expect(Buffer.byteLength(await written('teams', HUGE))).toBeLessThan(28_000);
  const discord = JSON.parse(await written('discord', HUGE)) as {
    content: string;
    embeds: {
      title: string;
      description: string;
      fields: { name: string; value: string }[];
      footer: { text: string };
    }[];
  };
  expect(discord.content.length).toBeLessThanOrEqual(2_000);
  const [embed] = discord.embeds;
  const parts = [
    embed?.title,
    embed?.description,
    embed?.footer.text,
    ...(embed?.fields ?? []).flatMap(({ name, value }) => [name, value]),
  ];
  expect(parts.join('').length).toBeLessThanOrEqual(6_000);
  expect(embed?.title.length).toBeLessThanOrEqual(256);
  for (const field of embed?.fields ?? []) expect(field.value.length).toBeLessThanOrEqual(1_024);
  const telegram = JSON.parse(await written('telegram', HUGE)) as { text: string };
  expect(telegram.text.length).toBeLessThanOrEqual(4_096);
  expect((telegram.text.match(/<b>/g) ?? []).length).toBe((telegram.text.match(/<\/b>/g) ?? []).length); // no tag cut in two
  const pagerduty = JSON.parse(await written('pagerduty', HUGE)) as { payload: { summary: string } };
  expect(pagerduty.payload.summary.length).toBeLessThanOrEqual(1_024);
  expect(Buffer.byteLength(await written('pagerduty', HUGE))).toBeLessThan(512_000);
});

test('a webhook’s body is under 20 kB, and what is least missed goes first', () => {
  const whole = JSON.parse(webhookBody(aMessage())) as { data: AlertMessage };
  expect(whole.data.excerpts).toHaveLength(1);
  const long = { ...aMessage(), excerpts: [], also: [] };
  const chart = Array.from(
    { length: 72 },
    () => ({ ...someEvidence().chart[0], hour: '2026-11-23T09:00:00.000Z', value: 0.123456789012345 }) as never,
  );
  const segments = Array.from({ length: 90 }, () => someEvidence().segments[0] as never);
  const shorter = webhookBody({ ...long, evidence: someEvidence({ chart, segments }) });
  expect(Buffer.byteLength(shorter)).toBeLessThan(20_000);
  expect(JSON.parse(shorter)).toMatchObject({ data: { evidence: { now: -0.196, chart: { length: 24 } } } });
  const plain = { fr: 'a', ar: 'b', en: 'c' };
  expect(Buffer.byteLength(webhookBody({ ...HUGE, title: plain, sentence: plain }))).toBeLessThan(20_000);
});

test('signatures are those of Standard Webhooks', () => {
  const signed = new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').sign(
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    new Date(1_614_265_330_000),
    '{"test": 2432232314}',
  );
  expect(signed).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test.each<[EventType | 'test', string | undefined]>([
  ['fired', 'trigger'],
  ['escalated', 'trigger'],
  ['test', 'trigger'],
  ['acknowledged', 'acknowledge'],
  ['resolved', 'resolve'],
  ['rebased', 'resolve'],
  ['note', undefined],
  ['recovering', undefined],
])('for PagerDuty %s is %s', async (type, action) => {
  const body = await written('pagerduty', aMessage({ type, severity: 'critical' }));
  if (action === undefined) return expect(body).toBe('');
  expect(JSON.parse(body)).toMatchObject({ event_action: action, dedup_key: 'd'.repeat(64) });
  if (action === 'trigger')
    expect(JSON.parse(body)).toMatchObject({
      payload: { severity: 'critical', timestamp: '2026-11-23T10:02:00.000Z' },
    });
});

test('every kind writes every event, and a test is told as one', async () => {
  for (const kind of KINDS) {
    for (const type of EventTypes.options) await written(kind, aMessage({ type, evidence: null }));
    expect(await written(kind, aMessage({ type: 'test', title: { fr: 'ESSAI', ar: 'اختبار', en: 'TEST' } }))).toMatch(
      /ESSAI|test/,
    );
  }
});

test('the language is the channel’s, figures are rounded, and Arabic runs from right to left', async () => {
  const { raw } = JSON.parse(await written('email', aMessage(), { language: 'ar' })) as { raw: string };
  const mail = await simpleParser(raw);
  expect(mail.subject).toBe('ماء: fired');
  expect(mail.html).toContain('<html lang="ar" dir="rtl">');
  expect(mail.html).toContain('text-align:right');
  const text = mail.text?.replace(/[\u2066-\u2069]/g, '');
  expect(text).toContain('قبل ← الآن: +0,15 ← −0,20 (بين −0,31 و−0,08)');
  expect(text).toContain('المحسوب: 440 منشورًا، 317 حسابًا، 3 ساعات');
  expect(JSON.parse(await written('teams', aMessage(), { language: 'ar' }))).toMatchObject({
    attachments: [{ content: { version: '1.4', lang: 'ar', body: { 0: { horizontalAlignment: 'Right' } } } }],
  });
  expect(tell(aMessage(), 'en').facts.map(({ value }) => value)).toContain('+0.15 → −0.20 (between −0.31 and −0.08)');
  expect(
    tell(aMessage({ evidence: someEvidence({ metric: 'posts', signal: 'posts', before: 12.34, now: 90 }) }), 'fr')
      .facts[3]?.value,
  ).toMatch(/^12\/h → 90\/h/);
});

test('a follow-up answers to the first message where a channel has threads', async () => {
  const first = {
    message_id: '<first@example.ma>',
    subject: 'Eau : fired',
    ts: '17.1',
    channel: 'C1',
    title: 'Eau : fired',
  };
  const follow = aMessage({ type: 'resolved', state: 'resolved' });
  const { raw } = JSON.parse(await written('email', follow, {}, first)) as { raw: string };
  const mail = await simpleParser(raw);
  expect([mail.subject, mail.inReplyTo]).toEqual(['Re: Eau : fired', '<first@example.ma>']);
  expect(mail.references).toEqual([`<alert.${'d'.repeat(64)}.3@example.ma>`, '<first@example.ma>']);
  const slack = JSON.parse(await written('slack', follow, { channel: '#press' }, first));
  expect(slack).toMatchObject({
    post: { channel: 'C1', thread_ts: '17.1' },
    update: { channel: 'C1', ts: '17.1', blocks: { 0: { text: { text: '🟢 Eau : fired' } } } },
  });
  expect(JSON.parse(await written('telegram', follow, {}, { message_id: 5 }))).toMatchObject({
    reply_parameters: { message_id: 5, allow_sending_without_reply: true },
  });
});

test('written again it is the same, but for what a mail makes at random', async () => {
  const message = aMessage();
  for (const kind of KINDS.filter((one) => one !== 'email'))
    expect(await written(kind, message)).toBe(await written(kind, message));
});

test.each([
  ['env:SLACK_URL', true],
  ['file:/run/secrets/slack', true],
  ['env:a b', false],
  ['file:relative', false],
  ['https://hooks.example.com/env:X', false],
])('%s is a reference: %s', (value, is) => {
  expect(isReference(value)).toBe(is);
});

test.each<[ChannelKind, object, boolean]>([
  ['webhook', { url: 'https://example.ma/x', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }, true],
  ['webhook', { url: 'https://example.ma/x', secret: 'whsec_short' }, false],
  ['webhook', { url: 'ftp://example.ma/x', secret: 'env:S' }, false],
  ['webhook', { url: 'https://user:word@example.ma/x', secret: 'env:S' }, false],
  ['teams', {}, false],
  ['pagerduty', { routing_key: 'R'.repeat(32) }, true],
  ['pagerduty', { routing_key: 'short' }, false],
  ['telegram', { bot_token: '123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }, true],
  ['email', { smtp_url: 'smtp://u:p@mail.example.ma:587' }, true],
  ['email', { smtp_url: 'http://mail.example.ma' }, false],
])('secrets of %s %o are taken: %s', (kind, secrets, taken) => {
  const parsed = CHANNEL_KINDS[kind].secrets.safeParse(secrets);
  expect(parsed.success).toBe(taken);
  const given = Object.values(secrets).filter((value: string) => value.length > 6);
  for (const value of given) expect(JSON.stringify(parsed.error?.issues ?? [])).not.toContain(value);
});

test('settings that would be another header are refused', () => {
  for (const from of ['a@b.ma\r\nBcc: x@y.ma', 'a b@c.ma', 'Name <a@b.ma>'])
    expect(CHANNEL_KINDS.email.settings.safeParse({ from, to: ['a@b.ma'] }).success).toBe(false);
});

test('cutting leaves no half characters', () => {
  expect(cut('ab😀cd', 4)).toBe('ab…');
  expect(cut('ab😀cd', 5)).toBe('ab😀…');
  expect(cut('abcd', 4)).toBe('abcd');
});
