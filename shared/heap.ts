/**
 * How V8 treats results that live for a moment. Called first by every process that analyses: workers/main.ts,
 * infra/analyse/main.ts and the bench. Try it: npm run bench -- --only nlp, with and without.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps new objects in V8's young space. By itself V8 learns from a first batch of analyses, all alive until the batch is
 * written, that such objects live long, and puts all later ones straight into the old space, where each has to be marked
 * and swept: a third of an analyser's time. Node's default is chosen for programs that keep what they make.
 */
export function expectShortLives(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
