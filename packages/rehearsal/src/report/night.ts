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
  return html`<div class="night" role="img" aria-label="When each stage began">
    ${shown.map((hour) => html`<span class="hour" style="left:${at(hour)}">${clock(hour, record.zone)}</span>`)}
    ${ran.map((stage, index) => html`<span class="pin ${stage.result}" style="left:${at(starts[index] as number)}" title="${stage.title}, ${clock(starts[index] as number, record.zone)}">${index + 1}</span>`)}
  </div>`;
}

export function clock(moment: number | string, zone: string): string {
  return formatInZone(new Date(moment), zone).slice(11, 16);
}

/** `2026-11-21 18:05 CST` */
export function dateAndClock(moment: string, zone: string): string {
  return formatInZone(new Date(moment), zone);
}
