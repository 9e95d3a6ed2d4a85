/**
 * Idempotency keys: a request sent twice is done once. The key is written in the transaction of the work, so that
 * either both are there or neither is. Called by api/routes/push.ts; shared/store/retention.ts
 * forgets keys after 24 hours.
 */
import { AppError } from '../errors.ts';
import { one, run, type Tx } from './db.ts';

export interface IdempotentRequest {
  /** Public part of the caller's key, or `local`. */
  caller: string;
  /** As the Idempotency-Key header gave it. */
  key: string;
  /** Hash of what was asked. */
  requestHash: string;
}

/**
 * Runs `work` unless the key has been used, and then returns what was answered that time. A twin that runs at the same
 * moment waits here until the first has committed. Throws `invalid` when the key came with another request.
 */
export async function once<T>(
  tx: Tx,
  request: IdempotentRequest,
  work: () => Promise<T>,
): Promise<{ answer: T; replayed: boolean }> {
  const mine = await run(
    tx,
    `insert into idempotency_keys (caller, key, request_hash, response) values ($1, $2, $3, 'null') on conflict do nothing`,
    [request.caller, request.key, request.requestHash],
  );
  if (mine === 0) {
    const stored = await one<{ request_hash: string; response: string }>(
      tx,
      'select request_hash, response from idempotency_keys where caller = $1 and key = $2',
      [request.caller, request.key],
    );
    if (stored?.request_hash !== request.requestHash) {
      throw new AppError('invalid', 'This Idempotency-Key was used with another request', {
        errors: [{ pointer: 'Idempotency-Key', detail: 'was used with another body' }],
      });
    }
    return { answer: JSON.parse(stored.response) as T, replayed: true };
  }
  const answer = await work();
  // As text: jsonb would give the answer back with its names in another order.
  await run(tx, 'update idempotency_keys set response = to_jsonb($3::text) where caller = $1 and key = $2', [
    request.caller,
    request.key,
    JSON.stringify(answer),
  ]);
  return { answer, replayed: false };
}
