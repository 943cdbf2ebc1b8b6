/** Owns what QuickBooks' Faults mean to us. A Fault can come with HTTP 200, and gateways write it in lower case. */
import type { Classify } from '../kit/define.ts';
import { AuthorizationLost, InvalidRequest } from '../kit/errors.ts';
import { signInLost, slowDown, troubled } from '../kit/failures.ts';
import { retryAfterMs } from '../kit/retry-after.ts';
import { vendor } from './query.ts';

/** Wait that Intuit asks for after a 429 (limits-and-throttles page; no header is documented). */
export const throttleMs = 60_000;

interface Fault {
  type: string;
  code: string;
  text: string;
}

/** Codes worth a sentence of their own; all others keep Intuit's words. Source: fact sheet, "Errors and limits". */
const sentences: Readonly<Record<string, string>> = {
  '610': 'QuickBooks does not find this record, or it was made inactive there.',
  '2500': 'QuickBooks does not find a record that this document refers to.',
  '5010': 'Someone changed this record in QuickBooks meanwhile. Read it again before changing it.',
  '6140': 'QuickBooks already has a document with this number.',
  '6210': 'The books are closed for this date in QuickBooks.',
  '6240': 'QuickBooks already uses this name.',
};

/** Codes after which every call fails until a person acts. */
const authorizationSentences: Readonly<Record<string, string>> = {
  '120': 'The QuickBooks user who connected this lacks the right for it. Connect again as an administrator.',
  '3100':
    'This sign-in does not belong to this QuickBooks company or environment. Check realmId and environment, then connect again.',
  '6190': 'The QuickBooks subscription of this company has lapsed. Renew it, then connect again.',
};

export const classify: Classify = (status, body, headers) => {
  const fault = faultOf(body);
  if (fault === null) return null;
  const { type, code, text } = fault;
  const facts = { vendorCode: code };
  // 403 with ThrottleExceeded is a wait, not a lost right (quickbooks-ruby).
  if (status === 429 || code === '3001' || /ThrottleExceeded/i.test(`${code} ${type} ${text}`))
    return slowDown(vendor, retryAfterMs(headers['retry-after'], throttleMs), facts);
  const lost = authorizationSentences[code];
  if (lost !== undefined) return new AuthorizationLost(lost, facts);
  if (status === 401 || /^authentication/i.test(type)) return signInLost(vendor, facts);
  if (status === 403 || /^authorization/i.test(type))
    return new AuthorizationLost(`QuickBooks refuses access (${code}): ${text}`, facts);
  // Under a 4xx it is still the status that says whether trying again can help (limits-and-throttles page).
  if (status >= 500 || (status < 400 && /^(system|service)/i.test(type)))
    return troubled(vendor, code, facts);
  return new InvalidRequest(`${sentences[code] ?? 'QuickBooks refused this.'} (${code}: ${text})`, facts);
};

/** `{Fault:{Error:[{Message,Detail,code}],type}}`, or the gateway's `{fault:{error:[{message,detail,code}],type}}`. */
function faultOf(body: unknown): Fault | null {
  const fault = field(body, 'Fault') ?? field(body, 'fault');
  if (typeof fault !== 'object' || fault === null) return null;
  const errors = field(fault, 'Error') ?? field(fault, 'error');
  const first: unknown = Array.isArray(errors) ? errors[0] : errors;
  const words = [
    field(first, 'Message') ?? field(first, 'message'),
    field(first, 'Detail') ?? field(first, 'detail'),
  ];
  return {
    type: textOf(field(fault, 'type') ?? field(fault, 'Type')),
    code: textOf(field(first, 'code') ?? field(first, 'Code')) || 'no code',
    text: [...new Set(words.map(textOf).filter(Boolean))].join(' – ').slice(0, 400) || 'no details',
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
