import { formatInZone } from '@maintenance-tasks/core';
import type { Texts } from '../notify/plan.ts';
import type { MaintenanceWindow } from './schema.ts';
import { timesOf } from './times.ts';

/** The words of the window file for a message about it. */
export function textsOf(window: MaintenanceWindow): Texts {
  const { starts, ends, zone } = timesOf(window);
  return {
    title: window.name,
    starts: formatInZone(starts, zone),
    ends: formatInZone(ends, zone),
    ...(window.disclaimer && { disclaimer: window.disclaimer }),
    ...(window.platform && { details: { Release: window.platform } }),
  };
}
