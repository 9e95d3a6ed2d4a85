/**
 * Reads dates as files write them, and keeps apart what is an instant and what is only a wall-clock time: those need a
 * zone, which shared/store/zones.ts knows. Called by imports/rows.ts.
 * Try it: `readDate('23/11/2026 10:05')` is `{ local: '2026-11-23T10:05:00.000' }`.
 */

export type ReadDate = { at: Date } | { local: string } | { problem: string };

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Minutes east of UTC of the names that exports end dates with. Others are refused: a guess would be off by hours. */
const ZONES: Readonly<Record<string, number>> = {
  z: 0,
  utc: 0,
  gmt: 0,
  ut: 0,
  wet: 0,
  west: 60,
  cet: 60,
  cest: 120,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
};

interface Parts {
  year: number;
  /** From 1. */
  month: number;
  day: number;
  rest: string;
}

/** ISO 8601, RFC 2822, epoch seconds or milliseconds, `YYYY-MM-DD HH:MM:SS`, `DD/MM/YYYY HH:MM`, `22-Nov-2026 10:05PM`. */
export function readDate(written: string): ReadDate {
  const text = written
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replaceAll('\u202f', ' ')
    .trim();
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return { at: new Date(Math.floor(Number(text) * SECOND_MS)) };
  if (/^\d{12,13}$/.test(text)) return { at: new Date(Number(text)) };
  const parts = text.length > 100 ? undefined : (yearFirst(text) ?? dayFirst(text) ?? named(text));
  if (!parts) return { problem: 'is not a date that can be read; write it as 2026-11-23T10:05:00Z' };
  const midnight = Date.UTC(parts.year, parts.month - 1, parts.day);
  const date = new Date(midnight);
  if (date.getUTCMonth() !== parts.month - 1 || date.getUTCDate() !== parts.day) {
    return { problem: 'is no day of the calendar (read as day/month/year); write it as 2026-11-23' };
  }
  return withTime(midnight, parts.rest.trim());
}

function yearFirst(text: string): Parts | undefined {
  const match = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ,]+(.*))?$/i.exec(text);
  return match
    ? { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]), rest: match[4] ?? '' }
    : undefined;
}

function dayFirst(text: string): Parts | undefined {
  const match = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ,]+(.*))?$/i.exec(text);
  return match
    ? { year: Number(match[3]), month: Number(match[2]), day: Number(match[1]), rest: match[4] ?? '' }
    : undefined;
}

/** `Mon, 23 Nov 2026 …`, `22-Nov-2026 …`, `Nov 23, 2026 …`, `Mon Nov 23 10:00:00 +0000 2026`. */
function named(text: string): Parts | undefined {
  const plain = text.replace(/^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+/i, '');
  const day = /^(\d{1,2})[\s-]+([a-z]{3,9})\.?[\s-]+(\d{4})(?:[\s,]+(.*))?$/i.exec(plain);
  if (day) return monthNamed(day[3], day[2], day[1], day[4]);
  const month = /^([a-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})(?:[\s,]+(.*))?$/i.exec(plain);
  if (month) return monthNamed(month[3], month[1], month[2], month[4]);
  const unix = /^([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}:\d\d:\d\d\s*.*?)\s+(\d{4})$/i.exec(plain);
  return unix ? monthNamed(unix[4], unix[1], unix[2], unix[3]) : undefined;
}

function monthNamed(year = '', name = '', day = '', rest = ''): Parts | undefined {
  const month = MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
  return month > 0 ? { year: Number(year), month, day: Number(day), rest } : undefined;
}

function withTime(midnight: number, rest: string): ReadDate {
  const clock = /^(\d{1,2})[:h](\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([ap]\.?m\.?)?\s*(.*)$/i.exec(rest);
  if (!clock && rest !== '') return { problem: 'has a time that cannot be read; write it as 2026-11-23T10:05:00Z' };
  const [, hours = '0', minutes = '0', seconds = '0', fraction = '0', half, zone = ''] = clock ?? [];
  const hour = half ? (Number(hours) % 12) + (/^p/i.test(half) ? 12 : 0) : Number(hours);
  if (hour > 23 || Number(minutes) > 59 || Number(seconds) > 60) return { problem: 'has a time that no clock shows' };
  const time =
    ((hour * 60 + Number(minutes)) * 60 + Number(seconds)) * SECOND_MS +
    Math.floor(Number(`0.${fraction}`) * SECOND_MS);
  if (zone === '') return { local: new Date(midnight + time).toISOString().slice(0, -1) };
  const offset = zoneMinutes(zone);
  if (offset === undefined) return { problem: 'ends in a zone that is not known; write it as 2026-11-23T10:05:00Z' };
  return { at: new Date(midnight + time - offset * MINUTE_MS) };
}

function zoneMinutes(zone: string): number | undefined {
  const name = /^\(?([a-z]+)\)?$/i.exec(zone);
  if (name) return ZONES[name[1]?.toLowerCase() ?? ''];
  const offset = /^(?:utc|gmt)?\s*([+-])(\d\d?)(?::?(\d\d))?(?:\s*\([\w\s/+-]*\))?$/i.exec(zone);
  if (!offset) return undefined;
  const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
  return minutes > 18 * 60 ? undefined : minutes * (offset[1] === '-' ? -1 : 1);
}
