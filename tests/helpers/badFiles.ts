/**
 * Files that are no good import, each with what `sada import` must say of it. Written and imported by
 * tests/e2e/bad-input.test.ts.
 */
import { randomBytes } from 'node:crypto';
import { deflateRawSync, gzipSync } from 'node:zlib';

export interface BadFile {
  name: string;
  bytes: string | Buffer;
  /** What is wrong with the file as a whole: it is refused. */
  refused?: RegExp;
  /** What is wrong with its lines, by line number: the others are imported. */
  lines?: Record<number, RegExp>;
}

const HEAD = 'id,date,text\n';
/** A good row; `n` makes it one of its own. */
const row = (n: number | string) => `bad-${n},2026-11-20T10:00:00Z,A good row number ${n}\n`;
const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
const zip = (name: string) => {
  const data = deflateRawSync('x');
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(data.length, 18);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, Buffer.from(name), data]);
};

const REFUSED: [name: string, bytes: string | Buffer, says: RegExp][] = [
  ['empty.csv', '', /is empty/],
  ['blank.csv', '\n\n  \n', /line 1|empty|columns/],
  ['header-without-text.csv', 'id,date\n1,2026-11-20\n', /no column is known to hold the text.*id, date/],
  ['no-header.csv', 'just words\nand more words\n', /no column is known to hold the text/],
  ['gzip.csv', gzipSync(`${HEAD}${row(1)}`), /gzip/],
  ['bomb.csv', gzipSync(Buffer.alloc(50_000_000)), /gzip/],
  ['xlsx.csv', zip('[Content_Types].xml'), /Excel/],
  ['zip.csv', zip('posts.csv'), /zip/],
  ['xls.csv', Buffer.from('d0cf11e0a1b11ae1000000000000', 'hex'), /Office/],
  ['pdf.csv', '%PDF-1.7\n%\xe2\xe3\n1 0 obj\n', /PDF/],
  ['bzip2.csv', Buffer.from('BZh91AY&SY'), /bzip2/],
  ['xz.csv', Buffer.from('fd377a585a0000', 'hex'), /xz/],
  ['zstd.csv', Buffer.from('28b52ffd0458', 'hex'), /Zstandard/],
  ['parquet.csv', 'PAR1\x15\x04', /Parquet/],
  ['sqlite.csv', Buffer.from('SQLite format 3\0\x10\0'), /SQLite/],
  ['picture.csv', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), /image/],
  ['page.csv', '<!doctype html><html><body>404</body></html>', /web page/],
  ['feed.csv', '<?xml version="1.0"?><rss version="2.0"></rss>', /XML/],
  ['list.json', '[{"id":"1","text":"a"}]', /JSON list/],
  ['random.csv', randomBytes(300_000), /is no text|line 1|column/],
  ['zeros.csv', Buffer.alloc(100_000), /no text/],
  ['one-line.csv', Buffer.alloc(20_000_000, 'a'), /line 1 is longer/],
  ['one-object.ndjson', `{"id":"1","text":"${'a'.repeat(20_000_000)}"}`, /line 1/],
  ['half-object.ndjson', '{"id":"1","text":"a', /line 1/],
  ['escape.csv', 'id,\x1b[31mred\x1b]0;owned\x07\n1,2\n', /no column is known to hold the text/],
  ['text-twice.csv', 'text,text,id\nfirst,second,1\n', /text.*(twice|two|both|more than once)/i],
  ['too-many-columns.csv', `${Array.from({ length: 20_000 }, (_, i) => `c${i}`).join(',')}\n1\n`, /column/],
  ['unclosed-header.csv', `"id,date,text\n${row(1)}${row(2)}`, /line 1|column/],
];

