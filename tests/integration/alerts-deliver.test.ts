/**
 * The outbox against a real database and real receivers that fail, hang, ask for rest, redirect, vanish and recover:
 * everything arrives, in order, each attempt the same, and what cannot arrive is kept and told.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import { editChannel } from '../../shared/channelActions.ts';
import { rotateSecret } from '../../shared/channels.ts';
import { findChannel, setChannelState } from '../../shared/store/channels.ts';
import { type Db, many, one, run } from '../../shared/store/db.ts';
import {
  dueDeliveries,
  listDeliveries,
  pruneDeliveries,
  redactDeliveries,
  replayDeliveries,
  writeDelivery,
} from '../../shared/store/deliveries.ts';
import { deliver, testChannel } from '../../workers/alerts/deliver.ts';
import { expect, test } from '../helpers/db.ts';
import { type Delivering, delivering, SIGNING, START, type Surroundings, seal } from '../helpers/delivering.ts';
import { someEvidence } from '../helpers/evidence.ts';
import { aMessage, anAlert, anEvent } from '../helpers/messages.ts';
import {
  type Answering,
  breakOff,
  first,
  fittingSecrets,
  hang,
  type Receiver,
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

function sending(db: Db, surroundings: Surroundings = {}): Delivering {
  const made = delivering(db, surroundings);
  closing.push(made.deps.outside.close);
  return made;
}

const webhookTo = ({ url }: Receiver, name?: string) => ({
  kind: 'webhook' as const,
  secrets: { url: `${url}/hook`, secret: SIGNING[0] },
  ...(name === undefined ? {} : { name }),
});

/** An alert with one webhook, and the receiver behind it. */
async function aHook(db: Db, how?: Answering, surroundings?: Surroundings) {
  const receiver = await receiving(how);
  const outbox = sending(db, surroundings);
  const channelId = await outbox.channel(webhookTo(receiver));
  const alertId = await anAlert(db, { channels: [channelId] });
  const event = (seq: number, more: Partial<Parameters<typeof anEvent>[1]> = {}) =>
    anEvent(db, { alertId, channelId, seq, at: outbox.now(), event_id: `e${seq}`, ...more });
  return { receiver, outbox, channelId, alertId, event };
}

const idsOf = ({ received }: Receiver) => received.map(({ headers }) => headers['webhook-id']);
const states = (db: Db) =>
  many(db, 'select event_id as id, state, attempts from deliveries order by seq nulls last, created_at');
const stateOf = (db: Db, id: string) =>
  one<{ state: string; last_status: number | null; last_error: string | null; not_before: Date }>(
    db,
    'select state, last_status, last_error, not_before from deliveries where id = $1',
    [id],
  );

test('a message arrives once, signed, under its id, with the time of the event, and its texts are not kept', async ({
  db,
}) => {
  const { receiver, outbox, event } = await aHook(db);
  const id = await event(1);
  expect(await outbox.sweep()).toBe(1);
  expect(await outbox.sweep()).toBe(0);
  await deliver(outbox.deps, id);
  const [got] = receiver.received;
  expect(receiver.received).toHaveLength(1);
  expect(fittingSecrets(got ?? { path: '', headers: {}, body: '' }, SIGNING)).toEqual([SIGNING[0]]);
  expect(got?.headers).toMatchObject({
    'webhook-id': 'e1',
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Sada/test',
  });
  expect(receiver.bodies()[0]).toMatchObject({
    type: 'alert.fired',
    timestamp: START.toISOString(),
    data: { alert_id: 1, evidence: { now: -0.196 }, excerpts: [{ post_id: '17' }] },
  });
  expect(await one(db, `select state, last_status, message->'excerpts' as excerpts, receipt from deliveries`)).toEqual({
    state: 'sent',
    last_status: 204,
    excerpts: [],
    receipt: {},
  });
});

test('written twice for the same event and channel it is one delivery', async ({ db }) => {
  const { receiver, outbox, event } = await aHook(db);
  const ids = [await event(1), await event(1)];
  expect(ids[0]).toBe(ids[1]);
  await outbox.drain();
  expect(idsOf(receiver)).toEqual(['e1']);
});

