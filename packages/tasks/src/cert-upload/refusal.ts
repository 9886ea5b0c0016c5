import { TaskError } from '@maintenance-tasks/core';

/** What was given cannot be used; one problem a line. */
export function inputError(problems: string): TaskError {
  return new TaskError('input', {
    what: `cert-upload cannot use what it was given.\n${asList(problems.split('\n'))}\n`,
    remedy: 'Correct it and run it again.',
  });
}

/** A guard says no, with all of its reasons. */
export function refused(what: string, problems: readonly string[]): TaskError {
  return new TaskError('refused', {
    what: `${what}:\n${asList(problems)}\n`,
    remedy: 'Correct all of it and run the task again.',
  });
}

function asList(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line}`).join('\n');
}
