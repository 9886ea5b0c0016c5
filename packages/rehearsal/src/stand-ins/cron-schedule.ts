/** Whether a schedule of five fields (`*`, lists, ranges, steps) has a run in that minute of UTC. */
export function isDue(schedule: string, minute: Date): boolean {
  const [minutes = '*', hours = '*', days = '*', months = '*', weekdays = '*'] = schedule.trim().split(/\s+/);
  const isInDay = matches(days, minute.getUTCDate(), 1);
  const isInWeek = matches(weekdays.replace(/7/g, '0'), minute.getUTCDay(), 0);
  // Of two restricted day fields one is enough.
  const isDay = days !== '*' && weekdays !== '*' ? isInDay || isInWeek : isInDay && isInWeek;
  return (
    matches(minutes, minute.getUTCMinutes(), 0) &&
    matches(hours, minute.getUTCHours(), 0) &&
    matches(months, minute.getUTCMonth() + 1, 1) &&
    isDay
  );
}

/** The latest run after one time, up to and including another; both in milliseconds. */
export function latestDue(schedule: string, after: number, until: number): number | undefined {
  for (let at = Math.floor(until / 60_000) * 60_000; at > after; at -= 60_000)
    if (isDue(schedule, new Date(at))) return at;
  return undefined;
}

function matches(field: string, value: number, first: number): boolean {
  return field.split(',').some((part) => {
    const [range = '*', step] = part.split('/');
    const [from = first, to = range === '*' || step ? Number.POSITIVE_INFINITY : from] =
      range === '*' ? [] : range.split('-').map(Number);
    return value >= from && value <= to && (value - from) % Number(step ?? 1) === 0;
  });
}