test.for<[string, Answering, string]>([
  ['answers 500', status(500), 'trouble at the receiver'],
  ['answers 404', status(404), 'not accepted'],
  ['redirects', status(302, { location: 'http://127.0.0.1:9/' }), 'redirect'],
  ['closes the socket', breakOff, 'broke'],
  ['never answers', hang, 'did not answer in time'],
])(
  'a receiver that %s is tried ten times in 76 hours, with the same bytes, and then it is a dead letter',
  async ([, how, says], { db }) => {
    const { receiver, outbox, event } = await aHook(db, how, { timeoutMs: 150 });
    const id = await event(1);
    await outbox.drain();
    expect(receiver.received).toHaveLength(10);
    expect(new Set(idsOf(receiver))).toEqual(new Set(['e1']));
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(Math.round((outbox.now().getTime() - START.getTime()) / 3_600_000)).toBe(76);
    const dead = await stateOf(db, id);
    expect(dead).toMatchObject({ state: 'dead' });
    expect(dead?.last_error).toContain(says);
    expect((await findChannel(db, 1))?.state).toBe('active');
  },
);

test('one that recovers after three failures gets it at the fourth attempt', async ({ db }) => {
  const { receiver, outbox, event } = await aHook(db, first(3, status(503), status(200)));
  await event(1);
  await outbox.drain();
  expect(receiver.received).toHaveLength(4);
  expect(await states(db)).toEqual([{ id: 'e1', state: 'sent', attempts: 4 }]);
  const seconds = (outbox.now().getTime() - START.getTime()) / 1_000;
  expect(seconds).toBe(5 + 300 + 1_800);
});

test.for<[string, Record<string, string>, number]>([
  ['seconds', { 'retry-after': '120' }, 120],
  ['a date', { 'retry-after': 'Mon, 23 Nov 2026 10:10:00 GMT' }, 300],
  ['more than a day', { 'retry-after': '604800' }, 86_400],
])(
  'Retry-After with %s is honoured, uses up no attempt, and quiets the whole channel',
  async ([, headers, seconds], { db }) => {
    const { receiver, outbox, event, channelId } = await aHook(db, first(1, status(429, headers), status(200)));
    const other = await anAlert(db, { channels: [channelId], name: 'other' });
    const ids = [
      await event(1, { at: new Date(START.getTime() - 1_000) }),
      await anEvent(db, { alertId: other, channelId, seq: 1, at: START, event_id: 'o1' }),
    ];
    expect(await outbox.sweep()).toBe(2);
    for (const id of ids)
      expect((await stateOf(db, id))?.not_before).toEqual(new Date(START.getTime() + seconds * 1_000));
    outbox.pass(seconds * 1_000 - 1);
    expect(await outbox.sweep()).toBe(0);
    outbox.pass(1);
    await outbox.sweep();
    expect(idsOf(receiver)[0]).toBe('e1');
    expect(idsOf(receiver).toSorted()).toEqual(['e1', 'e1', 'o1']);
    expect(await one(db, `select receipt, state from deliveries where id = $1`, [ids[0]])).toEqual({
      receipt: {},
      state: 'sent',
    });
  },
);

test('410 ends the channel: dead at once, the rest with it, and another channel of the rule is told, once', async ({
  db,
}) => {
  const gone = await receiving(status(410));
  const fine = await receiving();
  const outbox = sending(db);
  const [a, b] = [await outbox.channel(webhookTo(gone, 'press')), await outbox.channel(webhookTo(fine, 'desk'))];
  const alertId = await anAlert(db, { channels: [a, b] });
  for (const seq of [1, 2]) await anEvent(db, { alertId, channelId: a, seq, at: START, event_id: `e${seq}` });
  await outbox.drain();
  expect(gone.received).toHaveLength(1);
  expect(await findChannel(db, a)).toMatchObject({
    state: 'broken',
    broken_reason: expect.stringContaining('gone for good'),
  });
  expect((await states(db)).slice(0, 2)).toMatchObject([{ state: 'dead' }, { state: 'dead' }]);
  expect(fine.bodies()).toMatchObject([
    {
      type: 'alert.undelivered',
      data: { alert_id: alertId, excerpts: [], sentence: { en: expect.stringContaining('answers 410') } },
    },
  ]);
  expect(fine.bodies()[0]).toMatchObject({ data: { title: { fr: expect.stringContaining('press') } } });
});

test('the last failure is told on another channel, and what tells of it does not tell of itself', async ({ db }) => {
  const outbox = sending(db);
  const [bad, alsoBad] = [await receiving(status(500)), await receiving(status(500))];
  const ids = [await outbox.channel(webhookTo(bad, 'a')), await outbox.channel(webhookTo(alsoBad, 'b'))];
  const alertId = await anAlert(db, { channels: ids });
  await anEvent(db, { alertId, channelId: ids[0] ?? 0, seq: 1, at: START });
  await outbox.drain(60);
  expect([bad.received.length, alsoBad.received.length]).toEqual([10, 10]);
  expect(await many(db, `select state from deliveries`)).toEqual([{ state: 'dead' }, { state: 'dead' }]);
});

