/**
 * Finds out which column holds what: by its name in English, French, Spanish or Arabic, or as `--map` says.
 * Called by imports/layout.ts. Try it: `mapColumns('posts.csv', ['Date', 'Texte'], {})` is `{ text: 'Texte', published_at: 'Date' }`.
 */
import { AppError } from '../../shared/errors.ts';
import { visible } from './visible.ts';

/** Fields of a post that a column can hold, with the names that columns have, best first. Compared by `fold`. */
const NAMES = {
  text: 'text, full text, tweet text, hit sentence, message, body, content, comment, snippet, selftext, texte, texte intégral, contenu, commentaire, texto, contenido, comentario, mensaje, النص, نص, المحتوى, التعليق',
  external_id:
    'external id, id, post id, tweet id, status id, comment id, message id, video id, resource id, item id, id str, uri, guid, identifiant, identificador, المعرف, معرف',
  published_at:
    'published at, published, date, datetime, date time, created at, created, timestamp, timestamp utc, created utc, unix timestamp, date unixtime, published date, publication date, post created, time, publié le, date de publication, date de création, horodatage, fecha, fecha de publicación, publicado, التاريخ, تاريخ, تاريخ النشر',
  edited_at:
    'edited at, edited, updated at, modified at, timestamp edited, edited unixtime, modifié le, editado, تاريخ التعديل',
  author:
    'author, author id, x author id, username, user name, user, user id, screen name, twitter screen name, handle, from, from id, auteur, utilisateur, autor, usuario, الكاتب, المؤلف, المستخدم',
  author_name: 'author name, display name, full name, nom affiché, nom de l auteur, nombre, اسم الكاتب',
  title: 'title, headline, subject, titre, objet, título, العنوان, عنوان',
  url: 'url, link, permalink, post url, tweet url, lien, enlace, الرابط, رابط',
  thread: 'thread, thread id, conversation id, conversation, fil, hilo',
  language_hint: 'language hint, lang, language, language guess, langue, idioma, lengua, اللغة, لغة',
  vendor_sentiment:
    'vendor sentiment, sentiment, label, polarity, tonalité, tonalite, polarité, sentimiento, polaridad, المشاعر',
  reach: 'reach, reach new, potential reach, portée, audience, alcance, الوصول',
  site: 'site',
  kind: 'kind',
} as const;

export type Field = keyof typeof NAMES;
export type Mapping = Partial<Record<Field, string>>;

export const FIELDS = Object.keys(NAMES) as Field[];

/** Without case, accents, spaces and signs, so that 'Date de création' is 'date_de_creation'. */
function fold(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

const ALIASES = new Map(FIELDS.map((field) => [field, NAMES[field].split(',').map(fold)]));

/**
 * Field → column, as the file writes it. A column named in `map` serves that field alone. Throws AppError `invalid` for
 * a field or column in `map` that does not exist.
 */
export function mapColumns(path: string, columns: readonly string[], map: Readonly<Record<string, string>>): Mapping {
  const mapping: Mapping = {};
  for (const [field, wanted] of Object.entries(map)) {
    if (!isField(field)) {
      throw invalid(
        `--map ${field}=${wanted}: there is no field "${field}"; the fields are ${FIELDS.join(', ')}`,
        `/map/${field}`,
      );
    }
    const column = columns.find((name) => name === wanted) ?? columns.find((name) => fold(name) === fold(wanted));
    if (column === undefined) {
      throw invalid(
        `--map ${field}=${wanted}: ${path} has no column "${wanted}"; its columns are ${listed(columns)}`,
        `/map/${field}`,
      );
    }
    mapping[field] = column;
  }
  const folded = columns.map((column) => ({ column, name: fold(column) })).filter(({ name }) => name !== '');
  const taken = new Set(Object.values(mapping));
  for (const [field, aliases] of ALIASES) {
    if (mapping[field] !== undefined) continue;
    const free = folded.filter(({ column }) => !taken.has(column));
    const found = aliases.map((alias) => free.find(({ name }) => name === alias)).find((match) => match !== undefined);
    if (!found) continue;
    mapping[field] = found.column;
    taken.add(found.column);
  }
  return mapping;
}

/** Throws AppError `invalid` when no column holds the text. */
export function requireText(path: string, columns: readonly string[], mapping: Mapping): void {
  if (mapping.text !== undefined) return;
  throw invalid(
    `${path}: no column is known to hold the text; its columns are ${listed(columns)}. Name it with --map text=COLUMN`,
    '/map/text',
  );
}

/** Numbers of one repeated column that are named. */
const MAX_NAMED = 5;

/** Columns whose name more than one has, and where; those without a name are left out. */
export function repeatedColumns(columns: readonly string[]): { column: string; detail: string }[] {
  const places = new Map<string, number[]>();
  columns.forEach((column, index) => {
    const before = places.get(column);
    if (before) before.push(index + 1);
    else if (column !== '') places.set(column, [index + 1]);
  });
  return [...places]
    .filter(([, numbers]) => numbers.length > 1)
    .map(([column, numbers]) => {
      const often = numbers.length === 2 ? 'twice' : `${numbers.length} times`;
      return { column, detail: `the column "${shortened(column)}" appears ${often} (columns ${enumerated(numbers)})` };
    });
}

/** Throws AppError `invalid` when a field's column is there more than once: which one is meant cannot be told. */
export function requireUnambiguous(path: string, columns: readonly string[], mapping: Mapping): void {
  const details = new Map(repeatedColumns(columns).map(({ column, detail }) => [column, detail]));
  for (const field of FIELDS) {
    const detail = details.get(mapping[field] ?? '');
    if (detail === undefined) continue;
    throw invalid(
      `${path}: ${detail}. Rename one of them, or name another column with --map ${field}=COLUMN`,
      `/map/${field}`,
    );
  }
}

function enumerated(numbers: readonly number[]): string {
  if (numbers.length > MAX_NAMED) return `${numbers.slice(0, MAX_NAMED).join(', ')}, …`;
  return `${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`;
}

function isField(name: string): name is Field {
  return Object.hasOwn(NAMES, name);
}

function invalid(said: string, pointer: string): AppError {
  const message = visible(said);
  return new AppError('invalid', message, { errors: [{ pointer, detail: message }] });
}

/** Shortened: in a file without a header they are the first post. */
function listed(columns: readonly string[]): string {
  const names = columns.slice(0, 60).map(shortened);
  return `${names.join(', ')}${columns.length > 60 ? ', …' : ''}`;
}

function shortened(name: string): string {
  return name.length > 40 ? `${name.slice(0, 39)}…` : name;
}
