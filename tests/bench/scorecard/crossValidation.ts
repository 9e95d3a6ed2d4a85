/** Reads docs/cross-validation.json, which `npm run train` writes. Called by run.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** JSON has no NaN: what could not be computed is null. */
const Figure = z.number().nullable();
const CrossValidation = z.record(
  z.string(),
  z.record(
    z.string(),
    z.object({
      posts: z.number(),
      macroF1: Figure,
      accuracy: Figure,
      ece: Figure,
      sureRight: Figure,
      surePosts: Figure,
    }),
  ),
);
/** Figures by group (or `language`) and source. */
export type CrossValidation = z.infer<typeof CrossValidation>;

/** undefined when there is no such file. @throws when it has another shape. */
export function readCrossValidation(file: URL): CrossValidation | undefined {
  return existsSync(file) ? CrossValidation.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
