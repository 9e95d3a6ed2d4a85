#!/usr/bin/env node
// `npx sada …`: the CLI is TypeScript, run through tsx without a build step.
import { register } from 'tsx/esm/api';

register();
await import('./cli.ts');
