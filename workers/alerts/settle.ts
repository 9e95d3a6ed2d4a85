/**
 * What of the unsent messages of an alert goes to a channel now: in order, unless a later one can take the place of
 * those that nobody has seen. Pure. workers/alerts/claim.ts calls it; tests/unit/alerts-settle.test.ts shows the cases.
 */
import type { AlertMessage } from '../../shared/contracts/alerts.ts';
import type { Unsent } from '../../shared/store/deliveryWork.ts';

type Type = AlertMessage['type'];

/** The end of an alert: with it, what was never told need not be told. */
const ENDS: ReadonlySet<Type> = new Set(['resolved', 'rebased', 'revised']);
/** Make sense only to somebody who has heard of the alert. They take nobody's place. */
const REMARKS: ReadonlySet<Type> = new Set(['recovering', 'acknowledged', 'snoozed', 'note', 'verdict', 'data_back']);

export interface Settled {
  /** What to send; `message` speaks for the replaced ones, too. */
  send?: { row: Unsent; message: AlertMessage };
  replaced: string[];
  cancelled: string[];
}

/** True for what stands in a digest with others: news, not ends and remarks. */
export function isNews(type: Type): boolean {
  return !ENDS.has(type) && !REMARKS.has(type);
}

/** `rows`: all unsent ones of one alert and channel, in order. `told`: its receiver has, or may have, heard of the alert. */
export function settle(rows: readonly Unsent[], told: boolean): Settled {
  // A remark waits for what it is about; where there is nothing it has no sense.
  const firstNews = rows.findIndex(({ message }) => !REMARKS.has(message.type));
  const cancelled = told ? [] : idsOf(firstNews < 0 ? rows : rows.slice(0, firstNews));
  const kept = rows.filter(({ id }) => !cancelled.includes(id));
  const [head] = kept;
  if (!head) return { replaced: [], cancelled };
  const firstShut = kept.findIndex(({ isOpen }) => !isOpen);
  const mayStepForward = firstShut < 0 ? kept : kept.slice(0, firstShut + 1);
  const target = mayStepForward.findLast(({ isDue, message }) => isDue && !REMARKS.has(message.type));
  const before = target ? kept.slice(0, kept.indexOf(target)) : [];
  if (target && !told && ENDS.has(target.message.type)) {
    return { replaced: [], cancelled: [...cancelled, ...idsOf(before), target.id] };
  }
  // A remark is never passed over: whoever steps forward would swallow it.
  if (!target || before.some(({ message }) => REMARKS.has(message.type))) {
    return head.isDue
      ? { send: { row: head, message: head.message }, replaced: [], cancelled }
      : { replaced: [], cancelled };
  }
  return {
    send: { row: target, message: merge(messagesOf(before), target.message, told) },
    replaced: idsOf(before),
    cancelled,
  };
}

const idsOf = (rows: readonly Unsent[]) => rows.map(({ id }) => id);
const messagesOf = (rows: readonly Unsent[]) => rows.map(({ message }) => message);

/** The last message, with what those before it have and it lacks. To one who heard nothing yet, the first one's sentence too. */
function merge(before: readonly AlertMessage[], last: AlertMessage, told: boolean): AlertMessage {
  const [first] = before;
  if (!first) return last;
  const newest = <T>(pick: (message: AlertMessage) => T | null) =>
    [...before, last].map(pick).findLast((value) => value !== null) ?? null;
  const sentence = told ? last.sentence : both(first.sentence, last.sentence);
  return {
    ...last,
    sentence,
    evidence: newest((message) => message.evidence),
    excerpts: newest((message) => (message.excerpts.length > 0 ? message.excerpts : null)) ?? [],
    also: unique([...last.also, ...before.flatMap((message) => message.also)]),
  };
}

function both(first: AlertMessage['sentence'], last: AlertMessage['sentence']): AlertMessage['sentence'] {
  const join = (a: string, b: string) => (a === b ? a : `${a} ${b}`);
  return { fr: join(first.fr, last.fr), ar: join(first.ar, last.ar), en: join(first.en, last.en) };
}

function unique(also: AlertMessage['also']): AlertMessage['also'] {
  return also.filter((one, index) => also.findIndex(({ alert_id }) => alert_id === one.alert_id) === index);
}

const ageOf = ({ message }: Unsent) => Date.parse(message.evidence?.fired_at ?? message.at);

/** One message for several alerts that were held together: the newest speaks, the others stand in `also`, newest first. */
export function digest(parts: readonly { row: Unsent; message: AlertMessage }[]): {
  carrier: { row: Unsent; message: AlertMessage };
  others: string[];
} {
  const sorted = parts.toSorted(
    (a, b) => ageOf({ ...b.row, message: b.message }) - ageOf({ ...a.row, message: a.message }),
  );
  const [carrier, ...others] = sorted;
  if (!carrier) throw new Error('a digest of nothing');
  const also = others.flatMap(({ row, message }) => {
    const signal = row.signal ?? message.evidence?.signal;
    const own = signal ? [{ alert_id: message.alert_id, rule: message.rule.name, signal }] : [];
    return [...own, ...message.also];
  });
  const message = {
    ...carrier.message,
    also: unique([...carrier.message.also, ...also]).filter(({ alert_id }) => alert_id !== carrier.message.alert_id),
  };
  return { carrier: { row: carrier.row, message }, others: others.map(({ row }) => row.id) };
}
