/** The hash that tells a file and how it is read, by which an interrupted import is found again. Called by importFile.ts. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AppError } from '../../shared/errors.ts';
import type { FileLayout } from './layout.ts';
import { visible } from './visible.ts';

/**
 * SHA-256 of the bytes and of whatever decides what its rows become: with another mapping, skipping the rows that are in
 * chunks already would mix two readings. Rejects with the signal's reason.
 */
export async function hashFile(
  layout: FileLayout,
  reading: unknown,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(layout.file, { highWaterMark: 1_048_576 });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    signal?.throwIfAborted(); // leaving the loop closes the stream
    hash.update(chunk);
    onBytes(stream.bytesRead);
  }
  return hash.update(JSON.stringify(reading)).digest('hex');
}

/** Throws AppError `conflict` when the file is no longer the one that was looked at. */
export async function checkUnchanged(layout: FileLayout): Promise<void> {
  const now = await stat(layout.file).catch(() => undefined);
  if (now?.size === layout.bytes && now.mtimeMs === layout.mtimeMs) return;
  throw new AppError(
    'conflict',
    `${visible(layout.file)}: the file changed while it was read; import it again when nobody writes to it`,
  );
}
