/**
 * Numbers, times and quoted names as each language writes them. Called by the phrases beside this file. Pure, and without
 * Intl: its data differ from one Node to the next, and a message must not.
 */
import type { MessageLanguage } from '../../contracts/alerts.ts';

/** A real minus sign: a hyphen may be left alone at the end of a line. */
const MINUS = '\u2212';
/** Narrow no-break space. */
export const THIN = '\u202f';
export const NO_BREAK = '\u00a0';
const [LEFT_TO_RIGHT, FIRST_STRONG, END] = ['\u2066', '\u2068', '\u2069'];

const MARKS: Record<MessageLanguage, { decimal: string; group: string; percent: string }> = {
  fr: { decimal: ',', group: THIN, percent: `${THIN}%` },
  // As Morocco writes Arabic: Western digits, decimal comma.
  ar: { decimal: ',', group: '.', percent: '%' },
  en: { decimal: '.', group: ',', percent: '%' },
};

/** A number with a fixed count of decimals; `signed` also shows the plus. Throws on what is no number. */
export function formatNumber(language: MessageLanguage, value: number, decimals = 0, signed = false): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be written in a message`);
  const [whole = '0', fraction] = Math.abs(value).toFixed(decimals).split('.');
  const { decimal, group } = MARKS[language];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  const digits = fraction === undefined ? grouped : `${grouped}${decimal}${fraction}`;
  const sign = /[1-9]/.test(digits) ? (value < 0 ? MINUS : signed ? '+' : '') : '';
  return sign === '' ? digits : leftToRight(language, `${sign}${digits}`);
}

/** Net sentiment, as +0.11. */
export const formatNet = (language: MessageLanguage, value: number) => formatNumber(language, value, 2, true);

/** A share in whole percent. */
export function formatPercent(language: MessageLanguage, share: number): string {
  return leftToRight(language, `${formatNumber(language, Math.round(share * 100))}${MARKS[language].percent}`);
}

/** A rate, rounded as one says it: whole from 10 on, else with the decimals that tell it from nothing. */
export function roundRate(value: number): { value: number; decimals: number } {
  const decimals = value >= 10 || Number.isInteger(value) ? 0 : value >= 0.095 ? 1 : 2;
  const rounded = Number(value.toFixed(decimals));
  return Number.isInteger(rounded) ? { value: rounded, decimals: 0 } : { value: rounded, decimals };
}

export function formatRate(language: MessageLanguage, rate: number): string {
  const { value, decimals } = roundRate(rate);
  return formatNumber(language, value, decimals);
}

/** Signs and percents are weak characters: in Arabic they would jump to the other side of their digits. */
function leftToRight(language: MessageLanguage, text: string): string {
  return language === 'ar' ? `${LEFT_TO_RIGHT}${text}${END}` : text;
}

const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** The longest name that a rule may have; a sentence with a longer one would not be read. */
const LONGEST_NAME = 120;

/** Somebody else's words inside a sentence: one line, and kept from turning its order around, in either direction. */
export function isolate(language: MessageLanguage, text: string): string {
  const line = text
    .replace(BIDI_CONTROLS, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  const plain =
    line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME - 1).replace(/[\ud800-\udbff]$/, '')}…` : line;
  const foreign = language === 'ar' ? /[^\s\u0600-\u06ff]/.test(plain) : RIGHT_TO_LEFT.test(plain);
  return foreign ? `${FIRST_STRONG}${plain}${END}` : plain;
}

/** Day and time on the wall clock. */
export interface LocalTime {
  day: number;
  /** 0 January … 11 December. */
  month: number;
  hour: number;
  minute: number;
}

export function localTime(utc: string, offsetMinutes: number): LocalTime {
  const local = new Date(Date.parse(utc) + offsetMinutes * 60_000);
  return {
    day: local.getUTCDate(),
    month: local.getUTCMonth(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
  };
}

/** As 06:00. */
export function clock({ hour, minute }: LocalTime): string {
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}
