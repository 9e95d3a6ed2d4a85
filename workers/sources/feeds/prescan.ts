/**
 * Looks a feed over before a parser sees it, and refuses what is built to hurt one.
 * Called by feeds/parse.ts. Try it: `prescan('<a>'.repeat(300))` throws `malformed`.
 */
import { SourceError } from '../../../shared/errors.ts';

const MAX_DEPTH = 256;
const MAX_LENGTH_WITH_ENTITIES = 100_000;
/** Elements of HTML that are never closed: a careless feed may hold hundreds of them. */
const VOID = /^(br|hr|img|input|wbr|area|col|embed|source|track|param|p|li)$/i;

/** Throws SourceError `malformed`. Linear in the length of the text. */
export function prescan(text: string): void {
  if (/^\s*[{[]/.test(text)) {
    checkJsonDepth(text);
    return;
  }
  const doctype = text.search(/<!DOCTYPE/i);
  if (doctype >= 0 && text.length > MAX_LENGTH_WITH_ENTITIES && text.indexOf('<!ENTITY', doctype) >= 0) {
    throw new SourceError('malformed', 'the feed defines entities of its own and is too long for that');
  }
  checkXmlDepth(text);
}

function checkXmlDepth(text: string): void {
  let depth = 0;
  let at = text.indexOf('<');
  while (at >= 0) {
    const [open, close] = sectionAt(text, at);
    if (open > 0) {
      const end = text.indexOf(close, at + open);
      if (end < 0) return;
      at = text.indexOf('<', end + close.length);
      continue;
    }
    const end = text.indexOf('>', at);
    if (end < 0) return;
    const isClosing = text[at + 1] === '/';
    const name = /^[\w:.-]+/.exec(text.slice(at + (isClosing ? 2 : 1), at + 32))?.[0];
    if (name && !VOID.test(name)) {
      if (isClosing) depth = Math.max(0, depth - 1);
      else if (text[end - 1] !== '/') depth += 1;
      if (depth > MAX_DEPTH) throw tooDeep();
    }
    at = text.indexOf('<', end);
  }
}

/** The length of what opens a section without elements here, and what closes it; length 0 for anything else. */
function sectionAt(text: string, at: number): [number, string] {
  if (text.startsWith('<![CDATA[', at)) return [9, ']]>'];
  if (text.startsWith('<!--', at)) return [4, '-->'];
  if (text.startsWith('<?', at)) return [2, '?>'];
  return [0, ''];
}

function checkJsonDepth(text: string): void {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (isInString) {
      if (char === '\\') at += 1;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    if (depth > MAX_DEPTH) throw tooDeep();
  }
}

function tooDeep(): SourceError {
  return new SourceError('malformed', `the feed is nested more than ${MAX_DEPTH} deep`);
}
