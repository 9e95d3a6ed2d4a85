/**
 * What stays the same of a word however it is spelled or inflected: a feature that spellings share.
 * Called by words.ts. Try it: npx vitest run --project unit tests/unit/nlp-words.test.ts
 *
 * Latin letters: Darija has no fixed spelling (bzaf, bezzaf, bzzaaf; 9bel, qbel, kbel): sounds that are written in several
 * ways become one letter, short vowels inside the word are dropped. Arabic letters: particles, articles and endings are
 * taken off, as in light stemming (Larkey, Ballesteros & Connell 2007), and the long vowels that Darija writes or not.
 */

const SOUNDS: readonly (readonly [RegExp, string])[] = [
  [/kh|5/g, 'x'],
  [/gh|8/g, 'g'],
  [/ch|sh/g, 'c'],
  [/dj/g, 'j'],
  [/ph/g, 'f'],
  [/th/g, 't'],
  [/dh/g, 'd'],
  [/7/g, 'h'],
  [/[9q]/g, 'k'],
  [/3/g, 'a'],
  [/2/g, ''],
  [/ou|w|o/g, 'u'],
  [/y|e/g, 'i'],
];
const SHORTEST = 3;

/** The stem of a form as words.ts writes it; '' for words too short to have one. */
export function stemOf(form: string, script: 'latin' | 'arabic' | 'other' | 'none'): string {
  if (form.length < SHORTEST) return '';
  if (script === 'latin') return latinStem(form);
  return script === 'arabic' ? arabicStem(form) : '';
}

function latinStem(form: string): string {
  let stem = form.replace(/[^a-z0-9]/g, '');
  for (const [sound, letter] of SOUNDS) stem = stem.replace(sound, letter);
  const kept = stem.replace(/(.)\1+/g, '$1');
  const bare = kept.slice(0, 1) + kept.slice(1, -1).replace(/[aiu]/g, '') + kept.slice(-1);
  return `~${bare}`;
}

const PREFIX = /^(?:وال|فال|بال|كال|ولل|ال|لل|و|ف|ب|ل|ك)(?=.{3})/;
const SUFFIX = /(?<=.{3})(?:كم|هم|نا|ها|ات|ون|ين|ان|وا|يه|تي|ه|ي|ك|ش)$/;

function arabicStem(form: string): string {
  const stem = form.replace(PREFIX, '').replace(SUFFIX, '');
  return `~${stem.slice(0, 1)}${stem.slice(1).replace(/[اوي]/g, '')}`;
}
