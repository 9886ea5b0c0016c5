import { Refusal, type StoredRecord } from './cloudflare-records.ts';

const COMPARE: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  exact: (value, wanted) => value === wanted,
  contains: (value, wanted) => value.includes(wanted),
  startswith: (value, wanted) => value.startsWith(wanted),
  endswith: (value, wanted) => value.endsWith(wanted),
};

/** The list filters of DNS records: case does not count, and all must hold unless `match=any`. */
export function filtered(records: readonly StoredRecord[], query: URLSearchParams): readonly StoredRecord[] {
  const tests: ((record: StoredRecord) => boolean)[] = [];
  for (const [key, raw] of query) {
    const wanted = raw.toLowerCase();
    const [field = '', operator = 'exact'] = key.split('.');
    if (key === 'type') tests.push((record) => record.type.toLowerCase() === wanted);
    else if (key === 'proxied') tests.push((record) => String(record.proxied) === wanted);
    else if (field === 'comment' && operator === 'present') tests.push((record) => Boolean(record.comment));
    else if (field === 'comment' && operator === 'absent') tests.push((record) => !record.comment);
    else if (field === 'name' || field === 'content' || field === 'comment') {
      const compare = COMPARE[operator];
      if (!compare) throw new Refusal(400, 1004, `DNS Validation Error: unknown filter ${key}.`);
      tests.push((record) => compare((record[field] ?? '').toLowerCase(), wanted));
    }
  }
  if (tests.length === 0) return records;
  return records.filter((record) =>
    query.get('match') === 'any' ? tests.some((test) => test(record)) : tests.every((test) => test(record)),
  );
}

/** One page and what `result_info` says about it; past the end a page is empty. */
export function paged<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  { size, least, most }: { readonly size: number; readonly least: number; readonly most: number },
) {
  const perPage = Number(query.get('per_page') ?? size);
  const page = Number(query.get('page') ?? 1);
  if (!Number.isInteger(perPage) || perPage < least || perPage > most)
    throw new Refusal(400, 6003, `per_page must be between ${least} and ${most}.`);
  if (!Number.isInteger(page) || page < 1) throw new Refusal(400, 6003, 'page must be at least 1.');
  const result = items.slice((page - 1) * perPage, page * perPage);
  return {
    result,
    result_info: {
      page,
      per_page: perPage,
      count: result.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / perPage),
    },
  };
}
