/**
 * The thread that feeds are parsed in, so that one which takes for ever can be killed. Started by parsePool.ts only.
 * Says `ready` once its modules are loaded, then answers each job with its number.
 */
import { parentPort } from 'node:worker_threads';
import { SourceError, type SourceErrorCode } from '../../../shared/errors.ts';
import { type FeedBytes, parseFeed } from './parse.ts';
import type { ParsedFeed } from './parsed.ts';

export interface ParseJob {
  number: number;
  input: FeedBytes;
}

export type ParseAnswer =
  | { kind: 'ready' }
  | { kind: 'parsed'; number: number; feed: ParsedFeed }
  | { kind: 'refused'; number: number; code: SourceErrorCode; message: string }
  | { kind: 'defect'; number: number; message: string };

function answer(message: ParseAnswer): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', ({ number, input }: ParseJob) => {
  parseFeed(input).then(
    (feed) => answer({ kind: 'parsed', number, feed }),
    (error: unknown) => {
      if (error instanceof SourceError) {
        answer({ kind: 'refused', number, code: error.code, message: error.message });
      } else {
        answer({
          kind: 'defect',
          number,
          message: error instanceof Error ? (error.stack ?? error.message) : 'unknown',
        });
      }
    },
  );
});
answer({ kind: 'ready' });
