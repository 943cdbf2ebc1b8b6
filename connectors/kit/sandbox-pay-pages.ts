/**
 * Owns the pages of a stand-in at which clients pay: one an invoice, as plain as can be. `GET` shows it, `POST` pays what is
 * open, as a card would. What the vendor says as the address may be set by a test hand, whatever it is.
 */
import { randomUUID } from 'node:crypto';
import type { VendorAnswer, VendorCall } from './sandbox.ts';

export interface PayPages {
  /** From now on the firm takes payments online there, or none; from the start it does. Only where the vendor tells that. */
  takesPayments: (on: boolean) => void;
  /** The vendor says this as the address of the page from now on; undefined: it leaves it out. */
  says: (invoiceId: string, address: unknown) => void;
}

/** The half that a sandbox itself uses. */
export interface ServedPayPages extends PayPages {
  isOn(): boolean;
  /** Of a page: hard to guess. */
  keyOf(invoiceId: string): string;
  /** What the vendor says as the page's address; undefined where it takes no payments online. */
  addressOf(call: VendorCall, invoiceId: string): unknown;
  /** Of calls to the pages themselves, which need no sign-in; null: it is another one. */
  answer(call: VendorCall): VendorAnswer | null;
}

/** `path`: where pages lie, before their key. `open`: what is left to pay, two decimals. `pay` books it as paid through the page. */
export function openPayPages(desk: {
  path?: string;
  open: (invoiceId: string) => string;
  pay: (invoiceId: string, amount: string) => void;
}): ServedPayPages {
  const { path: pages = '/pay/' } = desk;
  const invoiceByPage = new Map<string, string>();
  const pageByInvoice = new Map<string, string>();
  const said = new Map<string, unknown>();
  let isOn = true;

  const keyOf = (invoiceId: string): string => {
    const known = pageByInvoice.get(invoiceId);
    if (known !== undefined) return known;
    const page = randomUUID().replaceAll('-', '');
    pageByInvoice.set(invoiceId, page);
    invoiceByPage.set(page, invoiceId);
    return page;
  };

  return {
    isOn: () => isOn,
    keyOf,
    takesPayments(on) {
      isOn = on;
    },
    says: (invoiceId, address) => void said.set(invoiceId, address),
    addressOf(call, invoiceId) {
      if (said.has(invoiceId)) return said.get(invoiceId);
      return isOn ? `http://${call.headers.host}${pages}${keyOf(invoiceId)}` : undefined;
    },
    answer({ method, path }) {
      if (!path.startsWith(pages)) return null;
      const invoiceId = invoiceByPage.get(path.slice(pages.length));
      if (invoiceId === undefined) return { status: 404, body: { message: 'There is no such page.' } };
      const open = desk.open(invoiceId);
      if (method !== 'POST') return { status: 200, body: { open } };
      if (Number(open) <= 0) return { status: 409, body: { message: 'There is nothing left to pay.' } };
      desk.pay(invoiceId, open);
      return { status: 200, body: { paid: open } };
    },
  };
}
