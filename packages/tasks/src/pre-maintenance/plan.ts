import { formatInZone } from '@maintenance-tasks/core';
import { kindOf } from '../monitoring-suppression/systems.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { timesInWords, timesOf } from '../window/times.ts';

type System = MaintenanceWindow['suppress'][number];

/** What will happen that night, step by step, as the people who approve it read it. */
export function planRows(window: MaintenanceWindow): [step: string, what: string][] {
  const times = timesOf(window);
  const { page, suppress, channels, changes, certificates, acceptance } = window;
  const kinds = [...new Set(channels.map(({ kind }) => kind))].join(', ');
  return [
    ['Window', `${window.name}${window.platform ? ` (${window.platform})` : ''}, ${timesInWords(times)}`],
    ...(channels.length > 0
      ? [['Tell', `${channels.length} channels (${kinds}) at the start and at the end`] as [string, string]]
      : []),
    ...suppress.map((system): [string, string] => [
      'Silence',
      `${suppressed(system)}, until ${formatInZone(times.ends, times.zone)} at the latest`,
    ]),
    ...(page ? [['Maintenance page', `${page.hosts.join(', ')} show ${page.target}`] as [string, string]] : []),
    ...changes.map(({ ticket, what, repository, tag }): [string, string] => [
      `Change ${ticket}`,
      [what, repository, tag].filter((part) => part !== undefined).join(', '),
    ]),
    ...certificates.map(({ vault, certificates: names }): [string, string] => [
      'Certificates',
      `${names.join(', ')} in ${vault}`,
    ]),
    ...(window['smoke-tests'] ? [['Smoke tests', window['smoke-tests']] as [string, string]] : []),
    [
      'Finish',
      `${page ? 'records given back and cache purged, ' : ''}alerting on again, channels told, nothing of the session left`,
    ],
    ...acceptance.map((text): [string, string] => ['Acceptance', text]),
  ];
}

function suppressed(system: System): string {
  const kind = kindOf(system);
  return [`${kind.accountName(system)}: ${kind.coverage(system)}`, kind.notice?.(system)]
    .filter((part) => part)
    .join(', ');
}
