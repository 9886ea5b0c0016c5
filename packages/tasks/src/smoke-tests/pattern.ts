import { type Context, createContext, Script } from 'node:vm';

/** A pattern that fails in that time on a MiB of text is one that backtracks without end. */
const LONGEST = 250;

const script = new Script('new RegExp(source, "m").test(text)');
let sandbox: Context | undefined;

/**
 * Whether the pattern matches, or that it took too long. V8 can stop a regular expression only from outside, and a vm
 * script's timeout does so without the cost of a worker.
 */
export function matchesInTime(source: string, text: string): boolean | 'too slow' {
  sandbox ??= createContext({});
  sandbox.source = source;
  sandbox.text = text;
  try {
    return script.runInContext(sandbox, { timeout: LONGEST }) as boolean;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return 'too slow';
    throw error;
  } finally {
    // The body would otherwise live until the next match.
    sandbox.text = '';
  }
}
