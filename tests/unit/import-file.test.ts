/** Whole files, as they come: encodings, damage, other formats; and how rows become posts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CollectedPost } from '../../shared/contracts/collected.ts';
import { AppError } from '../../shared/errors.ts';
import { readBatches } from '../../workers/imports/batches.ts';
import { openLayout } from '../../workers/imports/layout.ts';
import type { RowOptions } from '../../workers/imports/rows.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
/** As if all clocks showed UTC. */
const inUtc = async (locals: readonly string[]) => locals.map((local) => new Date(`${local}Z`));

vi.setConfig({ testTimeout: 60_000 });

let folder = '';
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sada-import-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function aFile(content: string | Uint8Array): Promise<string> {
  files += 1;
  const path = join(folder, `file${files}.csv`);
  await writeFile(path, content);
  return path;
}

interface ReadOptions extends Partial<RowOptions> {
  map?: Record<string, string>;
  skip?: number;
}

async function readAll(content: string | Uint8Array, { map, skip = 0, ...options }: ReadOptions = {}) {
  const layout = await openLayout({ file: await aFile(content), ...(map ? { map } : {}) });
  const posts: CollectedPost[] = [];
  const errors: string[] = [];
  let rows = 0;
  for await (const batch of readBatches(layout, { now: NOW, instantsOf: inUtc, ...options }, skip)) {
    posts.push(...batch.posts);
    errors.push(...batch.invalid.map(({ detail }) => detail));
    rows = batch.rowsRead;
  }
  return { layout, posts, errors, rows, texts: posts.map((post) => post.text) };
}

