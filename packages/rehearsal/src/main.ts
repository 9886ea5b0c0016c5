import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputProblem } from '@maintenance-tasks/core';
import { parseCommandLine, usage } from './command-line.ts';
import { findings } from './rehearsal-record.ts';
import { progress, summary } from './report/terminal.ts';

process.once('SIGINT', () => process.exit(130));
const code = await main(process.argv.slice(2));
for (const stream of [process.stdout, process.stderr]) await new Promise((written) => stream.write('', written));
// Nothing that a killed task left open may keep the command from ending.
process.exit(code);

async function main(words: readonly string[]): Promise<number> {
  try {
    const options = parseCommandLine(words);
    if (options.help) {
      process.stdout.write(`${usage()}\n`);
      return 0;
    }
    // With JSON on standard output, everything for people goes beside it.
    const stream = options.json === '-' ? process.stderr : process.stdout;
    // Whoever reads may stop reading (`| head`); that is no failure.
    stream.on('error', () => {});
    const terminal = stream.isTTY === true && !process.env.CI;
    const paper = {
      write: (text: string) => void stream.write(text),
      terminal,
      colours: terminal && !process.env.NO_COLOR,
    };
    // All that plays the pipelines is loaded once the command line is known to be right.
    const { rehearse } = await import('./rehearse.ts');
    const { record, leaksIn } = await rehearse(
      options,
      progress(paper, options.verbose),
      process.stdin.isTTY === true && terminal,
    );
    const { htmlReport } = await import('./report/html.ts');
    const [page, json] = [htmlReport(record), `${JSON.stringify(record, null, 2)}\n`];
    const leaks = leaksIn(page + json);
    // A report that gives a secret away is not written at all.
    if (leaks.length > 0) throw new Error(`the report would show the secrets ${leaks.join(', ')}`);
    keep(options.report, page);
    if (options.json === '-') process.stdout.write(json);
    else if (options.json !== undefined) keep(options.json, json);
    summary(paper, record, options.report);
    return findings(record).length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

function keep(file: string, text: string): void {
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, text);
}
