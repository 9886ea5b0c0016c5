import { type Http, type HttpAnswer, type HttpRequest, retryAfter } from '@maintenance-tasks/core';
import { cloudflareApi, open } from './api.ts';
import type { Need } from './refusal.ts';

const ITEMS_A_PAGE = 500;
/** What one request may carry. */
export const ITEMS_A_REQUEST = 1_000;

/** A list of an account, which rules of all its zones refer to as `$name`. */
export interface CustomList {
  readonly id: string;
  readonly name: string;
  readonly kind: 'ip' | 'redirect' | 'hostname' | 'asn';
}

export interface ListItem {
  readonly id: string;
  /** IPv4 or IPv6, address or range. */
  readonly ip: string;
  readonly comment?: string | null;
}

export type NewItem = Omit<ListItem, 'id'>;

/** Changes of items are carried out later; until then the account takes no other. */
export interface Operation {
  readonly status: 'pending' | 'running' | 'completed' | 'failed';
  /** Why it failed, fit for a message. */
  readonly error?: string;
}

/**
 * What became of a change: Cloudflare is at it; it is done already, seen by reading the list; or Cloudflare does not take
 * it now (429), because another operation of the account is not done or too much was asked of it. Milliseconds to wait
 * where it tells.
 */
export type Accepted =
  | { readonly operation: string }
  | { readonly done: true }
  | { readonly busy: true; readonly wait: number | undefined };

export interface CloudflareLists {
  lists(): Promise<readonly CustomList[]>;
  items(list: CustomList): Promise<readonly ListItem[]>;
  /**
   * Adds items, at most `ITEMS_A_REQUEST`. One whose address is there already gets the new comment: the former is lost.
   *
   * @param landed whether the list reads as if it had been done; asked when the outcome is unknown
   */
  append(list: CustomList, items: readonly NewItem[], landed: () => Promise<boolean>): Promise<Accepted>;
  remove(list: CustomList, ids: readonly string[], landed: () => Promise<boolean>): Promise<Accepted>;
  operation(id: string): Promise<Operation>;
}

/**
 * The Lists API of an account (developers.cloudflare.com/waf/tools/lists/lists-api).
 *
 * @throws TaskError `auth` from every call when the token lacks what the call needs, `remote` for other refusals
 */
export function cloudflareLists(http: Http, token: string, account: string, clock: { now(): Date }): CloudflareLists {
  const { request, get } = cloudflareApi(http, token);
  const base = `/accounts/${account}/rules/lists`;
  const read: Need = { permission: 'Account Filter Lists Read', account };
  const write: Need = { permission: 'Account Filter Lists Write', account };

  /** Never sent a second time after a 429: by then the list may be another, and with it what has to be sent. */
  async function change(asked: HttpRequest, landed: () => Promise<boolean>): Promise<Accepted> {
    return http.write<Accepted>(
      { ...asked, patience: 0 },
      (answer) => (answer.status === 429 ? busy(answer) : accepted(open(asked, answer, write).result)),
      async () => ((await landed()) ? { done: true } : undefined),
    );
  }

  function busy({ headers }: HttpAnswer): Accepted {
    return { busy: true, wait: retryAfter(headers['retry-after'], clock.now()) };
  }

  return {
    async lists() {
      return ((await get(base, read)).result ?? []) as readonly CustomList[];
    },

    async items(list) {
      const items: ListItem[] = [];
      let after: string | undefined;
      do {
        const query = new URLSearchParams({ per_page: String(ITEMS_A_PAGE), ...(after && { cursor: after }) });
        const { result, result_info: info } = await get(`${base}/${list.id}/items?${query}`, read);
        items.push(...((result ?? []) as ListItem[]));
        after = info?.cursors?.after;
      } while (after);
      return items;
    },

    append: (list, items, landed) => change(request('POST', `${base}/${list.id}/items`, items), landed),

    remove: (list, ids, landed) =>
      change(request('DELETE', `${base}/${list.id}/items`, { items: ids.map((id) => ({ id })) }), landed),

    async operation(id) {
      const asked = request('GET', `${base}/bulk_operations/${id}`);
      const answer = await http.send(asked);
      const { status, error } = open(asked, answer, read).result as Operation;
      return { status, ...(error && { error: answer.quote(error) }) };
    },
  };
}

function accepted(result: unknown): Accepted {
  const { operation_id: operation } = (result ?? {}) as { operation_id?: string };
  return operation ? { operation } : { done: true };
}
