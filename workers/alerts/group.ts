/**
 * Joins a new alert to an open one of the same event, and open ones to it: one of them speaks, the others are named in its
 * messages. shared/alerts/group.ts says which; workers/alerts/act.ts calls this before the new alert is told of.
 */
import { announce, type Subject } from '../../shared/alertMessages.ts';
import { groupWith } from '../../shared/alerts/group.ts';
import { findRuleEver } from '../../shared/store/alertRules.ts';
import { type Alert, addAlertEvent, type OpenAlert, openAlerts, updateAlert } from '../../shared/store/alerts.ts';
import type { Tx } from '../../shared/store/db.ts';
import { isUntouched, lockOutbox, nameAlso, takeBack } from '../../shared/store/outbox.ts';
import type { StoredScope } from '../../shared/store/scopes.ts';
import type { EngineDeps } from './engine.ts';

/** Returns the alert as it stands afterwards, and those that it speaks for. The caller holds `lockActions`. */
export async function join(
  tx: Tx,
  deps: EngineDeps,
  { rule, alert }: Subject,
  scope: StoredScope,
): Promise<{ joined: Alert; children: number[] }> {
  const open = await openAlerts(tx);
  const mine = { ...alert, filter: scope.filter, rule_name: rule.name };
  const { parent, children } = groupWith(toGroupable(mine), open.map(toGroupable));
  const speaker = parent?.id ?? alert.id;
  for (const { id } of children) {
    await updateAlert(tx, id, { parent_id: speaker });
    // What that one spoke for moves up with it: messages name one level.
    for (const grandchild of open.filter(({ parent_id }) => parent_id === id))
      await updateAlert(tx, grandchild.id, { parent_id: speaker });
    const child = open.find((other) => other.id === id);
    if (child) await addAlertEvent(tx, speaker, { type: 'joined', body: nameOf(child), at: deps.now });
  }
  const above = open.find(({ id }) => id === parent?.id);
  if (!above) return { joined: alert, children: children.map(({ id }) => id) };
  const joined = await updateAlert(tx, alert.id, { parent_id: above.id });
  await tellJoined(tx, deps, above, { ...mine, ...joined });
  return { joined, children: [] };
}

/** Takes back what still waits of alerts, on the channels where another one now speaks for them. */
export async function mute(tx: Tx, alerts: readonly number[], channels: readonly number[]): Promise<void> {
  for (const id of alerts) {
    const waiting = (await lockOutbox(tx, id)).filter((row) => isUntouched(row) && channels.includes(row.channel_id));
    await takeBack(
      tx,
      waiting.map((row) => row.id),
      'another alert of the same event speaks for it',
    );
  }
}

/** Names the newcomer in what is still to go out, and tells those who were told already. */
async function tellJoined(tx: Tx, deps: EngineDeps, parent: OpenAlert, child: OpenAlert): Promise<void> {
  const seq = await addAlertEvent(tx, parent.id, { type: 'joined', body: nameOf(child), at: deps.now });
  const waiting = (await lockOutbox(tx, parent.id)).filter(isUntouched).map(({ id }) => id);
  await nameAlso(tx, waiting, nameOf(child));
  const rule = await findRuleEver(tx, parent.rule_id);
  if (rule) await announce(tx, deps, { rule, alert: parent }, { type: 'joined', seq, evidence: child.evidence });
}

function nameOf(alert: OpenAlert) {
  return { alert_id: alert.id, rule: alert.rule_name, signal: alert.signal };
}

function toGroupable(alert: OpenAlert) {
  return {
    id: alert.id,
    scopeId: alert.scope_id,
    filter: alert.filter,
    signal: alert.signal,
    mode: alert.mode,
    sample: alert.sample,
    parentId: alert.parent_id,
  };
}
