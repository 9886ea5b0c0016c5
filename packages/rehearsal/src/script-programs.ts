import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** By these names run-script looks for what runs a script. */
const PROGRAMS = ['pwsh', 'bash', 'node'];

// The shell itself is named by its path: by its name the program would find itself.
const PLAYED = `#!/bin/sh
case "$*" in *--version*) echo "0.0 (rehearsed)"; exit 0 ;; esac
printf 'Rehearsed, not run: %s' "\${0##*/}"
for each; do printf ' %s' "$each"; done
echo
`;

/**
 * A search path on which the programs that run scripts only say what they would run: a rehearsal must not clean up or
 * patch the machine it happens on, and needs no PowerShell there.
 */
export function pathThatRunsNoScripts(folder: string, path: string): string {
  const programs = join(folder, 'programs');
  mkdirSync(programs, { recursive: true });
  for (const name of PROGRAMS) {
    const file = join(programs, name);
    writeFileSync(file, PLAYED);
    chmodSync(file, 0o755);
  }
  return `${programs}${delimiter}${path}`;
}
