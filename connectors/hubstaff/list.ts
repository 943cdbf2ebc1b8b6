/** Owns Hubstaff's lists: their addresses, their pages, and what the vendor's own clock says. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import { idText } from '../kit/fields.ts';
import type { VendorHttp, VendorRequest } from '../kit/http.ts';
import { answeredAt } from '../kit/instant.ts';
import { numberedPages } from '../kit/pages.ts';
import { readAs } from '../kit/vendor-words.ts';

/** Most rows of a page that integrators ask for (README 9). */
const pageLimit = 500;

export const ofOrganization = (http: VendorHttp, path: string) =>
  `/organizations/${encodeURIComponent(http.settings.organizationId ?? '')}${path}`;

export interface Asked {
  query?: VendorRequest['query'];
  /** Their names get brackets: Hubstaff does not filter by what it does not know (README 7). */
  arrays?: Readonly<Record<string, readonly string[]>>;
  /** The whole answer, for what stands beside the rows. */
  onBody?: (body: Readonly<Record<string, unknown>>) => void;
}

/** Rows of a list of the organization. The last page is the one without `pagination`; a short page is not (README 9). */
export function listPages(
  http: VendorHttp,
  path: string,
  name: string,
  { query, arrays = {}, onBody }: Asked = {},
): AsyncGenerator<readonly unknown[]> {
  const pairs = Object.entries(arrays).flatMap(([field, values]) =>
    values.map((value) => `${encodeURIComponent(`${field}[]`)}=${encodeURIComponent(value)}`),
  );
  const address = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
  const shape = z.looseObject({
    [name]: z.array(z.unknown()),
    pagination: z.object({ next_page_start_id: idText }).nullish(),
  });
  let start: string | undefined;
  return numberedPages(http.connector, {
    async read() {
      const asked = { ...query, page_limit: pageLimit, page_start_id: start };
      const body = readAs(http.connector, shape, (await http.get(address, { query: asked })).body);
      onBody?.(body);
      start = (body.pagination as { next_page_start_id: string } | null | undefined)?.next_page_start_id;
      return { rows: body[name] as unknown[], more: start !== undefined };
    },
  });
}

const organization = z.object({ organization: z.object({ name: z.string() }) });

/** The organization, and when Hubstaff answered by its own clock: ours may differ. */
export async function readOrganization(http: VendorHttp): Promise<{ name: string; now: Instant }> {
  const response = await http.get(ofOrganization(http, ''));
  const { name } = readAs(http.connector, organization, response.body).organization;
  return { name, now: answeredAt(response) };
}
