import { TaskError, type YamlFile } from '@maintenance-tasks/core';
import type { MaintenanceWindow } from './schema.ts';

/**
 * What a task works on: given to it directly, or by its part of the window file.
 *
 * @throws TaskError `input` unless exactly one of the two says something
 */
export function partOf<Name extends 'jobs' | 'traffic'>(
  name: Name,
  given: MaintenanceWindow[Name] | undefined,
  file: YamlFile<MaintenanceWindow> | undefined,
  input: string = name,
): MaintenanceWindow[Name] {
  if (given !== undefined && file === undefined) return given;
  if (given === undefined && file !== undefined && file.content[name].length > 0) return file.content[name];
  const what =
    given !== undefined
      ? `Both ${input} and window-file are given.`
      : file !== undefined
        ? `The window file has no ${name}.`
        : `Neither ${input} nor window-file is given.`;
  throw new TaskError('input', {
    what,
    state: 'Nothing was changed.',
    remedy: `Give either ${input}, or a window file with ${name}.`,
  });
}
