/**
 * Secrets the run knows of, and the texts they must not appear in. Hosts mask their own log, but summaries,
 * evidence files and errors are ours to clean.
 */
export class Redaction {
  readonly #secrets = new Set<string>();

  /** Remembers a secret whole and line by line: hosts log line by line. Returns the pieces that were new. */
  add(secret: string): string[] {
    const pieces = [secret, secret.trim(), ...secret.split(/\r\n|\r|\n/).map((line) => line.trim())];
    const fresh: string[] = [];
    for (const piece of pieces) {
      // One or two characters as a mask would blank half of every log; such a piece protects nothing.
      if (piece.length < 3 || this.#secrets.has(piece)) continue;
      this.#secrets.add(piece);
      fresh.push(piece);
    }
    return fresh;
  }

  clean(text: string): string {
    let cleaned = text;
    // Longest first, so that a secret that contains another leaves no remainder behind.
    for (const secret of [...this.#secrets].sort((a, b) => b.length - a.length)) {
      if (cleaned.includes(secret)) cleaned = cleaned.replaceAll(secret, '***');
      const inUrl = encodeURIComponent(secret);
      if (inUrl !== secret && cleaned.includes(inUrl)) cleaned = cleaned.replaceAll(inUrl, '***');
    }
    return cleaned;
  }
}

/**
 * Makes text safe to print on any host: a line that a host would obey (`::set-env`, `##[error]`, `##vso[…]`)
 * is broken up, control characters that could repaint a terminal are dropped.
 * Sources: docs.github.com/actions/reference/workflow-commands, azure-devops-docs logging-commands.
 */
export function withoutHostCommands(text: string): string {
  return (
    text
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
      .replace(/##(?=\[|vso)/gi, '# #')
      .replace(/^(\s*):(?=:)/gm, '$1: ')
  );
}
