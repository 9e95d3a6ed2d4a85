/**
 * Each kind of channel against a real receiver on loopback that answers as the service does: a mail server, and HTTP servers
 * with the services' own words for what is wrong. What they say reaches people without any secret.
 */
import { type AddressInfo, createServer } from 'node:net';
import { afterEach } from 'vitest';
import { shownChannels } from '../../shared/channels.ts';
import type { ChannelBody } from '../../shared/contracts/channels.ts';
import { findChannel } from '../../shared/store/channels.ts';
import { type Db, many } from '../../shared/store/db.ts';
import { testChannel } from '../../workers/alerts/deliver.ts';
import { expect, test } from '../helpers/db.ts';
import { delivering, START, type Surroundings, seal } from '../helpers/delivering.ts';
import { anAlert, anEvent } from '../helpers/messages.ts';
import {
  type Answering,
  first,
  hang,
  type Receiver,
  startMailServer,
  startReceiver,
  status,
} from '../helpers/receivers.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function receiving(how?: Answering): Promise<Receiver> {
  const receiver = await startReceiver(how);
  closing.push(receiver.close);
  return receiver;
}

async function mailing(auth?: { user: string; pass: string }) {
  const server = await startMailServer(auth);
  closing.push(server.close);
  return server;
}

/** A channel, and an alert that it is told of. */
async function told(db: Db, body: Omit<ChannelBody, 'name'>, surroundings: Surroundings = {}) {
  const outbox = delivering(db, surroundings);
  closing.push(outbox.deps.outside.close);
  const channelId = await outbox.channel(body);
  const alertId = await anAlert(db, { channels: [channelId] });
  let seq = 0;
  const event = (more: Partial<Parameters<typeof anEvent>[1]> = {}) => {
    seq += 1;
    return anEvent(db, { alertId, channelId, seq, at: outbox.now(), event_id: `e${seq}`, ...more });
  };
  const state = async () => (await findChannel(db, channelId))?.state;
  return { outbox, channelId, event, state };
}

const rows = (db: Db) =>
  many(db, 'select state, last_status, last_error, receipt from deliveries order by seq, created_at');

const MAIL = { from: 'alertes@sada.example.ma', to: ['amina@example.ma', 'youssef@example.ma'] };

// ---------------------------------------------------------------- e-mail

test('mail of one alert is one thread: HTML and text, ids by event and alert, a way to be left out', async ({ db }) => {
  const server = await mailing();
  const { outbox, event } = await told(db, { kind: 'email', settings: MAIL }, { smtpUrl: server.url });
  await event();
  await event({ type: 'resolved', state: 'resolved' });
  await outbox.drain();
  const [one, two] = server.mails;
  expect(server.mails.map(({ to }) => to)).toEqual([MAIL.to, MAIL.to]);
  expect(one?.parsed).toMatchObject({ subject: 'Eau : fired', messageId: '<e1.1@sada.example.ma>', date: START });
  expect(one?.parsed.from?.text).toBe('"Sada" <alertes@sada.example.ma>');
  expect(two?.parsed).toMatchObject({
    subject: 'Re: Eau : fired',
    messageId: '<e2.1@sada.example.ma>',
    inReplyTo: '<e1.1@sada.example.ma>',
  });
  expect(two?.parsed.references).toContain('<e1.1@sada.example.ma>');
  expect(one?.raw).toMatch(
    /^List-Unsubscribe: <mailto:alertes@sada\.example\.ma\?subject=unsubscribe>,\s+<https:\/\/sada\.example\.ma>/m,
  );
  expect(one?.raw).toMatch(/^Content-Type: multipart\/alternative/m);
  expect(one?.parsed.text).toContain('+0,15 → −0,20 (entre −0,31 et −0,08)');
  expect(one?.parsed.html).toContain('<html lang="fr" dir="ltr">');
  expect(one?.parsed.html).toContain('Encore une coupure &#60;b&#62;d’eau&#60;/b&#62; &#38; rien');
  expect(await rows(db)).toMatchObject([{ state: 'sent', last_status: 250 }, { state: 'sent' }]);
});

