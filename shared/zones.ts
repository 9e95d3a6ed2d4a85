/**
 * Zone spans out of moment-timezone's own data, and the check of what Node believes. infra/migrate.ts stores the spans;
 * every main.ts runs the check at start. The package is pinned: its data (2026f) knows that Morocco stays on UTC+0.
 */
import moment from 'moment-timezone';

/** A stretch of time in which a zone has one offset. */
export interface ZoneSpan {
  zone: string;
  /** null: since ever */
  from: Date | null;
  /** null: for ever */
  to: Date | null;
  offsetMinutes: number;
}

/** An instant at which somebody's zone data differ from ours; offsets in minutes east of UTC. */
export interface ZoneDifference {
  at: Date;
  ours: number;
  theirs: number;
}

/** Version of the zone data, as '2026f'. */
export const ZONE_DATA_VERSION: string = moment.tz.dataVersion;

/** Names of all zones that can be chosen as the reporting zone. */
export function zoneNames(): string[] {
  return moment.tz.names();
}

/** The spans of a zone, oldest first and without gaps; empty for an unknown name. */
export function zoneSpans(zone: string): ZoneSpan[] {
  const data = moment.tz.zone(zone);
  if (!data) return [];
  return data.untils.map((until, index) => ({
    zone,
    from: index === 0 ? null : new Date(data.untils[index - 1] ?? 0),
    to: Number.isFinite(until) ? new Date(until) : null,
    // moment counts minutes west of UTC; history before standard time has fractions
    offsetMinutes: 0 - Math.round(data.offsets[index] ?? 0),
  }));
}

/** Instants at which zone data are compared: now, and the first of each of the next 14 months. */
export function checkInstants(now: Date): Date[] {
  const firsts = Array.from(
    { length: 14 },
    (_, i) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1 + i, 1, 12)),
  );
  return [now, ...firsts];
}

/** Where Node's Intl differs from our spans. */
export function nodeDifferences(zone: string, instants: readonly Date[]): ZoneDifference[] {
  const spans = zoneSpans(zone);
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return instants.flatMap((at) => {
    const span = spans.find((s) => (s.from === null || s.from <= at) && (s.to === null || s.to > at));
    const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
    const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name);
    const theirs = match?.[1] ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) : 0;
    return span && span.offsetMinutes !== theirs ? [{ at, ours: span.offsetMinutes, theirs }] : [];
  });
}
