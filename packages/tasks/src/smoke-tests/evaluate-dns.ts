import type { DnsCheck } from './schema.ts';
import { shown } from './wording.ts';

/** Each name server's answers; a code such as ENOTFOUND where it gave none. */
export type DnsFinding = readonly {
  readonly server: string;
  readonly answers: readonly string[];
  readonly code?: string;
}[];

/** Every name server that answers otherwise than expected. */
export function evaluateDns({ expect, type, record }: DnsCheck, finding: DnsFinding): string[] {
  const normal = (answer: string) => (type === 'TXT' ? answer : answer.toLowerCase().replace(/\.$/, ''));
  const wanted = (
    expect && 'answers' in expect ? expect.answers : expect && 'contains' in expect ? expect.contains : []
  )
    .map(normal)
    .sort();
  return finding.flatMap(({ server, answers, code }) => {
    const got = answers.map(normal).sort();
    const from = `${server === '' ? '' : ` from ${server}`}`;
    const given = got.length > 0 ? got.map((answer) => shown(answer)).join(', ') : (code ?? 'no answer');
    if (expect && 'absent' in expect) {
      if (got.length === 0 && isAbsence(code)) return [];
      return [`expected no ${type} of ${record}${from}, got ${given}`];
    }
    const met =
      expect === undefined
        ? got.length > 0
        : 'answers' in expect
          ? wanted.length === got.length && wanted.every((answer, index) => answer === got[index])
          : wanted.every((answer) => got.includes(answer));
    const what =
      wanted.length > 0
        ? `${'contains' in (expect ?? {}) ? 'at least ' : ''}${wanted.map(shown).join(', ')}`
        : 'an answer';
    return met && got.length > 0 ? [] : [`expected ${what}${from}, got ${given}`];
  });
}

/**
 * What name servers say of a record they do not have: an alias to nowhere comes without a code, and a name that is not
 * theirs is refused.
 */
function isAbsence(code: string | undefined): boolean {
  return code === undefined || code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EREFUSED';
}
