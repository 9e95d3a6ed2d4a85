/**
 * Tells the queue of chunks while the file is read on. One call at a time, which takes all chunks that came meanwhile.
 * Called by workers/importFile.ts. The chunks are stored before: a queue that fails delays them and loses none.
 */

export class QueueTeller {
  readonly #enqueue: (chunkIds: number[]) => Promise<void>;
  #waiting: number[] = [];
  #running: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  constructor(enqueue: (chunkIds: number[]) => Promise<void>) {
    this.#enqueue = enqueue;
  }

  /** Returns at once. Throws what an earlier call of the queue failed with. */
  tell(chunkId: number): void {
    if (this.#failure) throw this.#failure.error;
    this.#waiting.push(chunkId);
    this.#running ??= this.#run();
  }

  /** Resolves when no call is under way any more. Never rejects. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Resolves when the queue has all of them. Rejects with what it failed with. */
  async done(): Promise<void> {
    await this.settled();
    if (this.#failure) throw this.#failure.error;
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#enqueue(this.#waiting.splice(0));
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#running = undefined;
    }
  }
}