test('mail in Arabic arrives as it was written, from right to left', async ({ db }) => {
  const server = await mailing();
  const { outbox, event } = await told(
    db,
    { kind: 'email', settings: { ...MAIL, language: 'ar' } },
    { smtpUrl: server.url },
  );
  await event();
  await outbox.drain();
  const [mail] = server.mails;
  expect(mail?.parsed.subject).toBe('ماء: fired');
  expect(mail?.parsed.text).toContain('جملة fired.');
  expect(mail?.parsed.html).toContain('<html lang="ar" dir="rtl">');
  expect(mail?.raw).toMatch(/^[\x00-\x7f]*$/); // nothing that a mail server on the way could spoil
});

test('a mail that is refused for now is sent again as the same bytes; one refused for good is a dead letter', async ({
  db,
}) => {
  const server = await mailing();
  const { outbox, event, state } = await told(db, { kind: 'email', settings: MAIL }, { smtpUrl: server.url });
  await event({ type: 'fired' });
  server.refuse('rcpt', 451);
  await outbox.sweep();
  expect(await rows(db)).toMatchObject([{ state: 'waiting', last_status: 451 }]);
  const written = (
    await many<{ raw: string }>(db, `select (receipt->'underway'->>'body')::json->>'raw' as raw from deliveries`)
  )[0]?.raw;
  server.refuse(undefined);
  outbox.pass(5_000);
  await outbox.sweep();
  expect(server.mails[0]?.raw.replaceAll('\r\n', '\n').trimEnd()).toBe(written?.trimEnd());
  server.refuse('data', 554);
  await event({ type: 'follow_up' });
  await outbox.sweep();
  expect(await rows(db)).toMatchObject([{ state: 'sent' }, { state: 'dead', last_status: 554 }]);
  expect(await state()).toBe('active');
});

test('a wrong password and a server that is away are told in plain words, without the password', async ({ db }) => {
  const server = await mailing({ user: 'sada', pass: 'right-word' });
  const smtpUrl = server.url.replace('right-word', 'wrong-word');
  const { outbox, channelId } = await told(db, { kind: 'email', settings: MAIL }, { smtpUrl });
  expect((await testChannel(outbox.deps, channelId)).says).toContain('user name or password are not accepted');
  const right = delivering(db, { smtpUrl: server.url });
  expect(await testChannel(right.deps, channelId)).toMatchObject({
    isSent: true,
    says: '127.0.0.1 has taken it for 2 of 2',
  });
  await server.close();
  closing.pop();
  expect((await testChannel(right.deps, channelId)).says).toContain('refuses connections');
  const none = delivering(db);
  expect((await testChannel(none.deps, channelId)).says).toContain('set SADA_SMTP_URL');
  expect(outbox.logged() + JSON.stringify(await rows(db))).not.toMatch(/wrong-word|right-word/);
});

test('a channel’s own mail server may not be inside, the operator’s may', async ({ db }) => {
  const server = await mailing();
  const body = { kind: 'email' as const, settings: MAIL, secrets: { smtp_url: server.url } };
  const { outbox, channelId } = await told(db, body, { allowPrivate: [] });
  expect((await testChannel(outbox.deps, channelId)).says).toContain('not an address of the public internet');
  const allowing = delivering(db, { allowPrivate: [server.hostAndPort] });
  expect(await testChannel(allowing.deps, channelId)).toMatchObject({ isSent: true });
  expect(server.mails).toHaveLength(1);
});

test('a mail server that never greets is given up in time', async ({ db }) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const smtpUrl = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { outbox, event } = await told(db, { kind: 'email', settings: MAIL }, { smtpUrl, timeoutMs: 200 });
  await event();
  await outbox.sweep();
  expect(await rows(db)).toMatchObject([{ state: 'waiting', last_error: '127.0.0.1 did not answer in time' }]);
});

// ---------------------------------------------------------------- chats

test('a Slack bot answers in the thread of the first message and brings that one up to date', async ({ db }) => {
  let ts = 0;
  const api = await receiving((_received, response) => {
    ts += 1;
    response.writeHead(200).end(JSON.stringify({ ok: true, ts: `17.${ts}`, channel: 'C042' }));
  });
  const body = {
    kind: 'slack' as const,
    settings: { channel: '#press', language: 'en' },
    secrets: { bot_token: 'xoxb-111111-secret' },
  };
  const { outbox, event } = await told(db, body, { bases: { slack: api.url } });
  await event();
  await event({ type: 'resolved', state: 'resolved' });
  await outbox.drain();
  expect(api.received.map(({ path, headers }) => [path, headers.authorization])).toEqual(
    ['/chat.postMessage', '/chat.postMessage', '/chat.update'].map((path) => [path, 'Bearer xoxb-111111-secret']),
  );
  expect(api.bodies()).toMatchObject([
    { channel: '#press', text: expect.stringContaining('Water: fired') },
    { channel: 'C042', thread_ts: '17.1', text: expect.stringContaining('Water: resolved') },
    { channel: 'C042', ts: '17.1', blocks: { 0: { text: { text: '🟢 Water: fired' } } } },
  ]);
  expect(JSON.stringify(await many(db, 'select * from deliveries'))).not.toContain('xoxb-');
});

