/**
 * Takes off what the reader's folding keeps: capitals and Latin accents. Called for every new word and for lexicon
 * entries. Pure; try it: npx vitest run --project unit tests/unit/nlp-fold.test.ts
 */

/** A text in lower case, without Latin accents, ligatures written out. */
export function plain(text: string): string {
  const lower = text.toLowerCase();
  let accented = false;
  for (let i = 0; i < lower.length; i += 1) {
    const code = lower.charCodeAt(i);
    if (code < FIRST_ACCENTED || (code >= FIRST_ARABIC && code <= LAST_ARABIC)) continue;
    if (code >= KNOWN) return withoutAccents(lower);
    accented = true;
  }
  if (!accented) return lower;
  let out = '';
  let last = 0;
  for (let i = 0; i < lower.length; i += 1) {
    const code = lower.charCodeAt(i);
    if (code < FIRST_ACCENTED || code >= KNOWN) continue;
    out += lower.slice(last, i) + (PLAIN[code] as string);
    last = i + 1;
  }
  return out + lower.slice(last);
}

function withoutAccents(lower: string): string {
  return lower
    .replace(/œ/g, 'oe')
    .replace(/æ/g, 'ae')
    .replace(/ß/g, 'ss')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC');
}

const FIRST_ACCENTED = 0x80;
/** Western letters, in which no character changes its neighbour: a table answers ten times faster than normalising. */
const KNOWN = 0x180;
const PLAIN = Array.from({ length: KNOWN }, (_, code) => withoutAccents(String.fromCharCode(code)));
/** Arabic letters without the marks, which stay as they are. */
const [FIRST_ARABIC, LAST_ARABIC] = [0x621, 0x64a];
