/**
 * Cuts the pages of a source into batches worth a transaction: at most 500 events or 512 KB, and none waits longer than
 * 250 ms. workers/collect.ts uses it for polls and streams alike.
 */
import type { CollectedEvent } from '../shared/contracts/collected.ts';
import type { Page } from './sources/source.ts';

export interface BatchLimits {
  events: number;
  bytes: number;
  waitMs: number;
}

export const BATCH_LIMITS: BatchLimits = { events: 500, bytes: 512 * 1024, waitMs: 250 };

export interface SourceBatch<Cursor> {
  events: CollectedEvent[];
  /** Only with the last part of a page: until then the page would be asked for again. */
  cursor?: Cursor;
  pages: Page<Cursor>[];
}

function sizeOf(event: CollectedEvent): number {
  return 'post' in event ? event.post.text.length * 2 + (event.post.title?.length ?? 0) * 2 + 200 : 100;
}

/**
 * Yields batches in the order of the pages. Whatever ends the pages (their end, an abort, an error), what was collected
 * before it is yielded first, so that a failure on page nine does not lose page eight.
 */
export async function* batches<Cursor>(
  pages: AsyncIterable<Page<Cursor>>,
  limits: BatchLimits = BATCH_LIMITS,
): AsyncGenerator<SourceBatch<Cursor>> {
  const reader = pages[Symbol.asyncIterator]();
  let open: SourceBatch<Cursor> = { events: [], pages: [] };
  let bytes = 0;
  let deadline = 0;
  let pending = reader.next();
  pending.catch(() => undefined); // looked at below, possibly after a flush
  const flush = () => {
    const full = open;
    open = { events: [], pages: [] };
    bytes = 0;
    return full;
  };
  for (;;) {
    if (open.pages.length > 0 && !(await settlesBefore(pending, deadline - Date.now()))) {
      yield flush();
      continue;
    }
    let next: IteratorResult<Page<Cursor>>;
    try {
      next = await pending;
    } catch (error) {
      if (open.pages.length > 0) yield flush();
      throw error;
    }
    if (next.done) break;
    pending = reader.next();
    pending.catch(() => undefined);
    if (open.pages.length === 0) deadline = Date.now() + limits.waitMs;
    for (const event of next.value.events) {
      if (open.events.length >= limits.events || (open.events.length > 0 && bytes + sizeOf(event) > limits.bytes))
        yield flush();
      open.events.push(event);
      bytes += sizeOf(event);
    }
    open.cursor = next.value.cursor;
    open.pages.push(next.value);
  }
  if (open.pages.length > 0) yield flush();
}

async function settlesBefore(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms));
  });
  try {
    return await Promise.race([
      promise.then(
        () => true as const,
        () => true as const,
      ),
      timeout,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
