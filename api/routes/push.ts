/** POST /v1/posts: programs hand over posts. Written to the inbox in one transaction, then told to the queue. */
import { MAX_PUSH, PushAnswer, PushBody, type PushItem } from '../../shared/contracts/api/posts.ts';
import { CollectedPost, EARLIEST_POST } from '../../shared/contracts/collected.ts';
import { AppError, type FieldError } from '../../shared/errors.ts';
import { countWaiting, receivePush } from '../../shared/store/chunks.ts';
import { inTransaction, type Tx } from '../../shared/store/db.ts';
import { once } from '../../shared/store/idempotency.ts';
import { pushSource } from '../../shared/store/sources.ts';
import { fieldErrors } from '../problem.ts';
import { refuse } from '../read.ts';
import { type Route, route } from '../route.ts';
import { textProblems } from '../text.ts';
import { type RouteDeps, tellQueue } from './deps.ts';

const BODY_BYTES = 8 * 1024 * 1024;
/** Chunks that may wait before pushes are asked to wait, too: about a million posts. */
const MAX_WAITING = 2_000;

export function pushRoutes(deps: RouteDeps): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/posts',
      summary: `Hand over up to ${MAX_PUSH} posts; with Idempotency-Key a repetition is answered, not repeated`,
      tag: 'posts',
      scope: 'write:posts',
      limit: 'write',
      bodyLimit: BODY_BYTES,
      checksTexts: true,
      answers: 'accepted',
      schemas: { body: PushBody, response: PushAnswer },
      handle: async ({ body, caller, bodyHash, header, setHeader }) => {
        refuse(textProblems(body.source, '/source'));
        if ((await countWaiting(deps.db)) > MAX_WAITING) {
          throw new AppError('unavailable', 'Too many posts wait to be ingested; send this again later', {
            retryAfterMs: 30_000,
          });
        }
        const checked = body.posts.map(checkItem);
        const key = idempotencyKey(header('Idempotency-Key'));
        let inboxIds: number[] = [];
        const work = async (tx: Tx) => {
          const done = await store(tx, body.source, checked);
          inboxIds = done.inboxIds;
          return done.answer;
        };
        const { answer, replayed } = await inTransaction(deps.db, async (tx) => {
          inboxIds = [];
          if (key === undefined) return { answer: await work(tx), replayed: false };
          return once(tx, { caller: caller.id, key, requestHash: `/v1/posts ${bodyHash}` }, () => work(tx));
        });
        if (replayed) setHeader('Idempotency-Replayed', 'true');
        await tellQueue(deps, (queues) => queues.addChunks(inboxIds.map((id) => ({ from: 'push', id }))));
        return answer;
      },
    }),
  ];
}

function idempotencyKey(given: string | undefined): string | undefined {
  if (given !== undefined && !/^[\x21-\x7e]{1,255}$/.test(given)) {
    refuse([{ pointer: 'Idempotency-Key', detail: 'must be 1 to 255 printable ASCII characters without spaces' }]);
  }
  return given;
}

type Checked = { post: CollectedPost } | { errors: FieldError[] };

function checkItem(item: unknown, index: number): Checked {
  const pointer = `/posts/${index}`;
  const texts = textProblems(item, pointer);
  if (texts.length > 0) return { errors: texts };
  const parsed = CollectedPost.safeParse(item);
  if (!parsed.success) return { errors: fieldErrors(parsed.error, pointer).slice(0, 10) };
  const early = parsed.data.published_at !== undefined && !(Date.parse(parsed.data.published_at) >= EARLIEST_POST);
  return early ? { errors: [{ pointer: `${pointer}/published_at`, detail: 'is before 1990' }] } : { post: parsed.data };
}

async function store(
  tx: Tx,
  sourceName: string,
  checked: readonly Checked[],
): Promise<{ answer: PushAnswer; inboxIds: number[] }> {
  const source = await pushSource(tx, sourceName);
  const valid = checked.flatMap((item) => ('post' in item ? [item.post] : []));
  const { inboxIds, outcomes } = await receivePush(tx, { sourceId: source.id, posts: valid });
  let next = 0;
  const items = checked.map((item, index): PushItem => {
    if ('errors' in item) return { index, status: 'invalid', errors: item.errors };
    return { index, status: outcomes[next++] ?? 'duplicate' };
  });
  const count = (status: PushItem['status']) => items.filter((item) => item.status === status).length;
  return {
    answer: {
      source: source.id,
      accepted: count('accepted'),
      duplicate: count('duplicate'),
      invalid: count('invalid'),
      items,
    },
    inboxIds,
  };
}
