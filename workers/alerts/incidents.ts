/**
 * Which stretches of trouble a replay tells of, and which recorded alerts they are. What was recorded stands, so a replay
 * of changed hours is compared with it: by time, not by the exact hour, since a late post may move an alarm by an hour.
 * Pure; workers/alerts/act.ts acts on the result.
 */
import type { HourOutcome, WatchEvent } from '../../shared/alerts/watch.ts';
import type { Signal } from '../../shared/contracts/alerts.ts';
import type { Alert } from '../../shared/store/alerts.ts';

export const HOUR_MS = 3_600_000;

/** An event with the start of its hour, ms. */
export interface Happening {
  at: number;
  event: WatchEvent;
}

/** From alarm to end, as the replay has it. Ends of hours, ms: −Infinity when it began before the replay, Infinity while open. */
export interface Incident {
  signal: Signal;
  from: number;
  to: number;
  happenings: Happening[];
}

/** The incidents of replayed hours by the time they began. `openBefore`: signals that were open before the first hour. */
export function incidentsOf(openBefore: readonly Signal[], outcomes: readonly HourOutcome[]): Incident[] {
  const incidents: Incident[] = [];
  const open = new Map<Signal, Incident>();
  const begin = (signal: Signal, from: number) => {
    const incident: Incident = { signal, from, to: Number.POSITIVE_INFINITY, happenings: [] };
    incidents.push(incident);
    open.set(signal, incident);
    return incident;
  };
  for (const signal of openBefore) begin(signal, Number.NEGATIVE_INFINITY);
  for (const { at, events } of outcomes) {
    for (const event of events) {
      if (event.signal === null) continue;
      const known = open.get(event.signal);
      const incident = event.type === 'fired' || !known ? begin(event.signal, at + HOUR_MS) : known;
      incident.happenings.push({ at, event });
      if (event.type !== 'resolved' && event.type !== 'rebased') continue;
      incident.to = at + HOUR_MS;
      open.delete(event.signal);
    }
  }
  return incidents;
}

export interface Matched {
  /** The alerts of each incident, oldest first. */
  of: Map<Incident, Alert[]>;
  /** Alerts that no incident explains any more. */
  orphans: Alert[];
}

/** Gives each alert the incident of its signal that overlaps it in time and began nearest to it. */
export function match(incidents: readonly Incident[], alerts: readonly Alert[], replayedFrom: number): Matched {
  const of = new Map<Incident, Alert[]>(incidents.map((incident) => [incident, []]));
  const orphans: Alert[] = [];
  for (const alert of alerts) {
    const fired = alert.fired_at.getTime();
    const ended = alert.resolved_at?.getTime() ?? Number.POSITIVE_INFINITY;
    const distance = ({ from }: Incident) =>
      from === Number.NEGATIVE_INFINITY ? Math.max(0, fired - replayedFrom) : Math.abs(from - fired);
    const [nearest] = incidents
      .filter(({ signal, from, to }) => signal === alert.signal && from < ended && fired < to)
      .toSorted((a, b) => distance(a) - distance(b));
    if (nearest) of.get(nearest)?.push(alert);
    else orphans.push(alert);
  }
  return { of, orphans };
}
