/**
 * Reads a CSV of figures into hours for a back-test: hourly posts by label (`hour_utc,local_hour,…,dneg,dneu,dpos,dsumN2`), or
 * counts in rows of any length (`timestamp,value`). infra/backtest/main.ts calls it. Errors are `InputError` with the line.
 */
import { HOUR_MS, type ScopeHour, unknownHour } from '../../shared/alerts/hours.ts';

/** What is wrong with a file, and where. Lines count from 1, the header being one. */
export class InputError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

export interface Series {
  hours: ScopeHour[];
  /** Timestamp of the last row of each hour, by its start in ms; counts only. */
  lastRow: Map<number, string>;
}

const LABEL_COLUMNS = ['hour_utc', 'local_hour', 'dneg', 'dneu', 'dpos', 'dsumN2'] as const;
/** More missing hours than this between two rows are rather a wrong date. */
const MOST_MISSING = 10 * 366 * 24;

/** Hours of posts by label. The hour of day is the file's; a missing row is an hour that is not known. */
export function readLabels(text: string): Series {
  const hours: ScopeHour[] = [];
  eachRow(text, LABEL_COLUMNS, ([time, local, ...counts], line) => {
    const at = instant(time, line);
    if (at % HOUR_MS !== 0) throw new InputError(line, `hour_utc is not a whole hour: ${time}`);
    const localHour = whole(local, 'local_hour', line);
    if (localHour > 23) throw new InputError(line, `local_hour is not from 0 to 23: ${localHour}`);
    const dneg = whole(counts[0], 'dneg', line);
    const dneu = whole(counts[1], 'dneu', line);
    const dpos = whole(counts[2], 'dpos', line);
    const hour = unknownHour(at, localHour, dayOfWeek(at));
    fillTo(hours, at, line, localHour - utcHour(at));
    hour.n = dneg + dneu + dpos;
    hour.scored = hour.n;
    hour.neg = hour.dneg = dneg;
    hour.neu = hour.dneu = dneu;
    hour.pos = hour.dpos = dpos;
    hour.c = whole(counts[3], 'dsumN2', line);
    hour.complete = true;
    hours.push(hour);
  });
  return { hours, lastRow: new Map() };
}

/** Counts, summed to clock hours. Times without a zone are taken as they stand, also for the hour of day. */
export function readCounts(text: string): Series {
  const hours: ScopeHour[] = [];
  const lastRow = new Map<number, string>();
  let before = Number.NEGATIVE_INFINITY;
  eachRow(text, ['timestamp', 'value'], ([timestamp = '', value], line) => {
    const time = instant(timestamp, line);
    if (time <= before) throw new InputError(line, `timestamp is not after the one before: ${timestamp}`);
    before = time;
    const at = Math.floor(time / HOUR_MS) * HOUR_MS;
    let hour = hours.at(-1);
    if (!hour || hour.at !== at) {
      fillTo(hours, at, line, 0);
      hour = unknownHour(at, utcHour(at), dayOfWeek(at));
      hour.complete = true;
      hours.push(hour);
    }
    const count = whole(value, 'value', line);
    hour.n += count;
    hour.scored += count;
    hour.dneu += count;
    lastRow.set(at, timestamp);
  });
  return { hours, lastRow };
}

// Figures without quotes: a plain split is several times as fast as a CSV parser, and there are up to thousands of files.
function eachRow(text: string, columns: readonly string[], take: (fields: string[], line: number) => void): void {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const places = columns.map((name) => header.indexOf(name));
  const missing = columns.filter((_, i) => places[i] === -1);
  if (missing.length > 0) throw new InputError(1, `no column ${missing.join(', ')}`);
  let rows = 0;
  for (let i = 1; i < lines.length; i++) {
    const row = (lines[i] ?? '').trim();
    if (row === '') continue;
    const fields = row.split(',');
    if (fields.length !== header.length) {
      throw new InputError(i + 1, `${fields.length} fields instead of ${header.length}`);
    }
    rows += 1;
    take(
      places.map((place) => fields[place] ?? ''),
      i + 1,
    );
  }
  if (rows === 0) throw new InputError(lines.length, 'no rows');
}

const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(:\d\d(\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/;

function instant(value: string | undefined, line: number): number {
  const match = INSTANT.exec(value ?? '');
  const time = match ? Date.parse(`${match[1]}T${match[2]}${match[5] ?? 'Z'}`) : Number.NaN;
  if (Number.isNaN(time)) throw new InputError(line, `not a time: ${value}`);
  return time;
}

function whole(value: string | undefined, column: string, line: number): number {
  const number = Number(value);
  // an empty or blank field is not zero
  if (!(number >= 0 && number < 1e12) || value?.trim() === '') {
    throw new InputError(line, `${column} is not a count: ${value}`);
  }
  return Math.round(number);
}

/** Puts hours that are not known before `at`, so that the list has no gaps. */
function fillTo(hours: ScopeHour[], at: number, line: number, offset: number): void {
  const last = hours.at(-1);
  if (!last) return;
  if (at <= last.at) throw new InputError(line, `the hour is not after the one before: ${new Date(at).toISOString()}`);
  if (at - last.at > MOST_MISSING * HOUR_MS) throw new InputError(line, 'more than ten years after the row before');
  for (let hour = last.at + HOUR_MS; hour < at; hour += HOUR_MS) {
    hours.push(unknownHour(hour, (utcHour(hour) + offset + 24) % 24, dayOfWeek(hour)));
  }
}

function utcHour(at: number): number {
  return new Date(at).getUTCHours();
}

function dayOfWeek(at: number): number {
  return new Date(at).getUTCDay() || 7;
}
