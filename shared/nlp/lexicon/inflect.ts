/**
 * Makes the inflected forms of a lexicon entry, so that packs list a word once.
 * Called by lexicon.ts for one-word entries. Forms are written as words.ts writes them: lower case, no Latin accents.
 * A form that no one uses does no harm; a form that is another word does, so rules stay with the regular patterns.
 */
import type { Group } from '../groups.ts';

type Rule = (word: string) => readonly string[];

/** Other forms of a plain one-word entry of a class (`a` adjective, `n` noun, `v` verb, `-` none). */
export function inflect(group: Group, word: string, wordClass: string): readonly string[] {
  return RULES[group][wordClass]?.(word) ?? [];
}

const add = (stem: string, endings: string): string[] => endings.split(' ').map((ending) => stem + ending);
const ends = (word: string, ending: string): boolean => word.endsWith(ending);
const cut = (word: string, letters: number): string => word.slice(0, word.length - letters);

function frenchAdjective(word: string): string[] {
  if (ends(word, 'eux')) return add(cut(word, 1), 'se ses');
  if (ends(word, 'if')) return [`${word}s`, ...add(cut(word, 1), 've ves')];
  if (ends(word, 'er')) return [`${word}s`, `${word}e`, `${word}es`];
  if (/(?:el|en|et|on|eil|ul)$/.test(word))
    return [`${word}s`, ...add(word + word.slice(-1), 'e es'), ...add(word, 'e es')];
  if (ends(word, 'al')) return [`${word}e`, `${word}es`, `${word}s`, `${cut(word, 2)}aux`];
  if (ends(word, 'eur'))
    return [`${word}s`, ...add(cut(word, 1), 'se ses'), ...add(word, 'e es'), ...add(cut(word, 3), 'rice rices')];
  if (ends(word, 'c')) return [`${word}s`, ...add(cut(word, 1), 'che ches que ques')];
  // The plain form of "raté" ends in e: its feminine is "ratee".
  if (ends(word, 'e')) return add(word, 's e es');
  if (/[sx]$/.test(word)) return add(word, 'e es');
  return add(word, 's e es');
}

function frenchVerb(word: string): string[] {
  const stem = cut(word, 2);
  if (ends(word, 'er')) {
    const soft = ends(stem, 'g') ? `${stem}e` : stem;
    return [
      ...add(stem, 'e es ez ent ions iez erai eras era erons erez eront erait erais eraient ee ees erent'),
      ...add(soft, 'ons ais ait aient ai a ant ante antes ants'),
      ...(ends(stem, 'y') ? add(`${cut(stem, 1)}i`, 'e es ent era eront erait') : []),
      ...(/(?:l|t)$/.test(stem) ? add(stem + stem.slice(-1), 'e es ent era eront') : []),
    ];
  }
  if (ends(word, 'ir')) {
    return add(
      stem,
      'is it issons issez issent issait issais issaient irai ira irons irez iront irait iraient i ie ies isse issant',
    );
  }
  if (ends(word, 're')) {
    return [...add(stem, 's ons ez ent ais ait aient rai ra ront rait raient u ue us ues ant e es'), stem];
  }
  return [];
}

function spanishAdjective(word: string): string[] {
  if (ends(word, 'o')) return [...add(cut(word, 1), 'a os as amente isimo isima')];
  if (/[ea]$/.test(word)) return [`${word}s`, `${word}mente`];
  return [...add(word, 'a es as mente')];
}

function spanishNoun(word: string): string[] {
  if (/[aeiou]$/.test(word)) return [`${word}s`];
  return ends(word, 'z') ? [`${cut(word, 1)}ces`] : [`${word}es`];
}

function spanishVerb(word: string): string[] {
  const base = /(?:ar|er|ir)se$/.test(word) ? cut(word, 2) : word;
  const stem = cut(base, 2);
  const objects = add(base, 'se me te le lo la les los las nos');
  if (ends(base, 'ar')) {
    const soft = stem.replace(/c$/, 'qu').replace(/g$/, 'gu').replace(/z$/, 'c');
    return [
      base,
      ...objects,
      ...add(
        stem,
        'o as a amos ais an aba abas abamos aban aste o aron ado ada ados adas ando andome andose ara aran aria arian aremos',
      ),
      ...add(soft, 'e es en emos'),
    ];
  }
  if (/(?:er|ir)$/.test(base)) {
    return [
      base,
      ...objects,
      ...add(stem, 'o es e emos imos eis is en ia ias iamos ian i iste io ieron ido ida idos idas iendo a as amos an'),
      ...add(base, 'a an ia ian emos'),
    ];
  }
  return [];
}

