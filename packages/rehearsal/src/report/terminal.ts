import { formatInZone } from '@maintenance-tasks/core';
import { callsOf } from '../parity.ts';
import { findings, hostTitle, type RehearsalRecord } from '../rehearsal-record.ts';
import type { HostRun, Result, StepRun } from '../run-record.ts';
import type { Watcher } from '../watcher.ts';

export interface Paper {
  write(text: string): void;
  readonly terminal: boolean;
  readonly colours: boolean;
}

const COLOURS = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

type Colour = keyof typeof COLOURS;

function painter(paper: Paper): (colour: Colour, text: string) => string {
  return (colour, text) => (paper.colours ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text);
}

const MARKS: Readonly<Record<Result, [Colour, string]>> = {
  succeeded: ['green', '✓'],
  failed: ['red', '✗'],
  skipped: ['dim', '–'],
  cancelled: ['yellow', '!'],
};

/** Tells a person how the night goes while it goes: a line for each step, and in a terminal what runs now. */
export function progress(paper: Paper, verbose: boolean): Watcher {
  const paint = painter(paper);
  let ticking: NodeJS.Timeout | undefined;
  const clearLine = () => {
    if (ticking) clearInterval(ticking);
    ticking = undefined;
    if (paper.terminal) paper.write('\r\u001b[2K');
  };
  const say = (text: string) => paper.write(`${text}\n`);
  return {
    pipelineStarted: (pipeline) => say(`\n${paint('bold', hostTitle(pipeline.host))}  ${paint('dim', pipeline.file)}`),
    stageStarted: (stage, now, zone) =>
      say(`\n  ${paint('bold', stage.title)}  ${paint('dim', formatInZone(now, zone))}`),
    approved: ({ gate, by, how, approved }) =>
      say(
        `    ${approved ? paint('green', '✓') : paint('red', '✗')} ${gate}: ${approved ? 'approved' : 'refused'} by ${by}${how === 'automatic' ? paint('yellow', ' (automatically: nobody was asked)') : ''}`,
      ),
    stepStarted: (_step, title) => {
      if (!paper.terminal) return;
      const started = performance.now();
      const show = () =>
        paper.write(
          `\r\u001b[2K    ${paint('dim', `… ${title}  ${Math.round((performance.now() - started) / 1_000)} s`)}`,
        );
      show();
      ticking = setInterval(show, 1_000);
    },
    line: (text) => {
      if (!verbose) return;
      clearLine();
      say(`        ${paint('dim', text)}`);
    },
    stepEnded: (step) => {
      clearLine();
      say(stepLine(step, paint));
      for (const { kind, text } of step.annotations)
        if (kind !== 'notice') say(indented(`${kind}: ${text}`, kind === 'error' ? 'red' : 'yellow', paint));
      const silent = step.result === 'failed' && !step.annotations.some(({ kind }) => kind === 'error');
      if (silent) for (const line of step.log.slice(-16)) say(indented(line, 'dim', paint));
    },
    stageEnded: (stage) => {
      if (stage.note) say(`\n  ${paint('dim', `${stage.title}  skipped: ${stage.note}`)}`);
    },
  };
}

function stepLine(step: StepRun, paint: (colour: Colour, text: string) => string): string {
  const passedOver =
    step.result === 'succeeded' && (step.kind === 'foreign' || (step.kind === 'script' && step.exitCode === undefined));
  const [colour, mark] = passedOver ? (['dim', '○'] as const) : MARKS[step.result];
  const note =
    step.note && step.result !== 'skipped'
      ? `  ${step.note}`
      : step.result === 'skipped'
        ? `  skipped: ${step.note}`
        : '';
  const seconds = step.milliseconds >= 100 ? `  ${(step.milliseconds / 1_000).toFixed(1)} s` : '';
  return `    ${paint(colour, mark)} ${step.title}${paint('dim', `${seconds}${note}`)}`;
}

function indented(text: string, colour: Colour, paint: (colour: Colour, text: string) => string): string {
  return text
    .split('\n')
    .map((line) => `        ${paint(colour, line)}`)
    .join('\n');
}

/** What came of it, at the end. */
export function summary(paper: Paper, record: RehearsalRecord, reportFile: string): void {
  const paint = painter(paper);
  const say = (text: string) => paper.write(`${text}\n`);
  say('');
  for (const run of record.runs) say(hostLine(run));
  if (record.parity.length > 0) {
    const same = record.parity.filter((each) => each.same).length;
    say(`Parity: ${same} of ${record.parity.length} task steps do the same outside on both hosts.`);
  }
  if (record.assumptions.length > 0) {
    say(paint('dim', '\nNot described, so taken as usual:'));
    for (const note of record.assumptions) say(paint('dim', `  ${note.replace(/^Assumed: /, '')}`));
  }
  for (const asked of record.asked) say(paint('yellow', `\nThis was a rehearsal of a failure: ${asked}`));
  const found = findings(record);
  say('');
  if (found.length === 0)
    say(
      paint(
        'green',
        `Rehearsed in ${(record.milliseconds / 1_000).toFixed(1)} s: ${record.asked.length > 0 ? 'nothing else failed' : 'nothing failed'}, nothing was left behind, no secret came out.`,
      ),
    );
  else {
    say(paint('red', `The rehearsal found ${found.length === 1 ? 'a problem' : `${found.length} problems`}:`));
    for (const each of found) say(`  ${paint('red', '✗')} ${each}`);
  }
  say(`Report: ${reportFile}`);
}

function hostLine(run: HostRun): string {
  const steps = run.stages.flatMap((stage) => stage.jobs.flatMap((job) => job.steps));
  const tasks = steps.filter((step) => step.kind === 'task');
  const left = run.stages.at(-1)?.after.leftovers.length ?? 0;
  const calls = tasks.reduce((sum, step) => sum + callsOf(run, step).length, 0);
  return `${hostTitle(run.host)}: ${tasks.filter(({ result }) => result === 'succeeded').length} of ${tasks.length} task steps succeeded, ${calls} calls outside, ${left === 0 ? 'no leftovers' : `${left} left behind`}, Node ${run.node}, ${(run.milliseconds / 1_000).toFixed(1)} s.`;
}
