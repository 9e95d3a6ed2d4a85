/**
 * Starts parseThread.ts. Plain JavaScript, since on Node 20 a new thread does not yet know TypeScript: tsx is
 * registered here first. Called by parsePool.ts.
 */
import { register } from 'tsx/esm/api';

register();
await import('./parseThread.ts');
