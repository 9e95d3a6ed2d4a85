/**
 * The posts of the scorecard: the dev sets by language, and the language data with a fifth held out.
 * Called by run.ts. Nothing of a dev set is trained on; how much of it is found in training posts is counted all the same.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type LabelledPost,
  languagePosts,
  ownPostsOf,
  publicPosts,
  readPosts,
  setsOf,
} from '../../../infra/train/data.ts';
import { DEV_SETS, LANGUAGE_SET } from '../../../infra/train/sets.ts';
import { GROUPS, LANGUAGES, type Language } from '../../../shared/nlp/groups.ts';
import { textKey } from '../../../shared/nlp/textKey.ts';

/** Posts of one language of a dev file. */
export interface DevSet {
  readonly language: Language;
  readonly name: string;
  /** Always in the same order, which says nothing of the labels: the first n are a sample. */
  readonly posts: readonly LabelledPost[];
}

/** The dev sets that are there, in the order of LANGUAGES. @throws when there is none. */
export function readDevSets(dataFolder: string): { sets: DevSet[]; missing: string[] } {
  const there = DEV_SETS.filter(({ file }) => existsSync(join(dataFolder, file)));
  if (there.length === 0) throw new Error(`${dataFolder}: none of ${DEV_SETS.map(({ file }) => file).join(', ')}`);
  const posts = there.flatMap(({ file, name }) => readPosts(join(dataFolder, file), name));
  const sets = LANGUAGES.flatMap((language): DevSet[] => {
    const own = posts.filter((post) => post.language === language);
    const [first] = own;
    return first ? [{ language, name: first.source, posts: inHashOrder(own) }] : [];
  });
  return { sets, missing: DEV_SETS.filter((set) => !there.includes(set)).map(({ name }) => name) };
}

const inHashOrder = (posts: readonly LabelledPost[]): LabelledPost[] =>
  posts
    .map((post) => ({ post, order: createHash('sha256').update(post.text).digest('hex') }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ post }) => post);

/** Keys of all texts that sentiment is trained on. */
export function trainingKeys(dataFolder: string): Set<string> {
  const posts = GROUPS.flatMap((group) => [...publicPosts(dataFolder, setsOf(group, [])).posts, ...ownPostsOf(group)]);
  return new Set(posts.map(({ text }) => textKey(text)));
}

export const countKnown = (posts: readonly LabelledPost[], keys: ReadonlySet<string>): number =>
  posts.filter(({ text }) => keys.has(textKey(text))).length;

export interface LanguageData {
  /** A fifth of the public language set. */
  readonly heldOut: LabelledPost[];
  /** What is left of it and the project's own posts, without any text that is held out or in a dev set. */
  readonly rest: LabelledPost[];
  /** Posts of the dev sets that are in the language set or among the project's own, so that the weights that ship know them. */
  readonly knownToShipped: number;
}

export function readLanguageData(dataFolder: string, sets: readonly DevSet[]): LanguageData {
  const all = languagePosts(dataFolder);
  const heldOutTexts = readHeldOut(join(dataFolder, LANGUAGE_SET.file));
  const isHeldOut = (post: LabelledPost): boolean => post.source === LANGUAGE_SET.name && heldOutTexts.has(post.text);
  const heldOut = all.filter(isHeldOut);
  const tested = new Set([...heldOut, ...sets.flatMap(({ posts }) => posts)].map(({ text }) => textKey(text)));
  const keys = all.map(({ text }) => textKey(text));
  const trained = new Set(keys);
  return {
    heldOut,
    rest: all.filter((_, i) => !tested.has(keys[i] as string)),
    knownToShipped: sets.reduce((sum, { posts }) => sum + countKnown(posts, trained), 0),
  };
}

/** Texts of a fifth of the lines of a file, chosen by a hash of their ids. */
function readHeldOut(file: string): Set<string> {
  if (!existsSync(file)) return new Set();
  const [, ...lines] = readFileSync(file, 'utf8').split('\n');
  return new Set(
    lines.flatMap((line) => {
      const [id = '', , , text = ''] = line.split('\t');
      return id !== '' && createHash('sha256').update(id).digest().readUInt32BE(0) % 5 === 0 ? [text] : [];
    }),
  );
}

/** Up to `most` posts a language, for warming up. */
export function someOfEach(posts: readonly LabelledPost[], most: number): LabelledPost[] {
  return LANGUAGES.flatMap((language) => posts.filter((post) => post.language === language).slice(0, most));
}
