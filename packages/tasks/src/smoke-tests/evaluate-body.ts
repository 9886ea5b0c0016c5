import type { HttpFinding } from './evaluate-http.ts';
import { atPath } from './json-path.ts';
import type { HttpCheck } from './schema.ts';
import { counted, evaluatePattern, excerpt, shown } from './wording.ts';

type Expect = NonNullable<HttpCheck['expect']>;

/** Every way in which a body differs from what was expected. */
export function evaluateBody(expect: Expect | undefined, { body, truncated }: HttpFinding): string[] {
  const within = truncated ? ' within its first MiB' : '';
  const problems: string[] = [];
  for (const text of expect?.body?.contains ?? []) {
    if (!body.includes(text))
      problems.push(`expected the body to contain ${shown(text)}${within}, got ${excerpt(body)}`);
  }
  for (const text of expect?.body?.['not-contains'] ?? []) {
    const at = body.indexOf(text);
    if (at >= 0)
      problems.push(
        `expected the body not to contain ${shown(text)}, got ${shown(body.slice(Math.max(0, at - 30), at + text.length + 30))}`,
      );
  }
  if (expect?.body?.matches !== undefined)
    problems.push(...evaluatePattern(`the body${within}`, expect.body.matches, body, `got ${excerpt(body)}`));
  if (expect?.json) problems.push(...evaluateJson(expect.json, body, truncated));
  return problems;
}

function evaluateJson(expected: NonNullable<Expect['json']>, body: string, truncated: boolean): string[] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return [`expected JSON, got ${truncated ? 'more than 1 MiB' : excerpt(body)}`];
  }
  return expected.flatMap((rule) => evaluateValue(rule, atPath(document, rule.path)));
}

type JsonRule = NonNullable<Expect['json']>[number];

function evaluateValue(rule: JsonRule, { found, value }: { found: boolean; value?: unknown }): string[] {
  const place = rule.path === '' ? 'the document' : rule.path;
  if (!found) return rule.exists === false ? [] : [`expected ${place}, got no such value`];
  const got = `got ${brief(value)}`;
  const problems: string[] = [];
  if (rule.exists === false) problems.push(`expected no ${place}, ${got}`);
  if (rule.equals !== undefined && rule.equals !== value)
    problems.push(`expected ${place} to be ${JSON.stringify(rule.equals)}, ${got}`);
  if (rule.contains !== undefined && !holds(value, rule.contains))
    problems.push(`expected ${place} to contain ${JSON.stringify(rule.contains)}, ${got}`);
  if (rule.matches !== undefined) {
    if (typeof value === 'string') problems.push(...evaluatePattern(place, rule.matches, value, got));
    else problems.push(`expected ${place} to be a text that matches /${rule.matches}/, ${got}`);
  }
  const [least, most] = [rule['greater-than'], rule['less-than']];
  if (least !== undefined && !(typeof value === 'number' && value > least))
    problems.push(`expected ${place} to be a number greater than ${least}, ${got}`);
  if (most !== undefined && !(typeof value === 'number' && value < most))
    problems.push(`expected ${place} to be a number less than ${most}, ${got}`);
  return problems;
}

function holds(value: unknown, part: string | number): boolean {
  if (typeof value === 'string') return value.includes(String(part));
  return Array.isArray(value) && value.includes(part);
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${counted(value.length, 'entry').replace('entrys', 'entries')}`;
  if (typeof value === 'object' && value !== null)
    return `an object with ${Object.keys(value).slice(0, 8).join(', ') || 'nothing in it'}`;
  return typeof value === 'string' ? shown(value) : JSON.stringify(value);
}