const LINES: [name: string, bytes: string | Buffer, lines: Record<number, RegExp>][] = [
  ['cut.csv', `${HEAD}${row('cut')}bad-cut-2,2026-11-20T10:0`, { 3: /truncated|fields|columns|date/ }],
  ['cut-quote.csv', `${HEAD}${row('quote')}bad-q,2026-11-20T10:00:00Z,"never closed`, { 3: /quot|truncated/ }],
  [
    'unclosed-quote.csv',
    `${HEAD}${row('uq')}bad-uq-2,2026-11-20T10:00:00Z,"opened\n${row('uq-3')}`,
    { 3: /quot|truncated/ },
  ],
  ['missing-columns.csv', `${HEAD}bad-mc\n${row('mc')}`, { 2: /column|field|cell/ }],
  ['more-columns.csv', `${HEAD}bad-mo,2026-11-20T10:00:00Z,a,b,c\n${row('mo')}`, { 2: /column|field|cell/ }],
  [
    'bad-dates.csv',
    `${HEAD}b1,yesterday,a\nb2,2026-02-30,b\nb3,2026-11-20T25:00:00Z,c\nb4,2026-11-20T10:00:00 MARS,d\nb5,9999-01-01T00:00:00Z,e\nb6,1900-01-01T00:00:00Z,f\n${row('bd')}`,
    { 2: /date/, 3: /date/, 4: /date/, 5: /date/, 6: /date.*future/, 7: /date.*1995/ },
  ],
  [
    'moving-\x1b[31m\u202e.csv',
    `id,da\x1b\u202ete,text,\x9b2J,\x9b2J\nb1,yesterday,a,b,c\nmoving,2026-11-20T10:00:00Z,A good row,b,c\n`,
    { 2: /da..te: is not a date/ },
  ],
  ['no-zone.csv', `${HEAD}b1,2026-11-20 10:00:00,a\n${row('nz')}`, { 2: /date.*zone/ }],
  [
    'rounded-ids.csv',
    `${HEAD}1.23E+18,2026-11-20T10:00:00Z,a\n"1,85987E+18",2026-11-20T10:00:00Z,b\n${row('ri')}`,
    { 2: /id.*rounded/, 3: /id.*rounded/ },
  ],
  ['nul.csv', `${HEAD}bad-nul,2026-11-20T10:00:00Z,a\0b\n${row('nul')}`, { 2: /NUL/ }],
  ['empty-text.csv', `${HEAD}bad-et,2026-11-20T10:00:00Z,\n${row('et')}`, { 2: /text.*empty/ }],
  ['blank-text.csv', `${HEAD}bad-bt,2026-11-20T10:00:00Z,"   "\n${row('bt')}`, { 2: /text.*empty/ }],
  ['long-id.csv', `${HEAD}${'i'.repeat(2_000)},2026-11-20T10:00:00Z,a\n${row('li')}`, { 2: /id.*longer/ }],
  ['bad-kind.csv', `id,kind,text\n1,tweet,a\n2,comment,A good comment\n`, { 2: /kind.*none of/ }],
  ['bad-url.csv', `id,url,text\n1,javascript:alert(1),a\n2,https://example.ma/,A good link\n`, { 2: /url.*address/ }],
  [
    'bad-reach.csv',
    `id,reach,text\n1,many,a\n2,-5,b\n3,1e300,c\n4,12,A good reach\n`,
    { 2: /reach/, 3: /reach/, 4: /reach/ },
  ],
  [
    'long-line.csv',
    `${HEAD}bad-ll,2026-11-20T10:00:00Z,${'a'.repeat(20_000_000)}\n${row('ll')}`,
    { 2: /longer than 1 MB/ },
  ],
  [
    'broken-utf8.csv',
    Buffer.concat([
      Buffer.from(HEAD),
      Buffer.from(Array.from({ length: 30 }, (_, i) => `bad-u${i},2026-11-20T10:00:00Z,é bon\n`).join('')),
      Buffer.from('bad-u,2026-11-20T10:00:00Z,caf\xe9\n', 'latin1'),
    ]),
    { 32: /UTF-8/ },
  ],
  ['not-json.ndjson', '{"id":"n1","text":"A good object"}\nnonsense\n{"id":\n', { 2: /JSON object/, 3: /JSON object/ }],
  [
    'lists.ndjson',
    '{"id":"l1","text":"A good object"}\n[1,2]\n"text"\n42\nnull\n',
    { 2: /JSON object/, 3: /JSON object/, 4: /JSON object/, 5: /JSON object/ },
  ],
  [
    'nested.ndjson',
    `{"id":"d1","text":"A good object"}\n{"id":"d2","text":${'['.repeat(50_000)}${']'.repeat(50_000)}}\n{"id":"d3","text":{"a":1}}\n`,
    { 2: /text|JSON/, 3: /text/ },
  ],
  ['proto.ndjson', '{"id":"p1","text":"A good object"}\n{"__proto__":{"text":"x"},"id":"p2"}\n', { 2: /text.*empty/ }],
  ['nul.ndjson', '{"id":"z1","text":"A good object"}\n{"id":"z2","text":"a\\u0000b"}\n', { 2: /NUL/ }],
  ['cut.ndjson', '{"id":"c1","text":"A good object"}\n{"id":"c2","te', { 2: /truncated/ }],
  [
    'odd-utf16.csv',
    utf16(`${HEAD}${row('odd')}bad-cut,2026-11-20T10:00:00Z,cut in half`).subarray(0, -1),
    { 3: /truncated/ },
  ],
];

export const BAD_FILES: BadFile[] = [
  ...REFUSED.map(([name, bytes, refused]) => ({ name, bytes, refused })),
  ...LINES.map(([name, bytes, lines]) => ({ name, bytes, lines })),
];

/** Calls that are wrong themselves: arguments after `import`, exit code, and what is said. FILE stands for a good file. */
export const BAD_CALLS: [args: string[], code: number, says: RegExp][] = [
  [[], 2, /missing required argument/],
  [['FILE', '--map', 'colour=text'], 2, /no field "colour"/],
  [['FILE', '--map', 'text=Body'], 2, /no column "Body".*id, date, text/],
  [['FILE', '--zone', 'Mars/Olympus'], 2, /no time zone "Mars\/Olympus"/],
  [['FILE', '--format', 'pdf'], 2, /pdf/],
  [['FILE', '--keep', 'some'], 2, /some/],
  [['undo', '99999'], 1, /no import 99999/],
];
