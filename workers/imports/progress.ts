/** How far an import is, for whoever shows it. Called by workers/importFile.ts and imports/wait.ts. */

export interface ImportProgress {
  /** `checking`: hashing the file; `reading`: into chunks; `ingesting`: the file is read, chunks are worked off. */
  step: 'checking' | 'reading' | 'ingesting';
  bytesRead: number;
  bytes: number;
  rowsRead: number;
  invalid: number;
  chunksWaiting: number;
}

/** Keeps what was told last, so that each step tells only what it knows. */
export class Progress {
  readonly #show: ((progress: ImportProgress) => void) | undefined;
  #last: ImportProgress;

  constructor(bytes: number, show: ((progress: ImportProgress) => void) | undefined) {
    this.#show = show;
    this.#last = { step: 'checking', bytesRead: 0, bytes, rowsRead: 0, invalid: 0, chunksWaiting: 0 };
  }

  tell(news: Partial<ImportProgress>): void {
    this.#last = { ...this.#last, ...news };
    this.#show?.(this.#last);
  }
}
