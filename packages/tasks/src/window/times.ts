import { formatDuration, formatInZone, parseLocalTime, toInstant } from '@maintenance-tasks/core';
import type { MaintenanceWindow } from './schema.ts';

export interface WindowTimes {
  readonly starts: Date;
  readonly ends: Date;
  readonly zone: string;
}

/** The window's instants; the schema has made sure that each local time means exactly one. */
export function timesOf({ window }: Pick<MaintenanceWindow, 'window'>): WindowTimes {
  const zone = window['time-zone'];
  return { starts: instantOf(window.starts, zone), ends: instantOf(window.ends, zone), zone };
}

/** `2026-11-21 20:00 CST to 2026-11-22 06:00 CST`. */
export function timesInWords({ starts, ends, zone }: WindowTimes): string {
  return `${formatInZone(starts, zone)} to ${formatInZone(ends, zone)}`;
}

/**
 * What the clock says against a stage: outside the window, or past a moment by which it had to begin.
 * One sentence a problem; none when it may begin now.
 */
export function clockProblems(
  window: MaintenanceWindow,
  stage: 'pre-maintenance' | 'starting-maintenance',
  now: Date,
): string[] {
  const { starts, ends, zone } = timesOf(window);
  const problems: string[] = [];
  const clock = `it is ${formatInZone(now, zone)}`;
  if (now < starts) {
    problems.push(
      `The window begins at ${formatInZone(starts, zone)}, in ${lengthOf(starts, now)}; ${clock}. Wait, or run it with check-only.`,
    );
  }
  if (now >= ends) {
    problems.push(
      `The window ended at ${formatInZone(ends, zone)}, ${lengthOf(now, ends)} ago; ${clock}. Agree on a new window and change the file.`,
    );
  }
  for (const start of window.window['hard-starts'].filter((each) => each.stage === stage)) {
    const before = instantOf(start.before, start['time-zone'] ?? zone);
    if (now >= before) {
      problems.push(
        `${stage} had to begin before ${formatInZone(before, start['time-zone'] ?? zone)} (${start.what}); that was ${lengthOf(now, before)} ago. The night is off for this: reschedule it.`,
      );
    }
  }
  return problems;
}

/** Minutes left to each moment that is still to come, for the plan: `79 min to: jobs rescheduled (before …)`. */
export function timeLeft(window: MaintenanceWindow, now: Date): string[] {
  const { ends, zone } = timesOf(window);
  const left = window.window['hard-starts'].flatMap((start) => {
    const before = instantOf(start.before, start['time-zone'] ?? zone);
    return now < before ? [`${minutes(before, now)} min until ${start.stage} must have begun (${start.what})`] : [];
  });
  if (now < ends) left.push(`${minutes(ends, now)} min until the window ends at ${formatInZone(ends, zone)}`);
  return left;
}

function instantOf(text: string, zone: string): Date {
  const local = parseLocalTime(text);
  const instant = local && toInstant(local, zone);
  if (instant?.kind !== 'exact') throw new Error(`not one instant: ${text} ${zone}`);
  return instant.at;
}

function minutes(later: Date, earlier: Date): number {
  return Math.round((later.getTime() - earlier.getTime()) / 60_000);
}

/** With the exact minutes: on a call, "3 h" is not enough to decide on. */
function lengthOf(later: Date, earlier: Date): string {
  const count = minutes(later, earlier);
  return count >= 120 ? `${formatDuration(later.getTime() - earlier.getTime())} (${count} min)` : `${count} min`;
}