test('Telegram’s follow-ups answer to the first message', async ({ db }) => {
  const api = await receiving(status(200, {}, { ok: true, result: { message_id: 77 } }));
  const token = '123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  const body = { kind: 'telegram' as const, settings: { chat_id: '-100123' }, secrets: { bot_token: token } };
  const { outbox, event } = await told(db, body, { bases: { telegram: api.url } });
  await event();
  await event({ type: 'follow_up' });
  await outbox.drain();
  expect(api.received[0]?.path).toBe(`/bot${token}/sendMessage`);
  expect(api.bodies()).toMatchObject([
    { chat_id: '-100123', parse_mode: 'HTML' },
    { reply_parameters: { message_id: 77 } },
  ]);
  expect(api.bodies()[0]).not.toHaveProperty('reply_parameters');
});

test('PagerDuty gets trigger, acknowledge and resolve under one key; a test resolves itself; notes are not sent', async ({
  db,
}) => {
  const api = await receiving(status(202, {}, { status: 'success' }));
  const body = { kind: 'pagerduty' as const, secrets: { routing_key: 'R0123456789abcdef0123456789abcde' } };
  const { outbox, event, channelId } = await told(db, body, { bases: { pagerduty: api.url } });
  for (const type of ['fired', 'acknowledged', 'note', 'resolved'] as const) await event({ type });
  await outbox.drain();
  expect(await testChannel(outbox.deps, channelId)).toMatchObject({ isSent: true, says: 'PagerDuty has taken it' });
  const said = api.bodies() as { event_action: string; dedup_key: string; routing_key: string }[];
  expect(said.map(({ event_action }) => event_action)).toEqual([
    'trigger',
    'acknowledge',
    'resolve',
    'trigger',
    'resolve',
  ]);
  expect(new Set(said.slice(0, 3).map(({ dedup_key }) => dedup_key)).size).toBe(1);
  expect(new Set(said.map(({ routing_key }) => routing_key))).toEqual(new Set([body.secrets.routing_key]));
  expect(await rows(db)).toMatchObject([
    { state: 'sent' },
    { state: 'sent' },
    { state: 'cancelled' },
    { state: 'sent' },
    { state: 'sent' },
  ]);
  expect(JSON.stringify(await many(db, 'select * from deliveries'))).not.toContain(body.secrets.routing_key);
});

test('alerts held together are one message in a chat, and an incident each in PagerDuty', async ({ db }) => {
  const api = await receiving(status(202, {}, {}));
  const body = { kind: 'pagerduty' as const, secrets: { routing_key: 'R0123456789abcdef0123456789abcde' } };
  const { outbox, event, channelId } = await told(db, body, { bases: { pagerduty: api.url } });
  const other = await anAlert(db, { channels: [channelId], name: 'other' });
  await event({ held: true });
  await anEvent(db, { alertId: other, channelId, seq: 1, at: START, held: true });
  await outbox.drain();
  expect(api.bodies()).toHaveLength(2);
});

test('Discord’s limits are kept: the wait of its body, and rest when the last one is used up', async ({ db }) => {
  const used = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': '1.5' };
  const limited = status(429, { 'retry-after': '1' }, { retry_after: 7.25, global: false });
  const api = await receiving(first(1, limited, status(200, used, { id: '99' })));
  const { outbox, event, channelId } = await told(db, {
    kind: 'discord',
    secrets: { url: `${api.url}/hook?thread_id=5` },
  });
  await event();
  await outbox.sweep();
  outbox.pass(7_249);
  expect(await outbox.sweep()).toBe(0);
  const other = await anAlert(db, { channels: [channelId], name: 'other' });
  await anEvent(db, { alertId: other, channelId, seq: 1, at: new Date(outbox.now().getTime() + 1) });
  outbox.pass(1);
  await outbox.sweep();
  expect(api.received.map(({ path }) => path)).toEqual(['/hook?thread_id=5&wait=true', '/hook?thread_id=5&wait=true']);
  outbox.pass(1_500);
  await outbox.sweep();
  expect(api.received).toHaveLength(3);
});

