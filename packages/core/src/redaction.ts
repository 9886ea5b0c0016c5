/**
 * Secrets the run knows of, and the texts they must not appear in. Hosts mask their own log, but summaries,
 * evidence files and errors are ours to clean.
 */
export class Redaction {
  readonly #secrets = new Set<string>();
  /** Every form of every secret. */
  #forms: readonly string[] = [];

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
    if (fresh.length > 0) this.#forms = [...new Set([...this.#secrets].flatMap(formsOf))];
    return fresh;
  }

  clean(text: string): string {
    const found = this.#forms.flatMap((form) => placesOf(form, text)).sort((a, b) => a.start - b.start);
    let cleaned = '';
    let done = 0;
    // Secrets that overlap or contain one another go as one piece: replaced one by one, they would leave remainders.
    for (let index = 0; index < found.length; ) {
      const { start } = found[index] as Place;
      let end = start;
      for (; index < found.length && (found[index] as Place).start <= end; index++) {
        end = Math.max(end, (found[index] as Place).end);
      }
      cleaned += `${text.slice(done, start)}***`;
      done = end;
    }
    return cleaned + text.slice(done);
  }

  /** The same data with every text in it cleaned, before quoting or escaping could hide a secret from `clean`. */
  cleanAll<Data>(data: Data): Data {
    return JSON.parse(JSON.stringify(data), (_, value: unknown) =>
      typeof value === 'string' ? this.clean(value) : value,
    ) as Data;
  }
}

interface Place {
  readonly start: number;
  readonly end: number;
}

function placesOf(form: string, text: string): Place[] {
  const places: Place[] = [];
  for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1)) {
    places.push({ start, end: start + form.length });
  }
  return places;
}

/** As it is, and as URLs, forms, JSON and base64 carry it. */
function formsOf(secret: string): string[] {
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1);
  const inUrl = inForm.replaceAll('+', '%20');
  const inPath = inUrl.replace(/%(21|27|28|29|7E)/g, (code) => decodeURIComponent(code));
  const lowerCase = (text: string) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const inJson = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, inForm, inUrl, inPath, lowerCase(inForm), lowerCase(inUrl), lowerCase(inPath), inJson];
  forms.push(...partsOfAddress(secret));
  // Padding depends on what follows; of short secrets the encoded form is short enough to stand elsewhere by chance.
  if (secret.length >= 6) forms.push(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
  return forms;
}

/** A secret address without what every log leaves out: its scheme, and its host. */
function partsOfAddress(secret: string): string[] {
  const [, rest = '', path = ''] = /^https?:\/\/([^/]+(\/\S*))$/.exec(secret) ?? [];
  // A path as short as /hook stands in harmless texts, too.
  return path.length >= 8 ? [rest, path] : [];
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
      // U+0085 among them: the runner trims it as white space before it looks for a command, JavaScript does not.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
      .replace(/##(?=\[|vso)/gi, '# #')
      .replace(/^(\s*):(?=:)/gm, '$1: ')
  );
}
