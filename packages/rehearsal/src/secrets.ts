import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from './github/expressions.ts';

/** A secret of the rehearsal: made up, accepted by the stand-ins, and looked for in all that is left of the night. */
export interface MadeUpSecret {
  readonly name: string;
  readonly value: string;
  /** What must never be seen; the value itself unless only part of it is secret. */
  readonly pieces: readonly string[];
}

const LARGEST_SEARCHED = 16 * 1_024 * 1_024;

/** Blanks secrets in what is shown, as the hosts do, and finds those that a task itself failed to blank. */
export class Secrets {
  readonly #masks = new Set<string>();
  readonly #canaries = new Map<string, string>();
  readonly #leaks = new Set<string>();

  /** Hosts mask what their secret stores hold without being told. */
  know(secret: MadeUpSecret): void {
    this.mask(secret.value);
    for (const piece of secret.pieces) {
      this.mask(piece);
      this.#canaries.set(piece, secret.name);
    }
  }

  mask(value: string): void {
    for (const line of value.split(/\r?\n/)) if (line.trim().length >= 3) this.#masks.add(line.trim());
  }

  clean = (text: string): string => {
    let cleaned = text;
    for (const mask of [...this.#masks].sort((a, b) => b.length - a.length)) cleaned = cleaned.replaceAll(mask, '***');
    return cleaned;
  };

  /** Remembers every secret that stands in the text, before any host masked it. */
  look(where: string, text: string): void {
    for (const name of this.leaksIn(text)) this.#leaks.add(`The secret ${name} stands in ${where}.`);
  }

  leaksIn = (text: string): string[] =>
    [...this.#canaries].flatMap(([piece, name]) => (text.includes(piece) ? [name] : []));

  lookInFiles(what: string, folder: string): void {
    for (const file of filesIn(folder)) {
      const path = join(folder, file);
      if (statSync(path).size <= LARGEST_SEARCHED) this.look(`${what} ${file}`, readFileSync(path, 'latin1'));
    }
  }

  get leaks(): readonly string[] {
    return [...this.#leaks];
  }
}