test('private addresses are refused, also behind a name, unless they are allowed', async ({ db }) => {
  const { receiver, outbox, event, channelId } = await aHook(db, undefined, { allowPrivate: [] });
  await event(1);
  await outbox.drain();
  expect(receiver.received).toHaveLength(0);
  const channel = await findChannel(db, channelId);
  expect(channel).toMatchObject({
    state: 'broken',
    broken_reason: expect.stringContaining('SADA_ALLOW_PRIVATE_WEBHOOKS'),
  });
  const named = await outbox.channel({
    kind: 'webhook',
    secrets: { url: receiver.url.replace('127.0.0.1', 'localhost') },
  });
  expect(await testChannel(outbox.deps, named)).toMatchObject({
    isSent: false,
    says: expect.stringContaining('public internet'),
  });
  const allowing = sending(db, { allowPrivate: [receiver.hostAndPort] });
  expect(await testChannel(allowing.deps, channelId)).toMatchObject({ isSent: true });
  expect((await findChannel(db, channelId))?.state).toBe('active'); // a test that gets through mends it
});

test('of several workers one sends', async ({ db }) => {
  const { receiver, outbox, event } = await aHook(
    db,
    (_received, response) => void setTimeout(() => response.end(), 300),
  );
  const ids = [await event(1), await event(2), await event(3)];
  const others = [sending(db), sending(db), sending(db)];
  await Promise.all([outbox, ...others].flatMap(({ deps }) => ids.map((id) => deliver(deps, id))));
  await outbox.drain();
  expect(idsOf(receiver)).toEqual(['e1', 'e2', 'e3']);
});

test('a worker killed between sending and marking repeats the same bytes under the same id', async ({ db, url }) => {
  const { receiver, outbox, event, channelId } = await aHook(db);
  const other = await anAlert(db, { channels: [channelId], name: 'other' });
  const ids = [await event(1), await anEvent(db, { alertId: other, channelId, seq: 1, at: START, event_id: 'e2' })];
  for (const [kill, id] of ids.entries()) {
    const args = [
      '--import',
      'tsx',
      'tests/helpers/delivering.ts',
      url,
      id,
      outbox.now().toISOString(),
      receiver.hostAndPort,
    ];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    receiver.answer((_received, response) => {
      child.kill('SIGKILL');
      if (kill === 0) response.writeHead(204).end(); // it may have been answered or not
    });
    await once(child, 'exit');
    expect(await stateOf(db, id)).toMatchObject({ state: 'waiting' });
    receiver.answer(status(204));
    await deliver(outbox.deps, id);
    expect(await stateOf(db, id)).toMatchObject({ state: 'waiting' }); // leased to the dead one
    outbox.pass(60_000);
    await deliver(outbox.deps, id);
  }
  const bodies = receiver.received.map(({ headers, body }) => `${headers['webhook-id']} ${body}`);
  expect(idsOf(receiver).toSorted()).toEqual(['e1', 'e1', 'e2', 'e2']);
  expect(new Set(bodies).size).toBe(2);
  expect(await states(db)).toMatchObject([{ state: 'sent' }, { state: 'sent' }]);
});

test('a test that a worker took first is answered by what that worker wrote down', async ({ db }) => {
  const { receiver, outbox, channelId } = await aHook(
    db,
    (_received, response) => void setTimeout(() => response.end(), 300),
  );
  const worker = sending(db);
  const testing = testChannel(outbox.deps, channelId);
  while (receiver.received.length === 0) await worker.sweep();
  expect(await testing).toMatchObject({ isSent: true, status: 200 });
  expect(receiver.received).toHaveLength(1);
  receiver.answer(status(500));
  expect(await testChannel(outbox.deps, channelId)).toMatchObject({ isSent: false, status: 500 });
  expect(await states(db)).toMatchObject([{ state: 'sent' }, { state: 'cancelled' }]); // no dead letter to replay
});

test('order is kept while a message may have arrived, and the rest follows at once when it is through', async ({
  db,
}) => {
  const { receiver, outbox, event } = await aHook(db, first(1, hang, status(200)), { timeoutMs: 150 });
  await event(1);
  await event(2, { type: 'follow_up' });
  await event(3, { type: 'resolved', state: 'resolved' });
  expect(await outbox.sweep()).toBe(1);
  expect(idsOf(receiver)).toEqual(['e1']);
  expect(await dueDeliveries(db, 10, outbox.now())).toEqual([]);
  outbox.pass(5_000);
  await outbox.sweep();
  expect(idsOf(receiver)).toEqual(['e1', 'e1', 'e2', 'e3']);
});

