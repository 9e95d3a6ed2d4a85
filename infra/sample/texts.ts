/**
 * Makes a text of a line: fills its slots and puts something before or after it, as people do.
 * infra/sample/day.ts calls it for each post that is not a copy.
 */
import type { Line, Pack } from './corpus.ts';
import { pick, type Random } from './random.ts';

/** How often something stands before or after a text. A line without slots needs it more, or it would be the same text. */
const DECORATE = { fixed: { opener: 0.55, closer: 0.5 }, filled: { opener: 0.3, closer: 0.3 } };

/** A text of the line. A slot has one value a text. Articles get neither opener nor closer. */
export function writeText(random: Random, pack: Pack, line: Line): string {
  const values = new Map<string, string>();
  const body = line.text.replace(/\{(\w+)\}/g, (_, slot: string) => {
    const value = values.get(slot) ?? pick(random, pack.slots.get(slot) ?? []).trim();
    values.set(slot, value);
    return value;
  });
  if (line.kind === 'article') return body;
  const chance = values.size > 0 ? DECORATE.filled : DECORATE.fixed;
  const opener = random() < chance.opener ? openerFor(random, pack, body) : '';
  const closer = random() < chance.closer ? closerFor(random, pack, line, body) : '';
  return opener + body + closer;
}

const firstWord = (text: string): string => /[\p{L}\p{N}]+/u.exec(text)?.[0].toLowerCase() ?? '';

const openerWords = new WeakMap<Pack, Set<string>>();

/** Nobody greets twice: a text that begins like an opener has one already. */
function openerFor(random: Random, pack: Pack, body: string): string {
  const openers = pack.slots.get('opener') ?? [];
  const words = openerWords.get(pack) ?? new Set(openers.map(firstWord));
  openerWords.set(pack, words);
  return openers.length === 0 || words.has(firstWord(body)) ? '' : pick(random, openers);
}

function closerFor(random: Random, pack: Pack, line: Line, body: string): string {
  const fitting = pack.slots.get(random() < 0.5 ? 'closer_any' : `closer_${line.label}`) ?? [];
  if (fitting.length === 0) return '';
  const closer = pick(random, fitting);
  return body.includes(closer.trim()) ? '' : closer;
}

/** An article's headline and the rest, as a feed gives them. A text of one sentence is all headline. */
export function splitHeadline(text: string): { title: string; text: string } {
  const end = /[.?!؟](?=\s)/u.exec(text);
  if (!end || end.index < 12) return { title: text, text };
  const headline = text.slice(0, end.index + 1);
  const title = headline.replace(/\.$/, '');
  return { title, text: `${title}\n\n${text.slice(headline.length).trim()}` };
}
