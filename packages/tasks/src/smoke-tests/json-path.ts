/** What stands at `checks[0].state`, `$.a["odd key"]` or the empty path; `found` tells a null from nothing. */
export function atPath(document: unknown, path: string): { found: boolean; value?: unknown } {
  let value = document;
  for (const step of stepsOf(path)) {
    const holder = value as Record<string | number, unknown> | null;
    // Only what the document itself holds: `length` or `constructor` are not in it.
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, step)) return { found: false };
    if (Array.isArray(holder) && typeof step !== 'number') return { found: false };
    value = holder[step];
  }
  return { found: true, value };
}

function stepsOf(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  for (const [, index, quoted, plain] of path.replace(/^\$/, '').matchAll(/\[(\d+)\]|\["([^"]+)"\]|\.?([^.[\]]+)/g)) {
    steps.push(index !== undefined ? Number(index) : ((quoted ?? plain) as string));
  }
  return steps;
}
