/** A summary's Markdown as a terminal shows it: headings bare, tables in columns, nothing escaped. */
export function plainText(markdown: string): string {
  const blocks = markdown.trim().split(/\n{2,}/);
  return `${blocks.map((block) => (block.startsWith('|') ? columns(block) : paragraph(block))).join('\n\n')}\n`;
}

function paragraph(block: string): string {
  return unescaped(block.replace(/^#{1,6} /gm, ''));
}

function columns(block: string): string {
  const rows = block
    .split('\n')
    .filter((line) => !/^\|( --- \|)+$/.test(line))
    .map((line) =>
      line
        .slice(2, -2)
        .split(/(?<=(?<!\\)(?:\\\\)*) \| /)
        .map(unescaped),
    );
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

/** Markdown knows a backslash before any of ASCII's punctuation as an escape. */
function unescaped(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, '$1');
}
