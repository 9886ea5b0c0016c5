import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { AnyContext, EvidenceRecord, ReportedChange } from '@maintenance-tasks/core';
import type { CollectedEvidence } from '../session-evidence.ts';
import type { MaintenanceWindow } from '../window/schema.ts';
import { evidenceMarkdown } from './evidence-markdown.ts';
import { evidencePage } from './evidence-page.ts';
import type { Outcome, SmokeTests } from './plan.ts';

/** The whole night, as it is kept. */
export interface NightReport {
  readonly format: 1;
  readonly session: string;
  readonly writtenAt: string;
  readonly outcome: Outcome;
  readonly smokeTests: SmokeTests;
  readonly window: MaintenanceWindow;
  readonly leftovers: readonly string[];
  readonly failures: readonly string[];
  /** Every task that ran for the session, in order of time; the finish itself is `finish`. */
  readonly records: readonly EvidenceRecord[];
  readonly finish: { readonly changes: readonly ReportedChange[]; readonly notes: readonly string[] };
  /** Evidence files that could not be read; named, because a gap in the record is a finding too. */
  readonly unreadable: readonly string[];
}

/** Writes the night as JSON, Markdown and one HTML page beside the records; returns the page's path. */
export async function writeReport(
  context: AnyContext,
  given: {
    readonly window: MaintenanceWindow;
    readonly session: string;
    readonly outcome: Outcome;
    readonly smokeTests: SmokeTests;
    readonly leftovers: readonly string[];
    readonly failures: readonly string[];
    readonly records: CollectedEvidence;
    readonly evidence: string;
  },
): Promise<string> {
  const night: NightReport = {
    format: 1,
    session: given.session,
    writtenAt: context.clock.now().toISOString(),
    outcome: given.outcome,
    smokeTests: given.smokeTests,
    window: given.window,
    leftovers: given.leftovers,
    failures: given.failures,
    records: given.records.records,
    finish: { changes: context.report.changes, notes: context.report.notes },
    unreadable: given.records.unreadable,
  };
  // A secret is cleaned out of the data, not out of the finished page, where escaping could hide it.
  const cleaned = JSON.parse(context.clean(JSON.stringify(night))) as NightReport;
  const folder = resolve(context.workingFolder, given.evidence);
  await mkdir(folder, { recursive: true });
  const path = join(folder, `maintenance-report-${given.session}`);
  await writeFile(`${path}.json`, `${JSON.stringify({ report: cleaned }, null, 2)}\n`);
  await writeFile(`${path}.md`, evidenceMarkdown(cleaned));
  await writeFile(`${path}.html`, evidencePage(cleaned));
  return `${path}.html`;
}
