/** What of the unsent messages of an alert goes out: order, taking the place of what nobody saw, cancelling, digests. */
import { expect, test } from 'vitest';
import type { AlertMessage } from '../../shared/contracts/alerts.ts';
import type { Unsent } from '../../shared/store/deliveryWork.ts';
import { digest, settle } from '../../workers/alerts/settle.ts';
import { someEvidence } from '../helpers/evidence.ts';
import { aMessage } from '../helpers/messages.ts';

type How = 'new' | 'held' | 'failed' | 'unsure';

/** A row by its type, how it stands, and whether its time has come. */
function row(type: AlertMessage['type'], how: How, isDue = true, more: Partial<AlertMessage> = {}): Unsent {
  const attempts = how === 'failed' || how === 'unsure' ? 2 : 0;
  return {
    id: `${type} ${how}`,
    alertId: 1,
    seq: 1,
    channelId: 1,
    wasHeld: how === 'held',
    isDue,
    isOpen: how === 'held' || how === 'failed',
    attempts,
    message: aMessage({ type, ...more }),
    eventId: 'e',
    underway: { body: null, failed: attempts, paced: 0, sure: 0 },
    signal: 'net_down',
  };
}

const NOTHING: string[] = [];

test.each<[string, Unsent[], boolean, string | undefined, string[], string[]]>([
  ['one message goes', [row('fired', 'new')], false, 'fired new', [], []],
  ['one whose time has not come waits', [row('fired', 'failed', false)], false, undefined, [], []],
  ['what was never tried goes first', [row('fired', 'new'), row('follow_up', 'new')], false, 'fired new', [], []],
  [
    'a later one waits for one that may have arrived',
    [row('fired', 'unsure', false), row('follow_up', 'new')],
    false,
    undefined,
    [],
    [],
  ],
  [
    'a later one takes the place of one that nobody got',
    [row('fired', 'failed', false), row('follow_up', 'new')],
    false,
    'follow_up new',
    ['fired failed'],
    [],
  ],
  [
    'of what was held together the last one speaks',
    [row('fired', 'held'), row('follow_up', 'held'), row('escalated', 'held')],
    false,
    'escalated held',
    ['fired held', 'follow_up held'],
    [],
  ],
  [
    'a critical one does not wait for the end of quiet hours',
    [row('fired', 'held', false), row('escalated', 'new')],
    false,
    'escalated new',
    ['fired held'],
    [],
  ],
  [
    'the end of what nobody heard of cancels both',
    [row('fired', 'failed', false), row('resolved', 'new')],
    false,
    undefined,
    [],
    ['fired failed', 'resolved new'],
  ],
  ['an end alone that nobody waits for is cancelled', [row('rebased', 'new')], false, undefined, [], ['rebased new']],
  ['an end goes to those who were told', [row('resolved', 'new')], true, 'resolved new', [], []],
  [
    'and takes the place of what failed between',
    [row('follow_up', 'failed', false), row('resolved', 'new')],
    true,
    'resolved new',
    ['follow_up failed'],
    [],
  ],
  [
    'an end waits for a beginning not yet tried',
    [row('fired', 'new'), row('resolved', 'new')],
    false,
    'fired new',
    [],
    [],
  ],
  ['a remark about nothing is cancelled', [row('note', 'new')], false, undefined, [], ['note new']],
  [
    'a remark waits for what it is about',
    [row('fired', 'held', false), row('acknowledged', 'new')],
    false,
    undefined,
    [],
    [],
  ],
  ['a remark to those who were told goes', [row('acknowledged', 'new')], true, 'acknowledged new', [], []],
  [
    'nobody steps over a remark',
    [row('fired', 'failed', false), row('acknowledged', 'failed', false), row('follow_up', 'new')],
    true,
    undefined,
    [],
    [],
  ],
])('%s', (_name, rows, told, sent, replaced, cancelled) => {
  const settled = settle(rows, told);
  expect([settled.send?.row.id, settled.replaced, settled.cancelled]).toEqual([sent, replaced, cancelled]);
});

test('whoever speaks for others has their evidence, excerpts and companions', () => {
  const before = row('fired', 'held', true, { also: [{ alert_id: 7, rule: 'Jobs', signal: 'posts' }] });
  const last = row('follow_up', 'held', true, { evidence: null, excerpts: [], severity: 'critical' });
  expect(settle([before, last], false).send?.message).toMatchObject({
    event_id: last.message.event_id,
    type: 'follow_up',
    severity: 'critical',
    sentence: { en: 'Sentence fired. Sentence follow_up.' },
    evidence: before.message.evidence,
    excerpts: before.message.excerpts,
    also: before.message.also,
  });
  expect(settle([before, last], true).send?.message.sentence.en).toBe('Sentence follow_up.');
});

test('in a digest the newest speaks and the others are named, newest first, each once', () => {
  const part = (alert: number, hour: number, also: AlertMessage['also'] = []) => {
    const evidence = someEvidence({ fired_at: `2026-11-23T0${hour}:00:00.000Z` });
    const one = row('fired', 'held', true, {
      alert_id: alert,
      rule: { ...aMessage().rule, name: `rule ${alert}` },
      evidence,
      also,
    });
    return { row: { ...one, id: `alert ${alert}` }, message: one.message };
  };
  const child = { alert_id: 9, rule: 'child', signal: 'posts' as const };
  const { carrier, others } = digest([part(1, 3, [child]), part(2, 5), part(3, 4, [child])]);
  expect([carrier.row.id, others]).toEqual(['alert 2', ['alert 3', 'alert 1']]);
  expect(carrier.message.also.map(({ alert_id }) => alert_id)).toEqual([3, 9, 1]);
  expect(digest([part(1, 3)]).others).toEqual(NOTHING);
});
