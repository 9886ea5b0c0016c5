import type { announce } from '../notify/announce.ts';
import type { MaintenanceWindow } from './schema.ts';
import { timesOf } from './times.ts';

type Texts = Parameters<typeof announce>[1]['texts'];

/** The words of the window file for a message about it. */
export async function textsOf(window: MaintenanceWindow): Promise<Texts> {
  const { formatInZone } = await import('@maintenance-tasks/core');
  const { starts, ends, zone } = timesOf(window);
  return {
    title: window.name,
    starts: formatInZone(starts, zone),
    ends: formatInZone(ends, zone),
    ...(window.disclaimer && { disclaimer: window.disclaimer }),
    ...(window.platform && { details: { Release: window.platform } }),
  } as Texts;
}
