/**
 * A file as chunks ready for the store: posts, errors, and how far the file is read after each. Called by
 * workers/importFile.ts. What a record becomes may depend on the time and the zones; how many there are does not.
 */
import type { CollectedPost } from '../../shared/contracts/collected.ts';
import type { FileLayout } from './layout.ts';
import { type RawRecord, readRecords } from './records.ts';
import { type LineError, type RowOptions, toPosts } from './rows.ts';

/** Records of one chunk, and bytes of its texts. */
const CHUNK_ROWS = 500;
const CHUNK_BYTES = 524_288;

export interface ImportBatch {
  posts: CollectedPost[];
  invalid: LineError[];
  /** Records read since the beginning of the file, those of this batch and the skipped included. */
  rowsRead: number;
  /** Bytes of the file read so far; ahead of the records by one read. */
  bytesRead: number;
}

/** Batches of the records after the first `skip`. Rejects when the file cannot be read, or with the signal's reason. */
export async function* readBatches(
  layout: FileLayout,
  options: RowOptions,
  skip: number,
  signal?: AbortSignal,
): AsyncGenerator<ImportBatch> {
  let rowsRead = 0;
  let rows: RawRecord[] = [];
  let bytes = 0;
  const flush = async (bytesRead: number): Promise<ImportBatch> => {
    const batch = { ...(await toPosts(rows, layout, options)), rowsRead, bytesRead };
    rows = [];
    bytes = 0;
    return batch;
  };
  for await (const { records, bytesRead } of readRecords(layout, signal)) {
    for (const record of records) {
      signal?.throwIfAborted();
      rowsRead += 1;
      if (rowsRead <= skip) continue;
      const size = sizeOf(record);
      if (rows.length > 0 && bytes + size > CHUNK_BYTES) {
        rowsRead -= 1; // this record belongs to the next batch
        yield await flush(bytesRead);
        rowsRead += 1;
      }
      rows.push(record);
      bytes += size;
      if (rows.length === CHUNK_ROWS) yield await flush(bytesRead);
    }
  }
  if (rows.length > 0) yield await flush(layout.bytes);
}

function sizeOf(record: RawRecord): number {
  return 'values' in record ? record.values.reduce((sum, value) => sum + Buffer.byteLength(value), 0) : 0;
}
