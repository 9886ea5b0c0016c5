import { callsOf } from '../parity.ts';
import type { Call } from '../proxy.ts';
import type { RehearsalRecord } from '../rehearsal-record.ts';
import type { HostRun, JobRun, StageRun, StepRun } from '../run-record.ts';
import { renderMarkdown } from './markdown.ts';
import { html, type Markup } from './markup.ts';
import { clock, dateAndClock } from './night.ts';

const WORDS = { succeeded: 'succeeded', failed: 'failed', skipped: 'skipped', cancelled: 'cancelled' } as const;
const SIGNS = { succeeded: '✓', failed: '✗', skipped: '–', cancelled: '!' } as const;

/** The stages one below the other, each step with all it did outside. */
export function stagesOf(run: HostRun, record: RehearsalRecord): Markup {
  let number = 0;
  return html`<ol class="stages">${run.stages.map((stage) => {
    if (stage.jobs.length > 0) number += 1;
    return stageOf(stage, stage.jobs.length > 0 ? number : undefined, run, record);
  })}</ol>`;
}

function stageOf(stage: StageRun, number: number | undefined, run: HostRun, record: RehearsalRecord): Markup {
  const marks = stage.after.leftovers.length;
  return html`<li class="stage ${stage.result}">
    <div class="rail"><span class="dot">${number ?? '–'}</span></div>
    <div class="body">
      <h4>${stage.title} <span class="badge ${stage.result}">${WORDS[stage.result]}</span></h4>
      <p class="hint">${stage.jobs.length > 0 ? html`<time>${dateAndClock(stage.startedAt, record.zone)}</time>${marks > 0 && ` · ${marks} ${marks === 1 ? 'thing stands' : 'things stand'} changed at its end`}` : html`Did not run: ${stage.note}`}</p>
      ${stage.jobs.map((job) => jobOf(job, stage, run, record))}
    </div></li>`;
}

function jobOf(job: JobRun, stage: StageRun, run: HostRun, record: RehearsalRecord): Markup {
  const { approval } = job;
  return html`${stage.jobs.length > 1 && html`<h5>${job.title}</h5>`}
    ${approval && html`<p class="approval ${approval.approved ? '' : 'failed'}">${approval.approved ? 'Approved' : 'Refused'} by ${approval.by} <span class="hint">(${approval.gate}${approval.how === 'automatic' ? ', automatically: nobody was asked' : ''})</span></p>`}
    ${job.steps.map((step) => stepOf(step, callsOf(run, step), record))}`;
}

function stepOf(step: StepRun, calls: readonly Call[], record: RehearsalRecord): Markup {
  const passedOver =
    step.result === 'succeeded' && (step.kind === 'foreign' || (step.kind === 'script' && step.exitCode === undefined));
  const head = html`<span class="sign ${passedOver ? 'skipped' : step.result}" aria-label="${passedOver ? 'passed over' : WORDS[step.result]}">${passedOver ? '○' : SIGNS[step.result]}</span>
    <span class="title">${step.title}${step.task !== undefined && html` <code>${step.task}</code>`}</span>
    <span class="facts">${[calls.length > 0 && `${calls.length} calls`, step.exitCode !== undefined && `${(step.milliseconds / 1_000).toFixed(2)} s`].filter(Boolean).join(' · ')}</span>`;
  const problems = step.annotations
    .filter(({ kind }) => kind !== 'notice')
    .map(({ kind, text }) => html`<p class="annotation ${kind}">${text}</p>`);
  const note = step.note !== undefined && html`<p class="note">${step.note}</p>`;
  if (step.task === undefined && step.log.length === 0)
    return html`<div class="step small">${head}</div>${note}${problems}`;
  return html`<details class="step"><summary>${head}</summary><div class="inside">
    <p class="hint">${step.place.file}:${step.place.line} · ${step.uses}${step.exitCode !== undefined && ` · exit code ${step.exitCode}`}</p>
    ${step.summary !== '' && html`<section><h5>Summary</h5><div class="summary">${renderMarkdown(step.summary)}</div></section>`}
    ${calls.length > 0 && html`<section><h5>Outside</h5>${callTable(calls, record.zone)}</section>`}
    ${Object.keys(step.outputs).length > 0 && html`<section><h5>Outputs</h5><dl>${Object.entries(step.outputs).map(([name, value]) => html`<dt>${name}</dt><dd class="pre">${value || '(empty)'}</dd>`)}</dl></section>`}
    ${step.log.length > 0 && html`<section><h5>Log</h5><pre>${step.log.join('\n')}</pre></section>`}
  </div></details>${note}${problems}`;
}

function callTable(calls: readonly Call[], zone: string): Markup {
  return html`<div class="scroll"><table class="calls"><thead><tr><th>Time</th><th>System</th><th>Call</th><th>Answer</th></tr></thead><tbody>${calls.map(
    (call) =>
      html`<tr class="${call.status === undefined ? '' : call.status >= 400 ? 'refused' : ''}"><td>${clock(call.at, zone)}:${call.at.slice(17, 19)}</td><td>${call.system ?? 'nobody'}</td><td><b class="${/^(GET|HEAD|TLS|TCP)$/.test(call.method) ? 'read' : 'write'}">${call.method}</b> <span class="address">${call.host}${call.path}</span></td><td>${call.status ?? ''}${call.fault !== undefined && ` ${call.fault}`}</td></tr>`,
  )}</tbody></table></div>`;
}
