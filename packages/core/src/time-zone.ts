/** A wall-clock reading, as a person writes it in a window file. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/**
 * What a local time means. In spring an hour does not exist, in autumn one exists twice; a maintenance window
 * that starts in either must be written otherwise, since two people would read it differently.
 */
export type Instant =
  | { readonly kind: 'exact'; readonly at: Date }
  | { readonly kind: 'skipped'; readonly before: Date; readonly after: Date }
  | { readonly kind: 'twice'; readonly first: Date; readonly second: Date };

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError when the zone is not in the IANA database */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'short',
    });
    formats.set(zone, format);
  }
  return format;
}

/** Whether the name is an IANA time zone (`America/Chicago`, `UTC`). Offsets such as `+01:00` are not: they ignore DST. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(zone)) return false;
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** `2026-11-21 21:30` or `2026-11-21T21:30`; nothing for other texts and for dates that do not exist. */
export function parseLocalTime(text: string): LocalTime | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})$/.exec(text.trim());
  if (!match) return undefined;
  const [year, month, day, hour, minute] = match.slice(1).map(Number) as [number, number, number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute));
  const real =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    hour < 24 &&
    minute < 60;
  return real ? { year, month, day, hour, minute } : undefined;
}

/** The instant a wall clock in the zone shows that time. */
export function toInstant(local: LocalTime, zone: string): Instant {
  const asUtc = Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute);
  // The offset a day before and a day after are the only candidates: no zone changes twice within two days.
  const early = offsetAt(asUtc - 86_400_000, zone);
  const late = offsetAt(asUtc + 86_400_000, zone);
  const candidates = [...new Set([asUtc - early, asUtc - late])].sort((a, b) => a - b);
  const matching = candidates.filter((instant) => instant + offsetAt(instant, zone) === asUtc);
  const [first, second] = matching;
  if (first !== undefined && second !== undefined) {
    return { kind: 'twice', first: new Date(first), second: new Date(second) };
  }
  if (first !== undefined) return { kind: 'exact', at: new Date(first) };
  return { kind: 'skipped', before: new Date(candidates[0] as number), after: new Date(candidates.at(-1) as number) };
}

/** `2026-11-21 21:30 CST`: the wall clock of the zone and the name of its offset. */
export function formatInZone(date: Date, zone: string): string {
  const part = partsAt(date.getTime(), zone);
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${part('timeZoneName')}`;
}

/** Milliseconds that the zone's wall clock is ahead of UTC at that instant. */
function offsetAt(instant: number, zone: string): number {
  const part = partsAt(instant, zone);
  const shown = Date.UTC(
    Number(part('year')),
    Number(part('month')) - 1,
    Number(part('day')),
    Number(part('hour')),
    Number(part('minute')),
    Number(part('second')),
  );
  return shown - Math.floor(instant / 1_000) * 1_000;
}

function partsAt(instant: number, zone: string): (type: Intl.DateTimeFormatPartTypes) => string {
  const parts = formatOf(zone).formatToParts(instant);
  return (type) => parts.find((part) => part.type === type)?.value ?? '';
}
