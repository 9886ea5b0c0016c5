/** One thing a task is about to change: `www.example.com CNAME`, how it stands, how it shall stand. */
export interface Change {
  readonly id: string;
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

export type ChangeStatus = 'planned' | 'changed' | 'verified' | 'undone';

export interface ReportedChange extends Change {
  readonly status: ChangeStatus;
}

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a task planned, changed and verified: shown in its log and summary and kept as evidence. */
export class Report {
  readonly #changes = new Map<string, ReportedChange>();
  readonly #notes: string[] = [];
  readonly #tables: ReportTable[] = [];
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Shows the plan before anything of it is done. */
  plan(changes: readonly Change[]): void {
    if (changes.length === 0) this.#say('Plan: nothing to change.');
    else this.#say(`Plan: ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}.`);
    for (const change of changes) {
      if (this.#changes.has(change.id)) throw new Error(`planned twice: ${change.id}`);
      this.#changes.set(change.id, { ...change, status: 'planned' });
      this.#say(`  ${change.what}: ${change.before} → ${change.after}`);
    }
  }

  changed(id: string): void {
    this.#move(id, 'changed', 'Changed');
  }

  /** Read back from the system and found as planned. */
  verified(id: string): void {
    this.#move(id, 'verified', 'Verified');
  }

  /** Put back by the task itself because a later part failed. */
  undone(id: string): void {
    this.#move(id, 'undone', 'Put back');
  }

  /** A sentence for the summary and the evidence. */
  note(text: string): void {
    this.#notes.push(text);
    this.#say(text);
  }

  table(table: ReportTable): void {
    this.#tables.push(table);
  }

  get changes(): readonly ReportedChange[] {
    return [...this.#changes.values()];
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  get tables(): readonly ReportTable[] {
    return this.#tables;
  }

  /** Which of the planned changes were made and still stand, in one or two sentences; `unsure` when one may be. */
  standing(unsure = false): string {
    const made = this.changes.filter(({ status }) => status === 'changed' || status === 'verified');
    const left = this.changes.filter(({ status }) => status === 'planned');
    if (made.length === 0) return unsure ? 'Nothing else was changed.' : 'Nothing was changed.';
    const done = `Changed and still standing: ${named(made)}.`;
    return left.length === 0 ? done : `${done} Not changed: ${named(left)}.`;
  }

  #move(id: string, status: ChangeStatus, word: string): void {
    const change = this.#changes.get(id);
    if (!change) throw new Error(`not in the plan: ${id}`);
    this.#changes.set(id, { ...change, status });
    this.#say(`${word}: ${change.what}`);
  }
}

const MOST_NAMED = 20;

function named(changes: readonly Change[]): string {
  const shown = changes
    .slice(0, MOST_NAMED)
    .map(({ what, after }) => `${what} (${after})`)
    .join('; ');
  return changes.length > MOST_NAMED ? `${shown}; and ${changes.length - MOST_NAMED} more` : shown;
}
