/**
 * Reads a line of NDJSON as text values by path, without rounding a number. Called by imports/records.ts and
 * imports/layout.ts. Try it: `valueAt(parseLine('{"data":{"id":12345678901234567890}}'), 'data.id')`.
 */

/** Objects within objects are named `a.b.c` down to here. */
const MAX_DEPTH = 4;
const MAX_COLUMNS = 500;

export type JsonObject = Record<string, unknown>;

/** The object of a line; undefined when it is none. Long and exponential numbers become strings, as they are written. */
export function parseLine(line: string): JsonObject | undefined {
  try {
    let value: unknown = JSON.parse(line);
    if (LOSSY.test(line)) value = JSON.parse(line.replace(TOKEN, unrounded));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Lines that may hold a number that JavaScript would round or write in another way. */
const LOSSY = /\d{16}|\d[eE]/;
// Strings are matched first and left alone, so that only numbers outside of them are seen. On valid JSON only: one that is
// never closed would be looked for from each of its quotes.
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function unrounded(token: string): string {
  return token.startsWith('"') || !/\d{16}|[eE]/.test(token) ? token : `"${token}"`;
}

/** Names of the values of an object that can be a column. */
export function columnsOf(object: JsonObject, prefix = '', depth = 1): string[] {
  const names = Object.entries(object).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    if (Array.isArray(value)) return [];
    if (typeof value !== 'object' || value === null) return [name];
    return depth < MAX_DEPTH ? columnsOf(value as JsonObject, `${name}.`, depth + 1) : [];
  });
  return names.slice(0, MAX_COLUMNS);
}

/** The text of a value; empty when it is missing or null, undefined when it is a list or an object. */
export function valueAt(object: JsonObject, path: string): string | undefined {
  if (Object.hasOwn(object, path)) return asText(object[path]);
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const inner = object[path.slice(0, dot)];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      return valueAt(inner as JsonObject, path.slice(dot + 1));
  }
  return '';
}

function asText(value: unknown): string | undefined {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? undefined : String(value);
}
