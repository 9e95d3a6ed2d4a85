/**
 * Loads labelled posts: public sets from a data folder, own posts from the language packs and the sample.
 * Called by train/main.ts and evaluate/. Try it: npm run train -- --data DIR --only fr --dry-run
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Group, groupOf, LANGUAGES, type Language } from '../../shared/nlp/groups.ts';
import { hasPack, readTable } from '../../shared/nlp/packs/read.ts';
import { randomFrom } from './fit.ts';
import { LANGUAGE_SET, OWN_LICENCE, PUBLIC_SETS, type PublicSet } from './sets.ts';

export const LABELS = ['negative', 'neutral', 'positive'] as const;

export interface LabelledPost {
  readonly text: string;
  /** Place in LABELS. */
  readonly label: number;
  readonly language: string;
  /** Set, and script where a set has two: what classes are balanced within. */
  readonly source: string;
  readonly licence: string;
}

/** Posts of a file with the columns id, lang, label, text. @throws naming the line when a label is unknown. */
export function readPosts(file: string, source: string, licence = ''): LabelledPost[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').split('\n');
  const columns = header.replace(/\r$/, '').split('\t');
  const place = (name: string): number => {
    const at = columns.indexOf(name);
    if (at < 0) throw new Error(`${file}:1: no column "${name}" (found: ${columns.join(', ')})`);
    return at;
  };
  const [lang, label, text] = [place('lang'), place('label'), place('text')];
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const cells = line.replace(/\r$/, '').split('\t');
    const number = LABELS.indexOf(cells[label] as (typeof LABELS)[number]);
    if (number < 0) throw new Error(`${file}:${i + 2}: label "${cells[label] ?? ''}" is none of ${LABELS.join(', ')}`);
    return [{ text: asPosted(cells[text] ?? ''), label: number, language: cells[lang] ?? '', source, licence }];
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** Undoes what exports wrote into posts: escapes of JSON and HTML, doubled quotation marks. */
export const asPosted = (text: string): string =>
  text
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\n/g, ' ')
    .replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ENTITIES[name] ?? '')
    .replace(/\\?"{2,}/g, '"');

/** The public sets of a group that are there, and the names of those that are not. */
export function publicPosts(
  dataFolder: string,
  sets: readonly PublicSet[],
): { posts: LabelledPost[]; missing: string[] } {
  const posts: LabelledPost[] = [];
  const missing: string[] = [];
  for (const set of sets) {
    const file = join(dataFolder, set.file);
    if (!existsSync(file)) missing.push(set.name);
    else {
      const read = readPosts(file, set.name, set.licence);
      const scripts = new Set(read.map((post) => post.language));
      posts.push(
        ...(scripts.size > 1 ? read.map((post) => ({ ...post, source: `${set.name}:${post.language}` })) : read),
      );
    }
  }
  return { posts, missing };
}

export const setsOf = (group: Group, without: readonly string[]): PublicSet[] =>
  PUBLIC_SETS.filter((set) => set.group === group && !without.includes(set.name));

const OWN_FILES = ['posts-citizens', 'posts-industry', 'posts-everyday'];

/** The project's own posts in a language. */
export function ownPosts(language: Language): LabelledPost[] {
  const written = OWN_FILES.map((name) => [name, `${language}/${name}.tsv`] as const)
    .filter(([, path]) => hasPack(path))
    .flatMap(([name, path]) =>
      readTable<'label' | 'kind' | 'text'>(path).map(({ label, text }) =>
        toPost(label, text, language, `${name}:${language}`),
      ),
    );
  return [...written, ...samplePosts(language)];
}

export const ownPostsOf = (group: Group): LabelledPost[] =>
  LANGUAGES.filter((language) => groupOf(language) === group).flatMap(ownPosts);

const toPost = (label: string, text: string, language: string, source: string): LabelledPost => {
  const number = LABELS.indexOf(label as (typeof LABELS)[number]);
  if (number < 0) throw new Error(`${source}: unknown label "${label}" of "${text.slice(0, 40)}"`);
  return { text, label: number, language, source, licence: OWN_LICENCE };
};

const sampleFile = (name: string): { [column: string]: string }[] => {
  const [header = '', ...lines] = readFileSync(new URL(`../sample/${name}`, import.meta.url), 'utf8').split('\n');
  const columns = header.split('\t');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split('\t');
      return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']));
    });
};

/** The posts of the sample, each slot filled with one of its values, always the same. */
function samplePosts(language: Language): LabelledPost[] {
  const slots = new Map<string, string[]>();
  for (const { slot = '', value = '' } of sampleFile(`slots.${language}.tsv`)) {
    slots.set(slot, [...(slots.get(slot) ?? []), value]);
  }
  const random = randomFrom(7);
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (_, slot: string) => {
      const values = slots.get(slot) ?? [];
      return values[Math.floor(random() * values.length)] ?? '';
    });
  return sampleFile(`posts.${language}.tsv`).map(({ label = '', text = '' }) =>
    toPost(label, fill(text), language, `sample:${language}`),
  );
}

/** Texts with their language, for language identification: the public set and own posts. */
export function languagePosts(dataFolder: string): LabelledPost[] {
  const file = join(dataFolder, LANGUAGE_SET.file);
  const [, ...lines] = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const read = lines.flatMap((line) => {
    const [, language = '', , text = ''] = line.split('\t');
    const label = LANGUAGES.indexOf(language as Language);
    return label < 0 ? [] : [{ text, label, language, source: LANGUAGE_SET.name, licence: LANGUAGE_SET.licence }];
  });
  const own = LANGUAGES.flatMap((language, label) =>
    ownPosts(language).map((post) => ({ ...post, label, source: `own:${language}` })),
  );
  return [...read, ...own];
}
