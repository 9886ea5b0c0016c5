// No vowels and no look-alikes: ids are read aloud on calls and must not spell words.
const ALPHABET = 'bcdfghjkmnpqrstvwxz23456789';

/** What any session id may look like; short, because on some systems the whole undo note has 100 characters. */
export const SESSION_PATTERN = /^[a-z0-9][a-z0-9-]{2,31}$/;

/**
 * A new session id, `mw-202611220230-k7qx`: the window's end in UTC to the minute, and four random characters.
 * The end is part of the id so that every note a session leaves anywhere tells by itself when it is overdue.
 */
export function newSessionId(windowEnd: Date): string {
  const minute = windowEnd.toISOString().slice(0, 16).replace(/[-T:]/g, '');
  // The global one is loaded when it is used; importing node:crypto costs every start 2 to 4 ms.
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  const random = Array.from(numbers, (number) => ALPHABET[number % ALPHABET.length]).join('');
  return `mw-${minute}-${random}`;
}

/** When the session's window ends, read from the id; nothing for ids that were not made by `newSessionId`. */
export function sessionEnd(session: string): Date | undefined {
  const match = /^mw-(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})-[a-z0-9]{4}$/.exec(session);
  if (!match) return undefined;
  const [, year, month, day, hour, minute] = match;
  const end = new Date(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
  // A day that the month does not have would roll over into the next.
  const isReal = !Number.isNaN(end.getTime()) && end.toISOString().startsWith(`${year}-${month}-${day}T${hour}:`);
  return isReal ? end : undefined;
}
