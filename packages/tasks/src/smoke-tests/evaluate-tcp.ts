import type { TcpCheck } from './schema.ts';
import { evaluatePattern, shown } from './wording.ts';

/** What is wrong with how a server greets. */
export function evaluateTcp({ expect }: TcpCheck, banner: string): string[] {
  if (expect?.banner === undefined) return [];
  return evaluatePattern('a greeting', expect.banner, banner, banner === '' ? 'got none' : `got ${shown(banner)}`);
}
