/**
 * Parses feeds in one thread of this process, one after the other, and kills the thread when a feed takes too long.
 * Called by feed.ts. An idle thread does not keep the process alive.
 * Try it: `await parseInThread({ bytes, url: 'https://example.ma/feed' })`.
 */
import { Worker } from 'node:worker_threads';
import { SourceError } from '../../../shared/errors.ts';
import type { FeedBytes } from './parse.ts';
import type { ParsedFeed } from './parsed.ts';
import type { ParseAnswer, ParseJob } from './parseThread.ts';

const KILL_AFTER_MS = 5_000;
const START_TIMEOUT_MS = 60_000;
/** Enough for a 5 MB feed many times over; beyond, the thread dies and not the process. */
const LIMITS = { maxOldGenerationSizeMb: 384, stackSizeMb: 4 };

/** The one thread, and who waits for its answer at the moment. */
interface Thread {
  worker: Worker;
  isDead: boolean;
  onAnswer: (answer: ParseAnswer) => void;
  onDeath: () => void;
}

let tail: Promise<unknown> = Promise.resolve();
let current: Thread | undefined;
let jobs = 0;

/** Throws SourceError `not_a_feed` or `malformed`, the latter also when parsing takes longer than `killAfterMs`. */
export function parseInThread(input: FeedBytes, killAfterMs = KILL_AFTER_MS): Promise<ParsedFeed> {
  const result = tail.then(() => parseNow(input, killAfterMs));
  tail = result.catch(() => {});
  return result;
}

async function parseNow(input: FeedBytes, killAfterMs: number): Promise<ParsedFeed> {
  const thread = current && !current.isDead ? current : await startThread();
  current = thread;
  jobs += 1;
  const job: ParseJob = { number: jobs, input };
  let timer: NodeJS.Timeout | undefined;
  thread.worker.ref();
  try {
    return await new Promise<ParsedFeed>((resolve, reject) => {
      timer = setTimeout(() => {
        kill(thread);
        reject(new SourceError('malformed', 'the feed takes too long to read'));
      }, killAfterMs);
      thread.onDeath = () => reject(new SourceError('malformed', 'the feed is too much to read'));
      thread.onAnswer = (answer) => {
        if (answer.kind === 'ready' || answer.number !== job.number) return;
        if (answer.kind === 'parsed') resolve(answer.feed);
        else if (answer.kind === 'refused') reject(new SourceError(answer.code, answer.message));
        else reject(new Error(`the feed reader has a defect: ${answer.message}`));
      };
      thread.worker.postMessage(job);
    });
  } finally {
    clearTimeout(timer);
    thread.worker.unref();
  }
}

function kill(thread: Thread): void {
  thread.isDead = true;
  void thread.worker.terminate();
}

function startThread(): Promise<Thread> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./parseThread.mjs', import.meta.url), { execArgv: [], resourceLimits: LIMITS });
    const timer = setTimeout(() => {
      kill(thread);
      reject(new Error('the feed reader did not start'));
    }, START_TIMEOUT_MS);
    const thread: Thread = {
      worker,
      isDead: false,
      onAnswer: () => {
        clearTimeout(timer);
        resolve(thread);
      },
      onDeath: () => {
        clearTimeout(timer);
        reject(new Error('the feed reader cannot start'));
      },
    };
    worker.on('message', (answer: ParseAnswer) => thread.onAnswer(answer));
    worker.on('error', () => {}); // such as out of memory; `exit` follows
    worker.on('exit', () => {
      thread.isDead = true;
      thread.onDeath();
    });
  });
}
