import { matchesInTime } from './pattern.ts';

/** The problem of a text that does not match, if it is one. */
export function evaluatePattern(what: string, pattern: string, text: string, got: string): string[] {
  const matched = matchesInTime(pattern, text);
  if (matched === true) return [];
  if (matched === 'too slow')
    return [`expected ${what} to match /${pattern}/, got no result in time: simplify the pattern`];
  return [`expected ${what} to match /${pattern}/, ${got}`];
}

/** A text from elsewhere as a short quote on one line. */
export function shown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return JSON.stringify(line.length > 120 ? `${line.slice(0, 119)}…` : line);
}

/** How a body begins, for a message. */
export function excerpt(body: string): string {
  return body === '' ? 'an empty body' : `a body that begins ${shown(body.slice(0, 400))}`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
