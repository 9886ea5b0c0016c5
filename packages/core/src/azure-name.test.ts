import { expect, test } from 'vitest';
import { azureInputName } from './azure-name.ts';

test.each([
  ['session', 'session'],
  ['cloudflare-token', 'cloudflareToken'],
  ['dry-run', 'dryRun'],
  ['sha-256-of-file', 'sha256OfFile'],
])('%s is %s on Azure', (name, expected) => {
  expect(azureInputName(name)).toBe(expected);
});
