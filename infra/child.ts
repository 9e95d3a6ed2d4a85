/**
 * One child process of `sada all`: started, watched, started again when it dies. Used by infra/supervise.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { FATAL_EXIT } from '../shared/errors.ts';

const SHORT_LIFE_MS = 10_000;
const LONGEST_WAIT_MS = 10_000;
const KILL_AFTER_MS = 30_000;

export interface ChildOptions {
  name: string;
  /** Script and its arguments, run by this Node through tsx. */
  command: readonly string[];
  env: Record<string, string | undefined>;
  /** Ends well with code 0, and is then not started again. */
  oneShot?: boolean;
  onRestart(name: string, code: number | null, signal: string | null): void;
  /** `reason` is what the child told before it ended. */
  onFatal(name: string, reason: string | undefined): void;
}

export interface Child {
  name: string;
  pid(): number | undefined;
  /** Resolves with what the child told when it first became ready. */
  ready: Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Starts a child and keeps it running until `stop`. */
export function superviseChild(options: ChildOptions): Child {
  let current: ChildProcess | undefined;
  let stopping = false;
  let waitMs = 200;
  let reason: string | undefined;
  let tellReady: (message: Record<string, unknown>) => void = () => undefined;
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    tellReady = resolve;
  });
  const running = keepRunning();

  async function keepRunning(): Promise<void> {
    while (!stopping) {
      const startedAt = Date.now();
      const [code, signal] = await runOnce();
      if (stopping || (options.oneShot && code === 0)) return;
      if (code === FATAL_EXIT) return options.onFatal(options.name, reason);
      options.onRestart(options.name, code, signal);
      waitMs = Date.now() - startedAt > SHORT_LIFE_MS ? 200 : Math.min(waitMs * 2, LONGEST_WAIT_MS);
      await sleep(waitMs);
    }
  }

  function runOnce(): Promise<[number | null, string | null]> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, ['--import', 'tsx', ...options.command], {
        env: options.env,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        detached: true, // Ctrl-C in a terminal is for the parent, which stops its children in order
      });
      current = child;
      child.on('message', (message) => {
        if (typeof message === 'object' && message !== null && 'fatal' in message) reason = String(message.fatal);
        if (typeof message === 'object' && message !== null && 'ready' in message)
          tellReady(message as Record<string, unknown>);
      });
      child.on('error', () => resolve([null, null]));
      child.on('exit', (code, signal) => resolve([code, signal]));
    });
  }

  return {
    name: options.name,
    pid: () => current?.pid,
    ready,
    async stop() {
      stopping = true;
      current?.kill('SIGTERM');
      const killer = setTimeout(() => current?.kill('SIGKILL'), KILL_AFTER_MS);
      await running;
      clearTimeout(killer);
    },
  };
}
