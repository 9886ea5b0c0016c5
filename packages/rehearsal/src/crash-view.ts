const DATE = /\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)/g;
const MADE_UP = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\b\d{10}\.\d{6}\b/g;
/** The checksum of an undo note that holds such an id. */
const SUM = /(mt1\|[^|]*\|[^|]*ID[^|]*\|)[0-9a-z]+/g;
/** Seconds or milliseconds since 1970, of the years 2001 to 2286. */
const isTime = (value: number) =>
  Number.isInteger(value) && (value > 1e9 ? value < 1e10 || (value > 1e12 && value < 1e13) : false);

/** A state without what differs from run to run though the same was done: dates and made-up ids. */
export function whatLasts(state: unknown): unknown {
  if (typeof state === 'string') return state.replace(DATE, 'DATE').replace(MADE_UP, 'ID').replace(SUM, '$1SUM');
  if (typeof state === 'number') return isTime(state) ? 'DATE' : state;
  if (Array.isArray(state)) return state.map(whatLasts);
  if (typeof state !== 'object' || state === null) return state;
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [whatLasts(key), whatLasts(value)]));
}

/** Where two states differ first, in words. */
export function firstDifference(expected: unknown, found: unknown, path = ''): string | undefined {
  if (isTree(expected) && isTree(found)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const difference = firstDifference(expected[key], found[key], path === '' ? key : `${path}.${key}`);
      if (difference) return difference;
    }
    return undefined;
  }
  if (Object.is(expected, found)) return undefined;
  return `${path} is ${shown(found)} and not ${shown(expected)}`;
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