// ---------------------------------------------------------------- what people have to mend, in their words

const SLACK = { kind: 'slack' as const, secrets: { bot_token: 'xoxb-111111-secret' }, settings: { channel: 'C1' } };
const TELEGRAM = {
  kind: 'telegram' as const,
  settings: { chat_id: '-100' },
  secrets: { bot_token: '123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
};
const PAGERDUTY = { kind: 'pagerduty' as const, secrets: { routing_key: 'R0123456789abcdef0123456789abcde' } };
const hook = (kind: 'slack' | 'teams' | 'discord' | 'webhook') => ({
  kind,
  secrets: { url: 'HERE/services/T0/secret-part' },
});

test.for<[string, Omit<ChannelBody, 'name'>, Answering, 'active' | 'broken', string]>([
  ['a Teams flow that is gone', hook('teams'), status(404), 'broken', 'make a new one in Workflows'],
  ['a Teams flow that ended', hook('teams'), status(410), 'broken', 'account of its owner'],
  ['a Teams card that is refused', hook('teams'), status(400), 'active', 'does not take this card'],
  ['a Slack webhook that was removed', hook('slack'), status(404, {}, 'no_service'), 'broken', 'make a new webhook'],
  [
    'a Slack channel that was archived',
    hook('slack'),
    status(410, {}, 'channel_is_archived'),
    'broken',
    'is the channel there',
  ],
  ['blocks that Slack does not take', hook('slack'), status(400, {}, 'invalid_blocks'), 'active', 'invalid_blocks'],
  [
    'a Slack bot that was not invited',
    SLACK,
    status(200, {}, { ok: false, error: 'not_in_channel' }),
    'broken',
    'has the bot been invited',
  ],
  ['a Slack token that was revoked', SLACK, status(200, {}, { ok: false, error: 'token_revoked' }), 'broken', 'token'],
  ['trouble at Slack', SLACK, status(200, {}, { ok: false, error: 'internal_error' }), 'active', 'internal_error'],
  ['a Discord webhook that was deleted', hook('discord'), status(404, {}, { code: 10015 }), 'broken', 'Make a new one'],
  ['a message that Discord refuses', hook('discord'), status(400, {}, { code: 50006 }), 'active', '50006'],
  ['a Telegram token that is wrong', TELEGRAM, status(401, {}, { ok: false }), 'broken', 'token of BotFather'],
  [
    'a Telegram chat that threw the bot out',
    TELEGRAM,
    status(403, {}, { ok: false, description: 'Forbidden: bot was kicked' }),
    'broken',
    'Add it to the chat again',
  ],
  [
    'a Telegram group that moved',
    TELEGRAM,
    status(400, {}, { ok: false, parameters: { migrate_to_chat_id: -200 } }),
    'broken',
    '-200',
  ],
  [
    'a PagerDuty key that is wrong',
    PAGERDUTY,
    status(400, {}, { errors: ["'routing_key' is invalid"] }),
    'broken',
    'integration key',
  ],
  [
    'an event that PagerDuty refuses',
    PAGERDUTY,
    status(400, {}, { errors: ['summary is required'] }),
    'active',
    'does not take this event',
  ],
  ['a receiver that is gone', hook('webhook'), status(410), 'broken', 'gone for good'],
  ['a receiver that hangs', hook('webhook'), hang, 'active', 'did not answer in time'],
])('%s', async ([, body, how, after, says], { db }) => {
  const api = await receiving(how);
  const secrets = Object.fromEntries(
    Object.entries(body.secrets ?? {}).map(([name, value]) => [name, String(value).replace('HERE', api.url)]),
  );
  const bases = { slack: api.url, telegram: api.url, pagerduty: api.url };
  const { outbox, event, state } = await told(db, { ...body, secrets }, { bases, timeoutMs: 2_000 });
  await event();
  await outbox.sweep();
  expect(await state()).toBe(after);
  const [row] = await rows(db);
  expect(row?.last_error).toContain(says);
  const shown = JSON.stringify([await rows(db), await shownChannels({ db, seal }), outbox.logged()]);
  expect(shown).not.toMatch(/secret-part|xoxb-|AAAAAAAA|R0123456789/);
});
