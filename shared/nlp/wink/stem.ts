/**
 * What stays the same of a word however it is spelled or inflected: a feature that spellings share.
 * Called by words.ts. Try it: npx vitest run --project unit tests/unit/nlp-words.test.ts
 *
 * Latin letters: Darija has no fixed spelling (bzaf, bezzaf, bzzaaf; 9bel, qbel, kbel): sounds that are written in several
 * ways become one letter, short vowels inside the word are dropped. Arabic letters: particles, articles and endings are
 * taken off, as in light stemming (Larkey, Ballesteros & Connell 2007), and the long vowels that Darija writes or not.
 */

/** Letters that are one sound with an h after them, which may be written with one letter too. */
const WITH_H: Readonly<Record<string, string>> = { k: 'x', g: 'g', c: 'c', s: 'c', p: 'f', t: 't', d: 'd' };
const ALONE: Readonly<Record<string, string>> = {
  ...{ 5: 'x', 8: 'g', 7: 'h', 9: 'k', q: 'k', 3: 'a', 2: '' },
  ...{ w: 'u', o: 'u', y: 'i', e: 'i' },
};
/** The sound of each letter by its code. */
const SOUNDS = Array.from({ length: 128 }, (_, code) => ALONE[String.fromCharCode(code)] ?? String.fromCharCode(code));
const SOUNDS_WITH_H = Array.from({ length: 128 }, (_, code) => WITH_H[String.fromCharCode(code)]);
const [D, H, J] = ['d', 'h', 'j'].map((letter) => letter.charCodeAt(0));
const isShortVowel = (sound: string): boolean => sound === 'a' || sound === 'i' || sound === 'u';
const SHORTEST = 3;

/** The stem of a form as words.ts writes it; '' for words too short to have one. */
export function stemOf(form: string, script: 'latin' | 'arabic' | 'other' | 'none'): string {
  if (form.length < SHORTEST) return '';
  if (script === 'latin') return latinStem(form);
  return script === 'arabic' ? arabicStem(form) : '';
}

/** In one pass, since every new word is stemmed: sounds, letters that are doubled, short vowels. */
function latinStem(form: string): string {
  const letters = form.replace(/[^a-z0-9]+/g, '');
  let stem = '~';
  // The last sound is held back: it is kept, vowel or not, as the first is.
  let held = '';
  for (let i = 0; i < letters.length; i += 1) {
    const code = letters.charCodeAt(i);
    const next = letters.charCodeAt(i + 1);
    const pair = next === H ? SOUNDS_WITH_H[code] : next === J && code === D ? 'j' : undefined;
    if (pair !== undefined) i += 1;
    const sound = pair ?? (SOUNDS[code] as string);
    if (sound === '' || sound === held) continue;
    if (held !== '' && (stem.length === 1 || !isShortVowel(held))) stem += held;
    held = sound;
  }
  return stem.length === 1 ? stem + held + held : stem + held;
}

const PREFIXES = ['وال', 'فال', 'بال', 'كال', 'ولل', 'ال', 'لل', 'و', 'ف', 'ب', 'ل', 'ك'];
const SUFFIXES = ['كم', 'هم', 'نا', 'ها', 'ات', 'ون', 'ين', 'ان', 'وا', 'يه', 'تي', 'ه', 'ي', 'ك', 'ش'];
/** Letters that must remain when a prefix or a suffix is taken off. */
const REMAINING = 3;

function arabicStem(form: string): string {
  let from = 0;
  for (const prefix of PREFIXES) {
    if (form.length - prefix.length < REMAINING || !form.startsWith(prefix)) continue;
    from = prefix.length;
    break;
  }
  let to = form.length;
  for (const suffix of SUFFIXES) {
    if (to - from - suffix.length < REMAINING || !form.endsWith(suffix)) continue;
    to -= suffix.length;
    break;
  }
  return `~${form.slice(from, from + 1)}${form.slice(from + 1, to).replace(/[اوي]/g, '')}`;
}
