/**
 * Text as a reader sees it, out of the HTML of a feed: paragraphs kept, tags, scripts and odd characters gone.
 * Called by feeds/parse.ts. Try it: `htmlToText('<p>a&amp;b</p><p>c<br>d</p>')` is `'a&b\n\nc\nd'`.
 */
import { Parser } from 'htmlparser2';

const DROPPED = new Set([
  'script',
  'style',
  'template',
  'noscript',
  'iframe',
  'svg',
  'object',
  'head',
  'textarea',
  'select',
]);
const PARAGRAPHS = new Set(
  'p div section article header footer main aside nav blockquote pre ul ol dl table figure figcaption h1 h2 h3 h4 h5 h6 hr form'.split(
    ' ',
  ),
);
const LINES = new Set(['br', 'li', 'tr', 'dt', 'dd']);
/** Characters that XML 1.0 forbids, and the byte order mark. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\ufffe\uffff]/g;

/** Plain text with paragraphs parted by an empty line; decoded a second time where whole elements were encoded twice. */
export function htmlToText(html: string): string {
  const text = cleaned(wellFormed(html));
  const isEncodedTwice = /<(p|div|span|a)\b[^>]*>[\s\S]*?<\/\1>/i.test(text);
  return isEncodedTwice ? cleaned(text.replaceAll('\n', '<br>')) : text;
}

function cleaned(html: string): string {
  if (!/[<&]/.test(html)) return tidy(html.replace(/\s+/g, ' '));
  let text = '';
  let droppedDepth = 0;
  const separate = (name: string) => {
    if (PARAGRAPHS.has(name)) text += '\n\n';
    else if (LINES.has(name)) text += '\n';
    else if (name === 'td' || name === 'th') text += ' ';
  };
  const parser = new Parser(
    {
      onopentag(name) {
        if (DROPPED.has(name)) droppedDepth += 1;
        separate(name);
      },
      ontext(data) {
        if (droppedDepth === 0) text += data.replace(/\s+/g, ' ');
      },
      onclosetag(name) {
        if (DROPPED.has(name)) droppedDepth -= 1;
        if (name !== 'br' && name !== 'li' && name !== 'tr') separate(name);
      },
    },
    { decodeEntities: true, recognizeCDATA: true },
  );
  parser.end(html);
  return tidy(text);
}

/** Text that is not HTML, with its own line breaks. */
export function plainToText(text: string): string {
  return tidy(text.replace(/\r\n?/g, '\n'));
}

/** A title on one line. Titles are HTML in practice whatever their format says, and often encoded twice. */
export function titleToText(title: string): string {
  const once = htmlToText(title);
  const twice = /&(#\d+|#x[0-9a-f]+|[a-z]{2,8});|<\/?(b|i|em|strong|span|a|p)\b[^>]*>/i.test(once)
    ? htmlToText(once)
    : once;
  return twice.replace(/\s+/g, ' ').trim();
}

/** True when the text holds a tag of HTML: then it is HTML, even where its feed calls it text. */
export function looksLikeHtml(text: string): boolean {
  return /<(p|br|a|div|span|b|i|em|strong|img|ul|ol|li|h[1-6]|blockquote|table)\b[^>]*>/i.test(text);
}

/** Removes NUL and the like; a lone half of a character becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(FORBIDDEN, '').toWellFormed();
}

/** At most `max` UTF-16 units, never half a character. */
export function cutAtCodePoint(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

function tidy(text: string): string {
  return wellFormed(text)
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
