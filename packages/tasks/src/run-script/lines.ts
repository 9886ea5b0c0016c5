const LONGEST_LINE = 4_000;
/** What of an unfinished line is kept; far more than a line is shown of, so that no secret is cut in two by it. */
const LARGEST_BUFFER = 65_536;
const LONGEST_SECRET = 8_192;

export interface Lines {
  push(text: string): void;
  /** Gives out what is left without a line break. */
  end(): void;
}

/**
 * Cuts a stream of text into lines, and lines that are too long short, in bounded memory whatever comes.
 *
 * @param clean blanks secrets; asked before a line is cut
 */
export function createLines(clean: (text: string) => string, emit: (line: string) => void): Lines {
  let kept = '';
  let dropped = 0;
  let afterReturn = false;

  function add(text: string): void {
    const room = Math.max(0, LARGEST_BUFFER - kept.length);
    kept += text.slice(0, room);
    dropped += Math.max(0, text.length - room);
  }

  function flush(): void {
    emit(cut(clean(withoutColours(kept)), dropped));
    kept = '';
    dropped = 0;
  }

  return {
    push(text) {
      // A line break may arrive in two pieces.
      const fresh = afterReturn && text.startsWith('\n') ? text.slice(1) : text;
      if (text !== '') afterReturn = text.endsWith('\r');
      const parts = fresh.split(/\r\n|\n|\r/);
      parts.forEach((part, index) => {
        add(part);
        if (index < parts.length - 1) flush();
      });
    },
    end() {
      if (kept !== '' || dropped > 0) flush();
    },
  };
}

function cut(line: string, dropped: number): string {
  const room = dropped === 0 ? LONGEST_LINE : Math.min(LONGEST_LINE, Math.max(0, line.length - LONGEST_SECRET));
  const rest = line.length - room + dropped;
  return rest <= 0 ? line : `${line.slice(0, room)}… (${rest} more characters)`;
}

/** PowerShell and others colour what they print even where no terminal reads it. */
function withoutColours(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what is removed (ECMA-48, 5.4)
  return line.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '');
}
