import { formatDuration } from '@maintenance-tasks/core';
import { callsOf } from '../parity.ts';
import { findings, hostTitle, type RehearsalRecord } from '../rehearsal-record.ts';
import { type HostRun, stepsOf } from '../run-record.ts';
import { html, Markup } from './markup.ts';
import { dateAndClock, nightStrip } from './night.ts';
import { stagesOf } from './stages.ts';
import { STYLE } from './style.ts';
import { systemsOf } from './systems.ts';

/** One page that needs nothing else: it can be mailed, kept with the change ticket, and read on a phone. */
export function htmlReport(record: RehearsalRecord): string {
  const found = findings(record);
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Rehearsal: ${record.name}</title><style>${new Markup(STYLE)}</style></head>
<body><header><div class="wide">
  <p class="kicker">Rehearsal</p>
  <h1>${record.name}</h1>
  <p class="lead">${windowLine(record)}</p>
  ${verdict(record, found)}
</div></header>
<main class="wide">
  ${record.runs.map((run, index) => html`<input type="radio" name="host" id="host-${run.host}" class="pick" ${index === 0 ? new Markup('checked') : ''}>`)}
  <nav class="hosts" aria-label="Host">${record.runs.map((run) => card(run))}</nav>
  ${record.runs.map(
    (run) => html`<div class="host host-${run.host}">
    ${section('The night', nightStrip(run, record))}
    ${section('Stages', stagesOf(run, record))}
    ${section('Systems', systemsOf(run))}
  </div>`,
  )}
  ${record.parity.length > 0 && section('Both hosts', parity(record))}
  ${record.assumptions.length > 0 && section('Taken as usual', html`<p class="hint">No file described these, so their usual state was assumed. A rehearsal.yaml beside the pipelines says it otherwise.</p><ul class="plain">${record.assumptions.map((note) => html`<li>${note.replace(/^Assumed: /, '')}</li>`)}</ul>`)}
</main>
<footer class="wide">Real bundles, made-up outside world: no call of this rehearsal left the machine. ${record.target}, ${(record.milliseconds / 1_000).toFixed(1)} s.</footer>
</body></html>
`;
  return page.text;
}

function windowLine(record: RehearsalRecord): string {
  const first = record.runs[0]?.stages[0]?.startedAt;
  if (record.window) {
    const { starts, ends } = record.window;
    return `${dateAndClock(starts, record.zone)} to ${dateAndClock(ends, record.zone)} (${formatDuration(Date.parse(ends) - Date.parse(starts))})`;
  }
  return first ? `Begins ${dateAndClock(first, record.zone)}` : '';
}

function verdict(record: RehearsalRecord, found: readonly string[]): Markup {
  const asked = record.asked.map((each) => html`<p class="asked">A failure was asked for: <code>${each}</code></p>`);
  if (found.length === 0)
    return html`${asked}<p class="verdict good"><b>Passed.</b> Nothing ${record.asked.length > 0 && 'else '}failed, nothing was left behind, no secret came out${record.parity.length > 0 ? ', and both hosts did the same' : ''}.</p>`;
  return html`${asked}<div class="verdict bad"><b>${found.length === 1 ? 'One problem' : `${found.length} problems`} found</b><ul>${found.map((each) => html`<li>${each}</li>`)}</ul></div>`;
}

function card(run: HostRun): Markup {
  const tasks = stepsOf(run).filter((step) => step.kind === 'task');
  const good = tasks.filter((step) => step.result === 'succeeded').length;
  const left = run.stages.at(-1)?.after.leftovers.length ?? 0;
  const calls = tasks.reduce((sum, step) => sum + callsOf(run, step).length, 0);
  return html`<label for="host-${run.host}" class="card card-${run.host}">
    <span class="name">${hostTitle(run.host)} <span class="badge ${run.result}">${run.result}</span></span>
    <span class="numbers"><span><b>${good}/${tasks.length}</b> task steps</span><span><b>${calls}</b> calls outside</span><span class="${left > 0 ? 'bad' : ''}"><b>${left}</b> left behind</span></span>
    <span class="hint">${run.file} · Node ${run.node} · ${(run.milliseconds / 1_000).toFixed(1)} s</span></label>`;
}

function parity(record: RehearsalRecord): Markup {
  const same = record.parity.filter((each) => each.same).length;
  return html`<p class="hint">${same} of ${record.parity.length} task steps made the same calls outside on both hosts: the same reads, and writes to each system in the same order.</p>
    <ul class="parity">${record.parity.map((step) => html`<li><span class="sign ${step.same ? 'succeeded' : 'failed'}">${step.same ? '=' : '≠'}</span> <span>${step.title} <code>${step.task}</code>${step.differences.map((line) => html`<br><span class="hint">${line}</span>`)}</span></li>`)}</ul>`;
}

function section(title: string, content: Markup | undefined): Markup {
  return content ? html`<section class="part"><h2>${title}</h2>${content}</section>` : html``;
}
