/**
 * What the weights are trained on: public sets (kept outside the project) and the project's own posts, each with its
 * licence. Called by data.ts. Any public set can be left out (`--without NAME`): the rest trains the same way.
 */
import type { Group } from '../../shared/nlp/groups.ts';

export interface PublicSet {
  readonly name: string;
  /** Below the data folder. Columns: id, lang, label, text. */
  readonly file: string;
  readonly licence: string;
  readonly group: Group;
}

const APACHE_UMSAB = 'Apache-2.0 (terms of the underlying sets and of Twitter may apply)';

export const PUBLIC_SETS: readonly PublicSet[] = [
  { name: 'umsab-fr', file: 'sentiment/umsab-fr-train.tsv', licence: APACHE_UMSAB, group: 'fr' },
  { name: 'umsab-ar', file: 'sentiment/umsab-ar-train.tsv', licence: APACHE_UMSAB, group: 'ar' },
  { name: 'umsab-en', file: 'sentiment/umsab-en-train.tsv', licence: APACHE_UMSAB, group: 'en' },
  { name: 'umsab-es', file: 'sentiment/umsab-es-train.tsv', licence: APACHE_UMSAB, group: 'es' },
  { name: 'arsarcasm1', file: 'sentiment/arsarcasm1-ar-train.tsv', licence: 'MIT', group: 'ar' },
  { name: 'arsarcasm2', file: 'sentiment/arsarcasm2-ar-train.tsv', licence: 'MIT', group: 'ar' },
  { name: 'afrisenti-ary', file: 'sentiment/afrisenti-ary-train.tsv', licence: 'CC BY 4.0', group: 'ary' },
];

/** For language identification: label equals language. */
export const LANGUAGE_SET = {
  name: 'langid',
  file: 'langid/langid-train.tsv',
  licence: 'those of the sentiment sets it is built from',
} as const;

/** Sets that are only measured on, once. */
export const DEV_SETS: readonly PublicSet[] = [
  { name: 'umsab-fr-dev', file: 'sentiment/umsab-fr-dev.tsv', licence: APACHE_UMSAB, group: 'fr' },
  { name: 'umsab-ar-dev', file: 'sentiment/umsab-ar-dev.tsv', licence: APACHE_UMSAB, group: 'ar' },
  { name: 'afrisenti-ary-dev', file: 'sentiment/afrisenti-ary-dev.tsv', licence: 'CC BY 4.0', group: 'ary' },
  { name: 'umsab-en-dev', file: 'sentiment/umsab-en-dev.tsv', licence: APACHE_UMSAB, group: 'en' },
  { name: 'umsab-es-dev', file: 'sentiment/umsab-es-dev.tsv', licence: APACHE_UMSAB, group: 'es' },
];

export const OWN_LICENCE = 'Apache-2.0 (written for this project)';
