/** Cutting pages into batches. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { CollectedEvent } from '../../shared/contracts/collected.ts';
import { batches } from '../../workers/batches.ts';
import type { Page } from '../../workers/sources/source.ts';

const event = (id: number, text = 'text'): CollectedEvent => ({
  type: 'post',
  post: { site: 's', external_id: `${id}`, kind: 'post', text },
});
const LIMITS = { events: 3, bytes: 100_000, waitMs: 10_000 };

async function* from(pages: Page<number>[], pauseMs = 0): AsyncGenerator<Page<number>> {
  for (const page of pages) {
    yield page;
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

async function cut(pages: AsyncIterable<Page<number>>, limits = LIMITS) {
  const all: { n: number; cursor: number | undefined }[] = [];
  for await (const batch of batches(pages, limits)) all.push({ n: batch.events.length, cursor: batch.cursor });
  return all;
}

test('small pages share a batch, whose cursor is the last one’s', async () => {
  const pages = [
    { events: [event(1)], cursor: 1 },
    { events: [event(2)], cursor: 2 },
  ];
  expect(await cut(from(pages))).toEqual([{ n: 2, cursor: 2 }]);
});

test('a large page is cut, and only its last part carries its cursor', async () => {
  const pages = [{ events: [1, 2, 3, 4, 5, 6, 7].map((id) => event(id)), cursor: 7 }];
  expect(await cut(from(pages))).toEqual([
    { n: 3, cursor: undefined },
    { n: 3, cursor: undefined },
    { n: 1, cursor: 7 },
  ]);
});

test('a part that starts in one page and ends in the next carries the first page’s cursor, never one ahead of its posts', async () => {
  const pages = [
    { events: [event(1), event(2)], cursor: 2 },
    { events: [event(3), event(4)], cursor: 4 },
  ];
  expect(await cut(from(pages))).toEqual([
    { n: 3, cursor: 2 },
    { n: 1, cursor: 4 },
  ]);
});

test('large texts end a batch by their size', async () => {
  const pages = [{ events: [event(1, 'x'.repeat(40_000)), event(2, 'x'.repeat(40_000))], cursor: 2 }];
  expect(await cut(from(pages))).toEqual([
    { n: 1, cursor: undefined },
    { n: 1, cursor: 2 },
  ]);
});

test('what is collected does not wait for a slow source longer than the limit', async () => {
  const pages = [
    { events: [event(1)], cursor: 1 },
    { events: [event(2)], cursor: 2 },
  ];
  expect(await cut(from(pages, 300), { ...LIMITS, waitMs: 50 })).toEqual([
    { n: 1, cursor: 1 },
    { n: 1, cursor: 2 },
  ]);
});

test('an empty page still moves the cursor', async () => {
  expect(await cut(from([{ events: [], cursor: 5 }]))).toEqual([{ n: 0, cursor: 5 }]);
});

test('pages before a failure are yielded before it is thrown', async () => {
  async function* failing(): AsyncGenerator<Page<number>> {
    yield { events: [event(1)], cursor: 1 };
    throw new Error('page two is broken');
  }
  const seen: number[] = [];
  await expect(async () => {
    for await (const batch of batches(failing(), LIMITS)) seen.push(batch.events.length);
  }).rejects.toThrow('page two is broken');
  expect(seen).toEqual([1]);
});
