import { z } from 'zod';
import type { StandInAnswer } from '../stand-in.ts';

export const rule = z.strictObject({
  verbs: z.array(z.string()),
  resources: z.array(z.string()).describe('With the API group left out: `cronjobs`, `cronjobs/status`, `jobs`.'),
  namespaces: z.array(z.string()).default(['*']),
});

/** Whom a token of the cluster stands for, and what its roles allow. */
export interface Token {
  readonly token: string;
  readonly user: string;
  readonly rules: readonly z.infer<typeof rule>[];
}

export function allows(token: Token, verb: string, resource: string, namespace: string): boolean {
  const has = (list: readonly string[], value: string) => list.includes('*') || list.includes(value);
  return token.rules.some(
    ({ verbs, resources, namespaces }) => has(verbs, verb) && has(resources, resource) && has(namespaces, namespace),
  );
}

/** `a=b,c!=d,e,!f`; nothing for what it cannot parse. */
export function selector(text: string): ((labels: Readonly<Record<string, string>>) => boolean) | undefined {
  const requirements = text.split(',').filter((part) => part !== '');
  const parsed = requirements.map((part) => /^(!?)([\w./-]+)(?:(==|=|!=)([\w.-]*))?$/.exec(part.trim()));
  if (parsed.includes(null)) return undefined;
  return (labels) =>
    parsed.every((match) => {
      const [, not, key = '', operator, value] = match as RegExpExecArray;
      if (!operator) return key in labels === !not;
      return operator === '!=' ? labels[key] !== value : labels[key] === value;
    });
}

export function rfc3339(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

export function failure(code: number, reason: string, message: string): StandInAnswer {
  return {
    status: code,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
  };
}
