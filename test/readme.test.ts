import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { registry } from '@maintenance-tasks/tasks/registry';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

test('the README has every task with its summary', () => {
  const rows = Object.entries(registry).map(
    ([name, { summary }]) => `| [${name}](actions/${name}/README.md) | ${summary} |`,
  );
  expect(rows.filter((row) => !readme.includes(row))).toEqual([]);
});

test.each(['README.md', 'docs/architecture.md', 'docs/rehearsal.md', 'docs/jobs.md', 'docs/traffic.md'])(
  'every file that %s links to is there',
  (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link]) => link as string);
    const missing = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(ROOT, dirname(file), link)));
    expect(missing).toEqual([]);
  },
);
