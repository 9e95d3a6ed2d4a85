/**
 * The key of a text's content: equal for texts that differ only in case, accents, vowels, links, mentions or
 * punctuation. Copies of one message share it. Called when a post is stored.
 */
import { createHash } from 'node:crypto';

const NOISE = /https?:\/\/\S+|www\.\S+|@[\p{L}\p{N}_.-]+/gu;
const MARKS = /[\p{M}\u0640]/gu;

/** The text as it is compared: lower case, no links, mentions, marks or punctuation, one space between words. */
export function normaliseForKey(text: string): string {
  return text
    .normalize('NFKD')
    .replace(NOISE, ' ')
    .replace(/^\s*RT\s+/u, ' ')
    .replace(MARKS, '')
    .replace(/[أإآٱ]/gu, 'ا')
    .replace(/ى/gu, 'ي')
    .replace(/ة/gu, 'ه')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{Extended_Pictographic}]+/gu, ' ')
    .trim();
}

/** Signed 64-bit hash of the normalised text, as a decimal string. A text without any word is keyed by itself. */
export function textKey(text: string): string {
  const normal = normaliseForKey(text);
  return createHash('sha256')
    .update(normal === '' ? `raw\n${text}` : normal)
    .digest()
    .readBigInt64BE(0)
    .toString();
}
