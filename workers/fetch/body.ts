/**
 * Reads an answer's body: undoes its content encodings while counting what comes out, so that a small bomb stays small.
 * Called by fetcher.ts. Try it: `readBody(Readable.from([gzipped]), 'gzip', { host, maxBytes: 5e6 })`.
 */
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliDecompress, createGunzip, createInflate, gunzip } from 'node:zlib';
import { SourceError } from '../../shared/errors.ts';

/** Two are seen in the wild by misconfiguration; more are a trick. */
const MAX_LAYERS = 3;
// a body that was cut after its last block still yields what it holds
const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH };

export interface BodyLimits {
  /** Named in messages. */
  host: string;
  /** Bytes after decompression. */
  maxBytes: number;
  /** Keep the first `maxBytes` instead of refusing what is longer. */
  cut?: boolean;
}

/**
 * The decoded bytes. Throws SourceError `too_large` beyond `maxBytes`, `malformed` when the compression is broken or
 * of a kind that was not asked for; a failing connection rejects with undici's error.
 */
export async function readBody(body: Readable, encoding: string | undefined, limits: BodyLimits): Promise<Uint8Array> {
  const layers = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((layer) => layer.trim())
    .filter((layer) => layer !== '' && layer !== 'identity');
  if (layers.length > MAX_LAYERS) throw new SourceError('malformed', `${limits.host} compressed its answer too often`);
  const chunks: Buffer[] = [];
  const state = { cut: false };
  const collect = counter(limits, (chunk) => chunks.push(chunk), state);
  const steps: Transform[] = layers.reverse().flatMap((layer) => [decoder(layer, limits.host), counter(limits)]);
  try {
    await pipeline([body, ...steps, collect]);
  } catch (error) {
    if (!state.cut) throw isZlibError(error) ? brokenCompression(limits.host) : error;
  }
  return unzipFile(Buffer.concat(chunks), limits);
}

function decoder(layer: string, host: string): Transform {
  if (layer === 'gzip' || layer === 'x-gzip') return createGunzip(LENIENT);
  if (layer === 'br') return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
  if (layer === 'deflate') return createInflate(LENIENT);
  throw new SourceError('malformed', `${host} answered in a compression that was not asked for`);
}

/** Passes chunks on, or keeps them when `keep` is given, and fails once there are too many bytes. */
function counter(limits: BodyLimits, keep?: (chunk: Buffer) => void, state?: { cut: boolean }): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const room = limits.maxBytes - bytes;
      bytes += chunk.length;
      if (bytes > limits.maxBytes) {
        if (limits.cut && keep && state) {
          keep(chunk.subarray(0, room));
          state.cut = true;
        }
        return done(tooLarge(limits));
      }
      if (!keep) return done(null, chunk);
      keep(chunk);
      done();
    },
  });
}

/** A `.gz` file served as it is, or compressed twice although only once declared. */
function unzipFile(bytes: Buffer, limits: BodyLimits): Promise<Uint8Array> | Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return new Promise((resolve, reject) => {
    gunzip(bytes, { ...LENIENT, maxOutputLength: limits.maxBytes }, (error, unzipped) => {
      if (!error) return resolve(unzipped);
      const isTooLarge = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      reject(isTooLarge ? tooLarge(limits) : brokenCompression(limits.host));
    });
  });
}

function isZlibError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('Z_') || code.startsWith('ERR__ERROR_FORMAT') || code.startsWith('ERR_BROTLI');
}

function tooLarge({ host, maxBytes }: BodyLimits): SourceError {
  return new SourceError('too_large', `${host} sent more than ${Math.round(maxBytes / 1000)} kB`);
}

function brokenCompression(host: string): SourceError {
  return new SourceError('malformed', `${host} sent an answer whose compression is broken`);
}