describe('encodings and forms', () => {
  const table = 'id,texte,date\n1,"مرحبا، à tous",2026-11-20\n2,été,2026-11-21\n';
  const arabic = `id;النص\n${Array.from({ length: 30 }, (_, i) => `${i};هذا نص عربي عن مراكز البيانات في المغرب`).join('\n')}\n`;
  const french = `id;texte\n${Array.from({ length: 30 }, (_, i) => `${i};Les centres de données ont été très critiqués à Rabat`).join('\n')}\n`;

  test.each([
    ['UTF-8', Buffer.from(table), 'utf-8'],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${table}`), 'utf-8'],
    ['UTF-16LE', iconv.encode(table, 'utf-16le', { addBOM: true }), 'utf-16le'],
    ['UTF-16BE', iconv.encode(table, 'utf-16be', { addBOM: true }), 'utf-16be'],
    ['Windows line ends', Buffer.from(table.replaceAll('\n', '\r\n')), 'utf-8'],
    ['old Mac line ends', Buffer.from(table.replaceAll('\n', '\r')), 'utf-8'],
    ['tabs', Buffer.from(table.replaceAll(/,(?! )/g, '\t')), 'utf-8'],
    ['semicolons', Buffer.from(table.replaceAll(/,(?! )/g, ';')), 'utf-8'],
    ['bars', Buffer.from(table.replaceAll(/,(?! )/g, '|')), 'utf-8'],
  ])('%s', async (_name, bytes, encoding) => {
    const { layout, texts, errors } = await readAll(bytes);
    expect({ encoding: layout.encoding, texts, errors }).toEqual({
      encoding,
      texts: ['مرحبا، à tous', 'été'],
      errors: [],
    });
  });

  test.each([
    ['windows-1256', arabic, 'هذا نص عربي عن مراكز البيانات في المغرب'],
    ['iso-8859-6', arabic, 'هذا نص عربي عن مراكز البيانات في المغرب'],
    ['windows-1252', french, 'Les centres de données ont été très critiqués à Rabat'],
  ])('%s is told from its bytes', async (encoding, text, first) => {
    const read = await readAll(iconv.encode(text, encoding));
    expect([read.layout.encoding, read.texts[0], read.texts.length]).toEqual([encoding, first, 30]);
  });

  test('one line in another encoding is an error of that line, and the rest is read', async () => {
    const good = Array.from({ length: 20 }, (_, i) => `${i},été ${i}\n`).join('');
    const { errors, texts } = await readAll(
      Buffer.concat([Buffer.from(`id,text\n${good}`), Buffer.from('x,\xe9t\xe9\n', 'latin1'), Buffer.from('y,fin\n')]),
    );
    expect(errors).toEqual([expect.stringMatching(/^line 22: .*not UTF-8/)]);
    expect(texts).toHaveLength(21);
  });

  test('a few lines about the export may stand above the header', async () => {
    const { layout, texts, errors } = await readAll(
      'Report:,Maroc\nFrom:,2026-11-01\n\nDate,Title,Full Text\n2026-11-02,t,corps\n',
    );
    expect({ header: layout.headerLine, texts, errors }).toEqual({ header: 4, texts: ['corps'], errors: [] });
  });
});

describe('a file that ends within a character', () => {
  const table = 'id,text\n1,مرحبا\n2,été\n3,سلام';
  const rows = Array.from({ length: 30 }, (_, i) => `${i},été ${i}\n`).join('');
  const HALF = 'the file is truncated: half a character at its end';

  test.each([
    ['UTF-16LE', iconv.encode(table, 'utf-16le', { addBOM: true }).subarray(0, -1)],
    ['UTF-16BE', iconv.encode(table, 'utf-16be', { addBOM: true }).subarray(0, -1)],
    ['UTF-32LE', iconv.encode(table, 'utf-32le', { addBOM: true }).subarray(0, -2)],
    ['UTF-16LE, within a pair', iconv.encode(`${table}😀`, 'utf-16le', { addBOM: true }).subarray(0, -2)],
    ['UTF-16BE, within a pair', iconv.encode(`${table}😀`, 'utf-16be', { addBOM: true }).subarray(0, -2)],
    ['UTF-8, after one byte of two', Buffer.from(table).subarray(0, -1)],
    ['UTF-8, after three bytes of four', Buffer.from(`${table}😀`).subarray(0, -1)],
    ['UTF-8, with quotes', Buffer.from('id,text\n1,"مرحبا"\n2,"été"\n3,"سلام').subarray(0, -1)],
  ])('%s: its last line is an error, and the others are read', async (_name, bytes) => {
    const { texts, errors } = await readAll(bytes);
    expect({ texts, errors }).toEqual({ texts: ['مرحبا', 'été'], errors: [`line 4: ${HALF}`] });
  });

  test('half a character after the last line end is a line of its own', async () => {
    const { texts, errors } = await readAll(
      Buffer.concat([iconv.encode('id,text\n1,a\n', 'utf-16le', { addBOM: true }), Buffer.from([0x41])]),
    );
    expect({ texts, errors }).toEqual({ texts: ['a'], errors: [`line 3: ${HALF}`] });
  });

  test('NDJSON says so, too', async () => {
    const { texts, errors } = await readAll(Buffer.from('{"text":"à"}\n{"text":"é').subarray(0, -1));
    expect({ texts, errors }).toEqual({ texts: ['à'], errors: [`line 2: ${HALF}`] });
  });

  test('a whole character in another encoding at the end is not half of one', async () => {
    const latin = Buffer.from('id,text\n1,Mon café', 'latin1');
    expect(await readAll(latin)).toMatchObject({ texts: ['Mon café'], errors: [] });
    const broken = Buffer.concat([Buffer.from(`id,text\n${rows}`), Buffer.from('x,d\xe9j\xe0 vu', 'latin1')]);
    expect((await readAll(broken)).errors).toEqual([expect.stringMatching(/^line 32: .*not UTF-8/)]);
  });

  test.each(['utf-16le', 'utf-16be'])('a pair that lies across two reads of a %s file is whole', async (encoding) => {
    const lines = Array.from({ length: 300 }, (_, i) => `${i},${'😀'.repeat(2_000)}\n`);
    const { texts } = await readAll(iconv.encode(`id,text\n${lines.join('')}`, encoding, { addBOM: true }));
    expect(texts).toHaveLength(300);
    expect(texts.filter((text) => text.includes('\ufffd'))).toEqual([]);
  });
});

describe('what a file says never moves a terminal', () => {
  const MOVES = /[\p{Cc}\p{Cf}]/u;
  const evil = '\x1b[31m\x9b2J\u202ered';

  test('in the message about columns of which none holds the text', async () => {
    const error = await readAll(`id,${evil}\n1,a\n`).catch((reason: unknown) => reason);
    expect(String(error)).toContain('[31m');
    expect(String(error)).not.toMatch(MOVES);
  });

  test('in the message about a column that is not there', async () => {
    const error = await readAll(`id,text,${evil}\n1,a,b\n`, { map: { title: 'none' } }).catch((reason) => reason);
    expect(String(error)).toContain('id, text, \ufffd[31m');
    expect(String(error)).not.toMatch(MOVES);
  });

  test.each([
    ['a table', `id,text,${evil}\n1,good,2026-11-20\n2,good,soon\n`],
    [
      'NDJSON',
      `{"text":"a","\\u001b[31m\\u009b2J\u202ered":"2026-11-20"}\n{"text":"b","\x7f":1}\n{"text":"c","\\u001b[31m\\u009b2J\u202ered":[1]}\n`,
    ],
  ])('in the errors of the lines of %s', async (_name, content) => {
    const { errors } = await readAll(content, { map: { published_at: evil } });
    expect(errors).toEqual([expect.stringMatching(/^line 3: \ufffd\[31m\ufffd2J\ufffdred: is /)]);
  });

  test('in what is said of a file by its name', async () => {
    const path = join(folder, `${evil}.csv`);
    await writeFile(path, 'id,mystery\n1,a\n');
    for (const file of [path, join(folder, evil, 'none.csv')]) {
      const error = await openLayout({ file }).catch((reason: unknown) => reason);
      expect(String(error)).toContain('[31m');
      expect(String(error)).not.toMatch(MOVES);
    }
  });
});

describe('what is no file of posts', () => {
  test.each([
    ['gzip', gzipSync('id,text\n1,a\n'), /gzip.*gunzip/],
    ['a zip', Buffer.from('PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaposts.csv', 'latin1'), /zip file/],
    ['an Excel file', Buffer.from(`PK\x03\x04${'\0'.repeat(26)}[Content_Types].xml`, 'latin1'), /Excel.*CSV/],
    ['a PDF', Buffer.from('%PDF-1.7\n'), /PDF/],
    ['XML', Buffer.from('<?xml version="1.0"?><rss/>'), /XML/],
    ['a web page', Buffer.from('<!DOCTYPE html><html>'), /HTML/],
    ['a JSON list', Buffer.from('[{"text":"a"}]'), /one object a line/],
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5)), /no text/],
    ['nothing', Buffer.alloc(0), /is empty/],
    ['broken JSON from the first line on', Buffer.from('{"text": \n{"text": \n'), /line 1 is not a JSON object/],
  ])('%s is named with what to do', async (_name, bytes, message) => {
    await expect(readAll(bytes)).rejects.toThrow(message);
  });

  test('a missing file and a folder are named', async () => {
    await expect(openLayout({ file: join(folder, 'none.csv') })).rejects.toThrow(/no such file/);
    await expect(openLayout({ file: folder })).rejects.toThrow(/folder/);
  });
});

describe('damage', () => {
  test('each bad line is an error that names it and does not quote it, and all others are read', async () => {
    const secret = 'secretword';
    const { errors, texts, rows } = await readAll(
      `id,text,date\n1,good,2026-11-20\n2,${secret}\n3,${secret},x,y\n4,${secret}\u0000,2026-11-20\n5,"${secret},2026-11-20\n6,,2026-11-20\n7,${secret},soon\n8,fine,2026-11-20\n`,
    );
    expect(texts).toEqual(['good', 'fine']);
    expect(errors).toEqual([
      expect.stringMatching(/^line 3: has 2 fields where the header has 3/),
      expect.stringMatching(/^line 4: has 4 fields where the header has 3/),
      expect.stringMatching(/^line 5: holds a NUL/),
      expect.stringMatching(/^line 6: a quote opens here/),
      expect.stringMatching(/^line 7: text: is empty/),
      expect.stringMatching(/^line 8: date: is not a date/),
    ]);
    expect(errors.join()).not.toContain(secret);
    expect(rows).toBe(8);
  });

  test('a line of many megabytes is an error, and the next is read', async () => {
    const { errors, texts } = await readAll(`id,text\n1,${'x'.repeat(5_000_000)}\n2,after\n`);
    expect({ errors, texts }).toEqual({ errors: ['line 2: is longer than 1 MB'], texts: ['after'] });
  });

  test('a line of nothing but opened strings is refused at once, and so are very many empty lines', async () => {
    const opened = `{"n":1e5,"text":"${'\\"'.repeat(300_000)}`;
    const { errors } = await readAll(`{"text":"a"}\n${opened}\n${'\n'.repeat(270_000)}{"text":"b"}`);
    expect(errors).toEqual(['line 2: is not a JSON object']);
    expect((await readAll(`id,text\n${'\n'.repeat(270_000)}1,a\n`)).texts).toEqual(['a']);
  });

  test('whatever bytes come, a file is read or refused in words', async () => {
    const start = fc.constantFrom('id,text\n1,a\n', 'id\ttext\n1\ta\n', '{"text":"a"}\n', '\ufeffid;text\n', '');
    const bytes = fc.array(fc.constantFrom(0, 9, 10, 13, 34, 44, 59, 65, 92, 0xc3, 0xa9, 0xff, 0xd8, 0x7b, 0x7d), {
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(start, bytes, async (first, rest) => {
        try {
          const { posts, errors, rows } = await readAll(Buffer.concat([Buffer.from(first), Buffer.from(rest)]));
          expect(posts.length + errors.length).toBe(rows);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('a truncated file says so at its last line', async () => {
    const csv = await readAll('id,lang,text\n1,fr,un\n2,f');
    expect(csv.errors).toEqual([expect.stringMatching(/^line 3: .*truncated/)]);
    const json = await readAll('{"id":1,"text":"un"}\n{"id":2,"te');
    expect(json.errors).toEqual([expect.stringMatching(/^line 2: .*truncated/)]);
  });

  test('skipping records leaves exactly the others, damage included', async () => {
    const content = `id,text\n${Array.from({ length: 1300 }, (_, i) => (i % 7 === 3 ? `${i},"open` : `${i},text ${i}`)).join('\n')}\n`;
    const all = await readAll(content);
    const late = await readAll(content, { skip: 601 });
    expect(all.rows).toBe(1300);
    expect(late.rows).toBe(1300);
    expect(late.texts).toEqual(all.texts.slice(-late.texts.length));
    expect(late.texts.length + late.errors.length).toBe(1300 - 601);
  });
});

describe('NDJSON', () => {
  test('ids are never rounded', async () => {
    const { posts } = await readAll(
      '{"id": 12345678901234567890, "text": "a \\"id\\": 99999999999999999999 b", "site":"x.com"}\n',
    );
    expect(posts[0]).toMatchObject({ external_id: '12345678901234567890', text: 'a "id": 99999999999999999999 b' });
  });

  test('values within objects are columns by their path', async () => {
    const { posts, layout } = await readAll('{"data":{"id":7,"body":{"fr":"bonjour"}}}\n', {
      map: { text: 'data.body.fr', external_id: 'data.id' },
      site: 'x.com',
    });
    expect(layout.format).toBe('ndjson');
    expect(posts[0]).toMatchObject({ external_id: '7', text: 'bonjour' });
  });

  test('escaped NULs and lists are errors of their line, half a surrogate pair is replaced', async () => {
    const { errors, texts } = await readAll(
      '{"text":"a"}\n{"text":"b\\u0000"}\n{"text":["c"]}\n{"text":"d\\ud83d"}\n[1]\n',
    );
    expect(errors.map((error) => error.slice(0, 13))).toEqual(['line 2: text:', 'line 3: text:', 'line 5: is no']);
    expect(texts).toEqual(['a', 'd\ufffd']);
  });
});

describe('rows', () => {
  test('with a site an id is the id as it is; without one the text is part of it', async () => {
    const content = 'id,text\n42,one\n42,two\n';
    expect((await readAll(content, { site: 'x.com' })).posts.map((p) => [p.site, p.external_id])).toEqual([
      ['x.com', '42'],
      ['x.com', '42'],
    ]);
    const ids = (await readAll(content)).posts.map((p) => [p.site, p.external_id]);
    expect(ids).toEqual([
      ['import', '42:7692c3ad3540'],
      ['import', '42:3fc4ccfe7458'],
    ]);
    expect((await readAll(content)).posts.map((p) => p.external_id)).toEqual(ids.map(([, id]) => id));
  });

  test('without an id, date, author and text tell posts apart', async () => {
    const { posts } = await readAll(
      'text,author,date\na,x,2026-11-20\na,y,2026-11-20\na,x,2026-11-21\na,x,2026-11-20\n',
    );
    const ids = posts.map((post) => post.external_id);
    expect(new Set(ids).size).toBe(3);
    expect(ids[3]).toBe(ids[0]);
    expect(ids[0]).toMatch(/^[0-9a-f]{24}$/);
  });

  test('an id that a spreadsheet has rounded is an error, one with an e in it is not', async () => {
    const { errors, posts } = await readAll('id,text\n1.23E+18,a\n"1,23E+18",b\n12e45,c\n', { site: 'x.com' });
    expect(errors).toEqual([
      expect.stringMatching(/^line 2: id: was rounded/),
      expect.stringMatching(/^line 3: id: was rounded/),
    ]);
    expect(posts.map((post) => post.external_id)).toEqual(['12e45']);
  });

  test('dates without a zone ask for one', async () => {
    const { errors, posts } = await readAll('text,date\na,23/11/2026 10:05\nb,2026-11-23T10:05:00Z\n', {
      instantsOf: undefined,
    });
    expect(errors).toEqual([expect.stringMatching(/^line 2: date: .*--zone/)]);
    expect(posts).toHaveLength(1);
  });

  test('dates in the future and before 1995 are errors, a missing one is not', async () => {
    const { errors, posts } = await readAll('text,date\na,2027-01-01\nb,1970-01-01\nc,\n');
    expect(errors).toEqual(['line 2: date: lies in the future', 'line 3: date: lies before 1995']);
    expect(posts).toEqual([expect.not.objectContaining({ published_at: expect.anything() })]);
  });

  test('every field is checked against the contract, in words', async () => {
    const { errors, posts } = await readAll(
      `text,url,reach,kind,lang,label\na,https://x.ma/1,"1,234",comment,fr,positive\nb,not-a-url,1,post,fr,x\nc,,many,post,fr,x\nd,,1,tweet,fr,x\ne,,1,post,${'f'.repeat(40)},x\n`,
    );
    expect(posts).toEqual([
      expect.objectContaining({
        url: 'https://x.ma/1',
        reach: 1234,
        kind: 'comment',
        language_hint: 'fr',
        vendor_sentiment: 'positive',
      }),
    ]);
    expect(errors).toEqual([
      'line 3: url: is not an http or https address',
      expect.stringMatching(/^line 4: reach: is not a/),
      expect.stringMatching(/^line 5: kind: is none of post, article/),
      'line 6: lang: is longer than 35 characters',
    ]);
  });
});
