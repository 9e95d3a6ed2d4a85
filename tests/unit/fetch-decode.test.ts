/** Bytes to text: Arabic and French in the encodings of the press, said rightly, wrongly or not at all. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { decodeBytes } from '../../workers/fetch/decode.ts';

const CORPUS = new URL('../../../shared/data/feeds/kurtmckee-feedparser/encoding/', import.meta.url);
const ARABIC =
  'أعلنت الحكومة المغربية عن إنشاء مركز بيانات جديد في الدار البيضاء لتعزيز السيادة الرقمية، وخلق مئات مناصب الشغل للشباب.';
const FRENCH =
  'Le Maroc inaugure un centre de données à Casablanca : l’économie numérique a créé près de 500 emplois, a déclaré le ministère.';

function aFeed(text: string, encoding?: string): string {
  const declared = encoding ? ` encoding="${encoding}"` : '';
  return `<?xml version="1.0"${declared}?><rss version="2.0"><channel><title>${text.slice(0, 20)}</title>
    <link>https://example.ma/</link><item><title>${text.slice(0, 40)}</title><link>https://example.ma/article/one</link>
    <pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate><description>${text}</description></item></channel></rss>`;
}

const cases = [
  ...['windows-1256', 'ISO-8859-6', 'UTF-16LE', 'UTF-16BE', 'UTF-8'].map((encoding) => ({ encoding, text: ARABIC })),
  ...['windows-1252', 'UTF-16LE', 'UTF-8'].map((encoding) => ({ encoding, text: FRENCH })),
].flatMap(({ encoding, text }) => [
  { encoding, text, how: 'declared in the XML', xml: encoding, http: undefined },
  { encoding, text, how: 'declared by the server', xml: undefined, http: `text/xml; charset=${encoding}` },
  { encoding, text, how: 'not declared', xml: undefined, http: 'application/xml' },
  { encoding, text, how: 'called UTF-8', xml: 'UTF-8', http: 'text/xml; charset="utf-8"' },
  { encoding, text, how: 'called Latin-1', xml: 'iso-8859-1', http: 'text/xml; charset=ISO-8859-1' },
  { encoding, text, how: 'called Latin-1 by the server only', xml: encoding, http: 'text/xml;charset=ISO-8859-1' },
  { encoding, text, how: 'called by a name nobody knows', xml: undefined, http: 'text/xml; charset=x-unheard-of' },
]);

describe('encodings', () => {
  test.each(cases)('$encoding $how is read', ({ encoding, text, xml, http }) => {
    const decoded = decodeBytes(iconv.encode(aFeed(text, xml), encoding), http);
    expect(decoded.text).toBe(aFeed(text, xml));
    expect(decoded.replaced).toBe(0);
  });

  test.each(['UTF-8', 'UTF-16LE', 'UTF-16BE', 'UTF-32LE', 'UTF-32BE'])(
    'a byte order mark of %s is believed and dropped',
    (encoding) => {
      const bytes = iconv.encode(aFeed(ARABIC), encoding, { addBOM: true });
      expect(decodeBytes(bytes, 'text/xml; charset=windows-1256').text).toBe(aFeed(ARABIC));
    },
  );

  test('a character cut in the middle does not turn UTF-8 into something else', () => {
    const whole = Buffer.from(aFeed(ARABIC));
    const at = whole.indexOf(Buffer.from('بيانات'));
    const broken = Buffer.concat([whole.subarray(0, at + 1), whole.subarray(at + 2)]);
    expect(decodeBytes(broken, 'text/xml; charset=utf-8')).toMatchObject({ charset: 'utf-8', replaced: 1 });
  });

  test.each(['été', 'Île-de-France : où naît l’élan', 'Le numérique à Fès', '¿Qué pasará mañana en Tánger?'])(
    'a few accents are read as French or Spanish whatever is said: %s',
    (text) => {
      for (const contentType of [undefined, 'text/xml; charset=utf-8', 'text/xml; charset=iso-8859-1']) {
        expect(decodeBytes(iconv.encode(aFeed(text), 'windows-1252'), contentType).text).toBe(aFeed(text));
      }
    },
  );

  test('a single accent is not taken for broken UTF-8', () => {
    expect(decodeBytes(Uint8Array.of(0x63, 0x61, 0x66, 0xe9), undefined).text).toBe('café');
  });

  test.each([[[]], [[0]], [[0xff]], [[0xff, 0xfe]], [[0, 0, 0, 0]], [[0xd8, 0x00, 0xff]]])(
    'any bytes are read: %j',
    (bytes) => {
      expect(typeof decodeBytes(Uint8Array.from(bytes), 'text/xml; charset=').text).toBe('string');
    },
  );

  test('the encodings of the feedparser corpus are read without loss', ({ skip }) => {
    if (!existsSync(CORPUS)) skip('the corpus is not there');
    const lossy = readdirSync(CORPUS).filter((name) => {
      const bytes = readFileSync(new URL(name, CORPUS));
      const header = /Header:\s+Content-type:\s*([^\r\n]*)/i.exec(bytes.toString('latin1'))?.[1];
      const { text, replaced } = decodeBytes(bytes, header);
      return replaced > 0 || !/<(rss|feed|rdf)/i.test(text.replace(/\s+/g, ' ').replaceAll('RDF', 'rdf'));
    });
    // the first is invalid on purpose, as its name says
    expect(lossy.filter((name) => !/invalid-bytes|linenoise|crash/.test(name))).toEqual([]);
  });
});
