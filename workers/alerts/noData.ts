/**
 * Tells once that data are missing, so that a source which died never looks like lost interest: rules hold their fire
 * meanwhile. Several rules over the same channel say it once. Called by workers/alerts/act.ts.
 */
import { createHash } from 'node:crypto';
import { heldUntil } from '../../shared/alertMessages.ts';
import { composeMessage } from '../../shared/alerts/message.ts';
import { offsetsOf } from '../../shared/alerts/quiet.ts';
import type { AlertRule } from '../../shared/store/alertRules.ts';
import { channelLoads } from '../../shared/store/alertRules.ts';
import { addAlertEvent, alertsSince, lockAlert } from '../../shared/store/alerts.ts';
import type { Tx } from '../../shared/store/db.ts';
import { writeDelivery } from '../../shared/store/deliveries.ts';
import { toldOfNoData } from '../../shared/store/outbox.ts';
import { silenceOf } from '../../shared/store/silences.ts';
import type { EngineDeps, Replayed } from './engine.ts';
import { HOUR_MS } from './incidents.ts';

/** A channel that was told within this time, by whichever rule, knows it. */
const TOLD_MS = 24 * HOUR_MS;

/** Notes `no_data` and `data_back` on the rule's open alerts, and tells its channels of what is missing still. */
export async function tellNoData(tx: Tx, deps: EngineDeps, replayed: Replayed): Promise<void> {
  const { rule, outcomes, decidedUntil } = replayed;
  const news = outcomes.flatMap(({ at, events }) =>
    at + HOUR_MS > Math.max(decidedUntil, rule.live_from.getTime())
      ? events.filter(({ signal }) => signal === null).map(({ type }) => ({ at, type }))
      : [],
  );
  if (news.length === 0) return;
  const open = (await alertsSince(tx, rule.id, deps.now)).filter(({ state }) => state !== 'resolved');
  for (const { id } of open) {
    await lockAlert(tx, id);
    for (const { at, type } of news) await addAlertEvent(tx, id, { type, hour: new Date(at), at: deps.now });
  }
  const last = news.at(-1);
  const isNow = last?.type === 'no_data' && last.at + HOUR_MS >= deps.now.getTime() - TOLD_MS;
  if (last && isNow && rule.mode === 'live' && !rule.sample) await send(tx, deps, rule, last.at);
}

async function send(tx: Tx, deps: EngineDeps, rule: AlertRule, at: number): Promise<void> {
  const [signal] = rule.parameters.signals;
  const asAlert = { rule_id: rule.id, scope_id: rule.scope_id, severity: 'info' as const };
  if (!signal || (await silenceOf(tx, { ...asAlert, signal }, deps.now))) return;
  const channels = (await channelLoads(tx, rule.body.channels)).map(({ id }) => id);
  const told = await toldOfNoData(tx, channels, new Date(deps.now.getTime() - TOLD_MS));
  const { name, owner, runbook_url, labels } = rule.body;
  const dedupKey = createHash('sha256')
    .update(`${rule.id}|no_data|${new Date(at).toISOString()}`)
    .digest('hex');
  const message = composeMessage({
    alert: {
      id: 0,
      dedupKey,
      state: 'firing',
      severity: 'info',
      signal,
      rule: { id: rule.id, name, version: rule.version, owner, runbook_url, labels },
    },
    type: 'no_data',
    seq: 0,
    evidence: null,
    after: null,
    excerpts: [],
    also: [],
    address: deps.address,
    at: deps.now,
    offsetMinutes: offsetsOf(rule.body.zone ?? deps.zone)(deps.now.getTime()),
  });
  const until = heldUntil(rule, deps);
  for (const channelId of channels.filter((id) => !told.includes(id))) {
    const row = {
      alertId: null,
      seq: null,
      channelId,
      message,
      notBefore: until ?? deps.now,
      held: until !== undefined,
    };
    await writeDelivery(tx, row);
  }
}