test('what nobody got gives way: a later event carries it, and an end cancels both', async ({ db }) => {
  const { receiver, outbox, event } = await aHook(db, status(500));
  await event(1);
  await outbox.sweep();
  await event(2, { type: 'follow_up', evidence: null });
  await outbox.sweep();
  expect(await states(db)).toEqual([
    { id: 'e1', state: 'replaced', attempts: 1 },
    { id: 'e2', state: 'waiting', attempts: 1 },
  ]);
  expect(receiver.bodies()[1]).toMatchObject({
    data: { type: 'follow_up', evidence: { now: -0.196 }, sentence: { en: 'Sentence fired. Sentence follow_up.' } },
  });
  await event(3, { type: 'resolved' });
  await outbox.sweep();
  expect(await states(db)).toMatchObject([{ state: 'replaced' }, { state: 'cancelled' }, { state: 'cancelled' }]);
  expect(receiver.received).toHaveLength(2);
});

test('held messages of a channel go out as one when they are due, and each alert’s end is told later', async ({
  db,
}) => {
  const { receiver, outbox, event, channelId } = await aHook(db);
  const other = await anAlert(db, { channels: [channelId], name: 'Jobs' });
  const over = await anAlert(db, { channels: [channelId], name: 'Over' });
  const morning = new Date(START.getTime() + 8 * 3_600_000);
  const later = (hour: number) => someEvidence({ fired_at: `2026-11-23T${hour}:00:00.000Z` });
  const held = { held: true, at: morning };
  await event(1, { ...held, evidence: later(11) });
  await anEvent(db, {
    alertId: other,
    channelId,
    seq: 1,
    ...held,
    event_id: 'o1',
    evidence: later(12),
    rule: { ...aMessage().rule, name: 'Jobs' },
  });
  await anEvent(db, { alertId: over, channelId, seq: 1, ...held, event_id: 'x1' });
  await anEvent(db, { alertId: over, channelId, seq: 2, ...held, event_id: 'x2', type: 'resolved' });
  await outbox.drain();
  expect(outbox.now()).toEqual(morning);
  expect(receiver.bodies()).toMatchObject([
    { data: { event_id: 'o1', also: [{ alert_id: 1, rule: 'Water', signal: 'net_down' }] } },
  ]);
  expect(await states(db)).toEqual(
    expect.arrayContaining([
      { id: 'e1', state: 'replaced', attempts: 0 },
      { id: 'x1', state: 'cancelled', attempts: 0 },
      { id: 'x2', state: 'cancelled', attempts: 0 },
    ]),
  );
  await event(2, { type: 'resolved' });
  await anEvent(db, { alertId: other, channelId, seq: 2, at: outbox.now(), event_id: 'o2', type: 'resolved' });
  await outbox.drain();
  expect(idsOf(receiver).toSorted()).toEqual(['e2', 'o1', 'o2']);
});

test('the end of an alert that another message tells of waits for that message', async ({ db }) => {
  const { receiver, outbox, event, channelId } = await aHook(db, first(1, status(500), status(200)));
  const other = await anAlert(db, { channels: [channelId], name: 'Jobs' });
  await event(1, { held: true });
  const newest = someEvidence({ fired_at: '2026-11-23T12:00:00.000Z' });
  await anEvent(db, { alertId: other, channelId, seq: 1, at: START, held: true, event_id: 'o1', evidence: newest });
  await outbox.sweep();
  await event(2, { type: 'resolved' });
  await outbox.sweep();
  expect(idsOf(receiver)).toEqual(['o1']);
  await outbox.drain();
  expect(idsOf(receiver)).toEqual(['o1', 'o1', 'e2']);
});

test('a paused channel keeps its messages, and sends them when it is resumed', async ({ db }) => {
  const { receiver, outbox, event, channelId } = await aHook(db);
  await setChannelState(db, channelId, 'paused');
  await event(1);
  await outbox.drain();
  expect(await states(db)).toEqual([{ id: 'e1', state: 'held', attempts: 0 }]);
  expect(await testChannel(outbox.deps, channelId)).toMatchObject({ isSent: true }); // a test goes all the same
  await editChannel(
    { db, seal, now: outbox.now(), by: 'amal' },
    { id: channelId, version: undefined },
    { state: 'active' },
  );
  await outbox.drain();
  expect(idsOf(receiver).at(-1)).toBe('e1');
});

