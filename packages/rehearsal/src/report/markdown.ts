import { html, type Markup } from './markup.ts';

/** The Markdown that tasks write into their summaries: headings, tables, lists and paragraphs. Other marks stay text. */
export function renderMarkdown(text: string): Markup[] {
  const blocks = text
    .trim()
    .split(/\n{2,}/)
    .filter((block) => block.trim() !== '');
  return blocks.flatMap((block) => {
    const lines = block.split('\n');
    const heading = /^(#{1,6})\s+(.*)$/.exec(lines[0] as string);
    if (heading) {
      const rest = lines.slice(1).join('\n');
      return [html`<h5>${plain(heading[2] as string)}</h5>`, ...(rest ? renderMarkdown(rest) : [])];
    }
    if (lines.length >= 2 && /^\|(\s*:?-+:?\s*\|)+\s*$/.test(lines[1] as string)) return [table(lines)];
    if (lines.every((line) => /^[-*] /.test(line)))
      return [html`<ul>${lines.map((line) => html`<li>${plain(line.slice(2))}</li>`)}</ul>`];
    return [html`<p class="pre">${plain(block)}</p>`];
  });
}

function table([head, , ...rows]: readonly string[]): Markup {
  return html`<div class="scroll"><table><thead><tr>${cells(head as string).map((cell) => html`<th>${cell}</th>`)}</tr></thead><tbody>${rows.map(
    (row) => html`<tr>${cells(row).map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function cells(line: string): string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|\s*$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.trim()));
}

function plain(text: string): string {
  return text.replace(/\\([\\`*_{}[\]<>#|~!])/g, '$1').replace(/`([^`]+)`/g, '$1');
}
