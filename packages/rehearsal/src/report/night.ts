import { formatInZone } from '@maintenance-tasks/core';
import type { RehearsalRecord } from '../rehearsal-record.ts';
import type { HostRun } from '../run-record.ts';
import { html, type Markup } from './markup.ts';

const HOUR = 3_600_000;

/** The night as a strip: when each stage began, between the window's start and its end. */
export function nightStrip(run: HostRun, record: RehearsalRecord): Markup | undefined {
  const ran = run.stages.filter(({ jobs }) => jobs.length > 0);
  if (ran.length === 0) return undefined;
  const starts = ran.map(({ startedAt }) => Date.parse(startedAt));
  const from = Math.min(Date.parse(record.window?.starts ?? '') || Number.POSITIVE_INFINITY, ...starts);
  const to = Math.max(
    Date.parse(record.window?.ends ?? '') || 0,
    ...ran.map(({ endedAt }) => Date.parse(endedAt)),
    from + HOUR,
  );
  const at = (moment: number) => `${(((moment - from) / (to - from)) * 100).toFixed(2)}%`;
  const every = (to - from) / HOUR > 14 ? 4 : 2;
  const hours: number[] = [];
  for (let hour = Math.ceil(from / HOUR) * HOUR; hour <= to; hour += HOUR) hours.push(hour);
  const shown = hours.filter((_, index) => index % every === 0);
  // Two pins that would cover each other stand at two heights.
  const low = starts.map(() => false);
  for (let index = 1; index < starts.length; index++) {
    const apart = ((starts[index] as number) - (starts[index - 1] as number)) / (to - from);
    low[index] = apart < 0.035 && !low[index - 1];
  }
  const pins = ran.map((stage, index) => {
    const moment = starts[index] as number;
    return html`<span class="pin ${stage.result} ${low[index] ? 'low' : ''}" style="left:${at(moment)}" title="${stage.title}, ${clock(moment, record.zone)}">${index + 1}</span>`;
  });
  return html`<div class="night" role="img" aria-label="When each stage began"><div class="sky">
    ${shown.map((hour) => html`<span class="hour" style="left:${at(hour)}">${clock(hour, record.zone)}</span>`)}${pins}
  </div></div>`;
}

export function clock(moment: number | string, zone: string): string {
  return formatInZone(new Date(moment), zone).slice(11, 16);
}

/** `2026-11-21 18:05 CST` */
export function dateAndClock(moment: string, zone: string): string {
  return formatInZone(new Date(moment), zone);
}