test('dead letters are listed, replayed with the same bytes, redacted by hand and by age', async ({ db }) => {
  const { receiver, outbox, event, channelId } = await aHook(db, status(500));
  const id = await event(1);
  await outbox.drain();
  expect(await listDeliveries(db, { channelId, state: 'dead', limit: 10 })).toMatchObject([
    { id, channel: 'channel 1', type: 'fired', attempts: 10, last_status: 500, redacted: false, next_at: null },
  ]);
  expect(await replayDeliveries(db, { id }, outbox.now())).toEqual([id]);
  receiver.answer(first(11, status(500), status(200)));
  await outbox.drain();
  expect(receiver.received).toHaveLength(12);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  receiver.answer(status(500));
  const alertId = await anAlert(db, { channels: [channelId], name: 'second' });
  for (const name of ['third', 'fourth']) {
    const third = await anAlert(db, { channels: [channelId], name });
    await anEvent(db, { alertId: third, channelId, seq: 1, at: outbox.now() });
  }
  const second = await anEvent(db, { alertId, channelId, seq: 1, at: outbox.now() });
  await outbox.drain(60);
  expect(await redactDeliveries(db, { id: second })).toBe(1);
  expect(await replayDeliveries(db, { id: second }, outbox.now())).toEqual([]);
  await pruneDeliveries(db, new Date(outbox.now().getTime() + 29 * 86_400_000));
  expect(await replayDeliveries(db, { channelId }, outbox.now())).toHaveLength(2);
  await outbox.drain(60);
  await pruneDeliveries(db, new Date(outbox.now().getTime() + 31 * 86_400_000));
  expect(await replayDeliveries(db, { channelId }, outbox.now())).toEqual([]);
  expect(JSON.stringify(await many(db, 'select message, receipt from deliveries'))).not.toContain('coupure <b>');
});

test('while a secret is rotated there are two signatures, a day later one', async ({ db }) => {
  const { receiver, outbox, event, channelId } = await aHook(db);
  const { madeSecret } = await rotateSecret({ db, seal }, channelId, outbox.now());
  const both = [SIGNING[0], madeSecret ?? ''];
  await event(1);
  await outbox.sweep();
  outbox.pass(25 * 3_600_000);
  await event(2);
  await outbox.sweep();
  expect(receiver.received.map((one) => fittingSecrets(one, both))).toEqual([both, [madeSecret]]);
});

test('secrets by reference are looked up when they are needed; Sada’s own settings are not given away', async ({
  db,
}) => {
  const receiver = await receiving();
  const environment: Record<string, string> = { HOOK: `${receiver.url}/env`, SADA_SECRET: 'x'.repeat(40) };
  const outbox = sending(db, { environment });
  const channelId = await outbox.channel({ kind: 'teams', secrets: { url: 'env:HOOK' } });
  expect(await testChannel(outbox.deps, channelId)).toMatchObject({ isSent: true });
  expect(receiver.received[0]?.path).toBe('/env');
  environment.HOOK = 'not an address, but a secret';
  expect((await testChannel(outbox.deps, channelId)).says).toMatch(
    /^the secret url is not right: expected a web address/,
  );
  delete environment.HOOK;
  expect((await testChannel(outbox.deps, channelId)).says).toBe('env:HOOK is not set for the worker');
  const spying = await outbox.channel({ kind: 'teams', secrets: { url: 'env:SADA_SECRET' } });
  expect((await testChannel(outbox.deps, spying)).says).toContain('is a setting of Sada');
  const missing = await outbox.channel({ kind: 'teams', secrets: { url: 'file:/nowhere/at/all' } });
  expect((await testChannel(outbox.deps, missing)).says).toBe('file:/nowhere/at/all cannot be read by the worker');
});

test('a message that cannot be written is a dead letter, not a loop', async ({ db }) => {
  const { outbox, event } = await aHook(db);
  const id = await event(1);
  await run(db, `update deliveries set message = message - 'title'`);
  await outbox.drain(3);
  expect(await stateOf(db, id)).toMatchObject({ state: 'dead', last_error: 'the message could not be written' });
});

test('half characters and NUL in a text do not stop a message', async ({ db }) => {
  const { receiver, outbox, channelId } = await aHook(db);
  const excerpt = { post_id: '1', label: 'negative' as const, text: 'a\0b\ud83d', url: null, source: 's' };
  await writeDelivery(db, {
    alertId: null,
    seq: null,
    channelId,
    message: aMessage({ excerpts: [excerpt] }),
    notBefore: START,
    held: false,
  });
  await outbox.drain();
  expect(receiver.bodies()).toMatchObject([{ data: { excerpts: [{ text: 'ab\ufffd' }] } }]);
});