const sibilant = /(?:s|x|z|ch|sh)$/;
function englishPlural(word: string): string {
  if (sibilant.test(word)) return `${word}es`;
  return /[^aeiou]y$/.test(word) ? `${cut(word, 1)}ies` : `${word}s`;
}

function englishVerb(word: string): string[] {
  if (ends(word, 'e')) return [`${word}s`, `${word}d`, `${cut(word, 1)}ing`];
  if (/[^aeiou]y$/.test(word)) return [englishPlural(word), `${cut(word, 1)}ied`, `${word}ing`];
  const doubled =
    /^[^aeiou]*[aeiou][bdgklmnprt]$/.test(word) || /(?:[^aeiou]|qu)[aeiou][mnpt]$/.test(word)
      ? word + word.slice(-1)
      : word;
  return [englishPlural(word), `${word}ed`, `${word}ing`, `${doubled}ed`, `${doubled}ing`];
}

function englishAdjective(word: string): string[] {
  if (ends(word, 'y')) return add(cut(word, 1), 'ier iest ily');
  if (ends(word, 'le')) return [...add(word, 'r st'), `${cut(word, 1)}y`];
  if (ends(word, 'e')) return add(word, 'r st ly');
  if (ends(word, 'ic')) return [`${word}ally`];
  return [...add(word, 'er est ly'), ...(word.length < 5 ? add(word + word.slice(-1), 'er est') : [])];
}

const OWNERS = 'ي ه ها هم نا كم ك';
const OBJECTS = 'ني ه ها هم نا كم ك';

/** Ta marbuta, folded to ha, is written ta before an ending. */
const beforeEnding = (word: string): string => (ends(word, 'ه') ? `${cut(word, 1)}ت` : word);

const arabicNoun: Rule = (word) => [
  ...add(beforeEnding(word), `${OWNERS} ان ين`),
  `${ends(word, 'ه') ? cut(word, 1) : word}ات`,
  `${word}ا`,
];
const arabicAdjective: Rule = (word) => (ends(word, 'ه') ? [] : add(word, 'ه ون ين ات ا تان'));

function arabicVerb(word: string): string[] {
  if (ends(word, 'ي') && word.startsWith('ي'))
    return [...people(word), ...people(cut(word, 1)).flatMap((form) => add(form, 'ون وا ين'))];
  if (word.startsWith('ي')) return people(word).flatMap((form) => [form, ...add(form, `ون وا ين ان ${OBJECTS}`)]);
  return add(word, `ت وا نا تم ا ${OBJECTS}`);
}

const people = (imperfect: string): string[] => ['ي', 'ت', 'ن', 'ا'].map((person) => person + imperfect.slice(1));

const darijaAdjective: Rule = (word) =>
  /[a-z]/.test(word) ? add(word, 'a in ine een') : ends(word, 'ه') ? [] : add(word, 'ه ين ا');
const darijaNoun: Rule = (word) =>
  /[a-z]/.test(word)
    ? [...add(word, 'i o ou ha hom na kom ek at'), `l${word}`, `el${word}`, `al${word}`]
    : [...add(beforeEnding(word), 'ي و ها هم نا كم ك ات')];

function darijaVerb(word: string): string[] {
  if (/[a-z]/.test(word)) {
    if (!/^[yi]/.test(word)) return add(word, 'at at o ou w na ni');
    const stem = word.slice(1);
    const forms = ['y', 'i', 't', 'n'].flatMap((person) => [person + stem, ...add(person + stem, 'o ou w')]);
    return [...forms, ...forms.flatMap((form) => ['ka', 'k', 'ta', 'gha', 'ghan'].map((tense) => tense + form))];
  }
  if (!word.startsWith('ي')) return add(word, 'ت و وا نا ني ها هم كم ك');
  const forms = ['ي', 'ت', 'ن'].flatMap((person) => [person + word.slice(1), ...add(person + word.slice(1), 'و وا')]);
  return [...forms, ...forms.flatMap((form) => ['ك', 'كا', 'ت', 'غ', 'غا', 'غاد'].map((tense) => tense + form))];
}

const RULES: Readonly<Record<Group, Readonly<Record<string, Rule>>>> = {
  fr: {
    a: frenchAdjective,
    n: (word) => (/[sxz]$/.test(word) ? [] : [`${word}${/(?:au|eu)$/.test(word) ? 'x' : 's'}`]),
    v: frenchVerb,
  },
  ar: { a: arabicAdjective, n: arabicNoun, v: arabicVerb },
  ary: { a: darijaAdjective, n: darijaNoun, v: darijaVerb },
  en: { a: englishAdjective, n: (word) => [englishPlural(word)], v: englishVerb },
  es: { a: spanishAdjective, n: spanishNoun, v: spanishVerb },
};
