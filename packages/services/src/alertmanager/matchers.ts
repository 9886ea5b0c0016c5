/** One condition on an alert's labels, as Alertmanager's API has it. */
export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

const FORM = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(.*)$/s;

/** A matcher as amtool takes it: `name=value`, `name!="value"`, `name=~"regex"`, `name!~regex`. */
export function parseMatcher(text: string): Matcher | { readonly problem: string } {
  const [, name, operator, rest] = FORM.exec(text.trim()) ?? [];
  if (name === undefined || operator === undefined || rest === undefined)
    return { problem: `"${text}" is not a matcher such as severity=~"warning|critical"` };
  const value = rest.startsWith('"') ? unquoted(rest) : rest.trim();
  if (value === undefined || (!rest.startsWith('"') && value.includes('"')))
    return { problem: `"${text}" has a value whose quotes do not fit: write name="value", and \\" for a quote in it` };
  return { name, value, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!') };
}

/** The matcher as a person reads it; `parseMatcher` gives the same matcher back. */
export function formatMatcher({ name, value, isRegex, isEqual }: Matcher): string {
  const operator = isEqual ? (isRegex ? '=~' : '=') : isRegex ? '!~' : '!=';
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `${name}${operator}"${escaped}"`;
}

// Values that no real label has: what matches all of them matches everything.
const PROBES = ['x', '0', '-', 'Quite_another-value', 'http://host.example.com:9100/metrics?a=b', 'two words'];

/**
 * Whether the matchers together choose some alerts and not nearly all. Alertmanager itself only refuses matchers that
 * all match the empty value; `alertname=~".+"` would silence everything.
 */
export function narrows(matchers: readonly Matcher[]): boolean {
  return matchers.some(({ value, isRegex, isEqual }) => {
    // A negative matcher alone lets through every alert without that label.
    if (!isEqual) return false;
    if (!isRegex) return value !== '';
    const regex = compiled(value);
    // Go's regular expressions know forms that JavaScript's do not; those are left to Alertmanager.
    if (!regex) return !/^\(\?[a-zA-Z]+\)\.[*+]$/.test(value);
    return !regex.test('') && !PROBES.every((probe) => regex.test(probe));
  });
}

/** Whether the matcher lets an alert with that value through; nothing when only Go understands its expression. */
export function matchesValue({ value, isRegex, isEqual }: Matcher, label: string): boolean | undefined {
  const regex = isRegex ? compiled(value) : undefined;
  if (isRegex && !regex) return undefined;
  return (regex ? regex.test(label) : value === label) === isEqual;
}

/** Whether two lists mean the same, in whatever order. */
export function sameMatchers(a: readonly Matcher[], b: readonly Matcher[]): boolean {
  return canonical(a) === canonical(b);
}

/** The matchers in one fixed order, as one text. */
export function canonical(matchers: readonly Matcher[]): string {
  return [...new Set(matchers.map(formatMatcher))].sort().join(', ');
}

function compiled(value: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${value})$`, 's');
  } catch {
    return undefined;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

function unquoted(text: string): string | undefined {
  const inner = /^"((?:[^"\\]|\\.)*)"\s*$/s.exec(text)?.[1];
  // An unknown escape is kept as it is written: regular expressions are full of them (`\.`, `\d`).
  return inner?.replace(/\\[\\"n]/g, (pair) => ESCAPES[pair] as string);
}
