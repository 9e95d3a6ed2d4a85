/**
 * Dates as feeds write them: RFC 822, ISO 8601 and their many misspellings, with French and Moroccan month names.
 * Called by feeds/parse.ts. Try it: `parseDate('lun., 23 nov. 2026 10:00 +0100')` is 09:00 UTC.
 */

/** Nothing on the web is older; a date before is a default or a mistake. */
const EARLIEST_MS = Date.UTC(1995, 0, 1);

/** Minutes east of UTC. What is missing here is read as UTC. */
const ZONES: Record<string, number> = {
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  cet: 60,
  cest: 120,
  mez: 60,
  mesz: 120,
  bst: 60,
  ist: 330,
  wat: 60,
  wet: 0,
  west: 60,
  eet: 120,
  eest: 180,
  msk: 180,
  jst: 540,
};

const MONTHS = [
  ['jan', 'janv', 'janvier', 'يناير'],
  ['feb', 'fev', 'fevr', 'fevrier', 'فبراير', 'شباط'],
  ['mar', 'mars', 'مارس', 'آذار', 'اذار'],
  ['apr', 'avr', 'avril', 'أبريل', 'ابريل', 'إبريل', 'نيسان'],
  ['may', 'mai', 'ماي', 'مايو', 'أيار', 'ايار'],
  ['jun', 'juin', 'يونيو', 'يونيه', 'حزيران'],
  ['jul', 'juil', 'juillet', 'يوليوز', 'يوليو', 'تموز'],
  ['aug', 'aout', 'غشت', 'أغسطس', 'اغسطس'],
  ['sep', 'sept', 'شتنبر', 'سبتمبر', 'أيلول', 'ايلول'],
  ['oct', 'أكتوبر', 'اكتوبر'],
  ['nov', 'نونبر', 'نوفمبر'],
  ['dec', 'دجنبر', 'ديسمبر'],
].map((names) => new Set(names));

interface Parts {
  year: number;
  /** From 0. */
  month: number;
  day: number;
  rest: string;
}

/** undefined when it is no date, or one before 1995. A date without a zone is read as UTC; the future is left as it is. */
export function parseDate(written: string | undefined): Date | undefined {
  if (!written || written.length > 200) return undefined;
  const text = latinDigits(written).trim();
  const parts = isoParts(text) ?? slashedParts(text) ?? namedParts(text);
  if (!parts) return undefined;
  const day = Date.UTC(parts.year, parts.month, parts.day);
  if (new Date(day).getUTCDate() !== parts.day || new Date(day).getUTCMonth() !== parts.month) return undefined;
  const time = timeMs(parts.rest);
  if (time === undefined || day + time < EARLIEST_MS || parts.year > 9998) return undefined;
  return new Date(day + time);
}

function isoParts(text: string): Parts | undefined {
  const dashed = /^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[T\s]+(.*))?$/i.exec(text);
  const [, year, month = '1', day = '1', rest = ''] = dashed ?? /^(\d{4})(\d{2})(\d{2})(?:T(.*))?$/i.exec(text) ?? [];
  return year ? { year: Number(year), month: Number(month) - 1, day: Number(day), rest } : undefined;
}

/** Day first as in Morocco, unless only the other order is a date. */
function slashedParts(text: string): Parts | undefined {
  const [, first, second, year, rest = ''] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(.*)$/.exec(text) ?? [];
  if (!year) return undefined;
  const isMonthFirst = Number(second) > 12;
  const [day, month] = isMonthFirst ? [second, first] : [first, second];
  return { year: Number(year), month: Number(month) - 1, day: Number(day), rest };
}

/** `Mon, 23 Nov 2026 …`, `23-Nov-26 …`, `Nov 23, 2026 …`, `Mon Nov 23 10:00:00 GMT 2026`; weekday and case are ignored. */
function namedParts(text: string): Parts | undefined {
  const plain = text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC');
  const letters = '([\\p{L}]{3,12})[.,]*';
  const dayFirst = new RegExp(`(?:^|[^\\d:])(\\d{1,2})[\\s-]+${letters}[\\s-]+(\\d{4}|\\d{2})(?!\\d|:)(.*)$`, 'u').exec(
    plain,
  );
  if (dayFirst) return named(dayFirst[1], dayFirst[2], dayFirst[3], dayFirst[4]);
  const monthFirst = new RegExp(`${letters}\\s+(\\d{1,2})(?:st|nd|rd|th)?,?\\s+(\\d{4})(?!\\d)(.*)$`, 'u').exec(plain);
  if (monthFirst) return named(monthFirst[2], monthFirst[1], monthFirst[3], monthFirst[4]);
  const unix = new RegExp(`${letters}\\s+(\\d{1,2})\\s+(\\d{1,2}:\\d{2}(?::\\d{2})?)(.*?)\\s+(\\d{4})$`, 'u').exec(
    plain,
  );
  return unix ? named(unix[2], unix[1], unix[5], `${unix[3]}${unix[4]}`) : undefined;
}

function named(day = '', name = '', year = '', rest = ''): Parts | undefined {
  const month = MONTHS.findIndex((names) => names.has(name) || (/^[a-z]/.test(name) && names.has(name.slice(0, 3))));
  if (month < 0) return undefined;
  const number = Number(year);
  const full = year.length > 2 ? number : number + (number < 70 ? 2000 : 1900);
  return { year: full, month, day: Number(day), rest };
}

/** Milliseconds from midnight UTC of `10:00:05.25 +0100`, `10h30`, `10:00 PM EST`; 0 when no time is given. */
function timeMs(rest: string): number | undefined {
  const clock = /(\d{1,2})\s*[:h]\s*(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([ap]m)?(.*)$/i.exec(rest);
  if (!clock) return 0;
  const [, hours = '', minutes = '', seconds = '0', fraction = '0', half, zone = ''] = clock;
  let hour = Number(hours);
  if (half && hour === 12) hour = 0;
  if (half?.toLowerCase() === 'pm') hour += 12;
  if (hour > 24 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const ms = Math.floor(Number(`0.${fraction}`) * 1000);
  return ((hour * 60 + Number(minutes) - zoneMinutes(zone)) * 60 + Number(seconds)) * 1000 + ms;
}

function zoneMinutes(zone: string): number {
  const offset = /([+-])\s*(\d{1,2}):?(\d{2})?/.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
    return minutes > 15 * 60 ? 0 : minutes * (offset[1] === '-' ? -1 : 1);
  }
  return ZONES[/[a-z]{2,4}/i.exec(zone)?.[0].toLowerCase() ?? ''] ?? 0;
}

function latinDigits(text: string): string {
  return text.replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660));
}
