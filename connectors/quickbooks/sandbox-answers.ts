/** Owns how the QuickBooks Online sandbox reads a call and says no, and its small words: currencies, sums, local times. */
import { Decimal } from 'decimal.js';
import type { VendorAnswer, VendorCall } from '../kit/sandbox.ts';
import { businessRule, VendorFault } from './sandbox-bodies.ts';
import type { Reference } from './sandbox-books.ts';

const currencyNames = new Intl.DisplayNames('en', { type: 'currency' });
export const toCurrencyRef = (currency: string): Reference => ({
  value: currency,
  name: currencyNames.of(currency) ?? currency,
});

export const objectNotFound = () =>
  new VendorFault(
    '610',
    'Object Not Found',
    "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
  );
export const duplicateName = (detail: string) =>
  new VendorFault('6240', 'Duplicate Name Exists Error', `The name supplied already exists. : ${detail}`);
export const multiCurrencyOff = (currency: string) =>
  businessRule(`Multicurrency is off in this company, so ${currency} cannot be used.`, 'CurrencyRef');
export const unsupported = (what: string) =>
  new VendorFault('500', 'Unsupported Operation', `Operation ${what} is not supported.`);

export function raise(error: Error): never {
  throw error;
}

/** Parameters that no route knows are refused, where the vendor would silently ignore them. */
export function allowParameters(call: VendorCall, names: readonly string[]): void {
  for (const name of new Set(call.query.keys())) {
    if (![...names, 'minorversion'].includes(name))
      throw unsupported(`with the parameter ${name} (known here: ${[...names, 'minorversion'].join(', ')})`);
    if (call.query.getAll(name).length > 1) throw unsupported(`with the parameter ${name} given twice`);
  }
  // Since 2025-08-01 every lower version is ignored: any number is accepted.
  const version = call.query.get('minorversion');
  if (version !== null && !/^\d+$/.test(version)) throw unsupported(`minorversion=${version}`);
}

export function readJson(call: VendorCall): object {
  if (!/^application\/json\b/.test(call.headers['content-type'] ?? ''))
    throw unsupported('a body that is not sent as application/json');
  try {
    const body = JSON.parse(call.text) as unknown;
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  } catch {
    // Falls through to the refusal: a body that is no JSON and a body that is no object get the same one.
  }
  throw new VendorFault(
    '2010',
    'Request has invalid or unsupported property',
    'The body is not a JSON object.',
  );
}

export function toFaultBody(fault: VendorFault, time: string): object {
  const error = { Message: fault.message, Detail: fault.detail, code: fault.code, element: fault.element };
  return { Fault: { Error: [error], type: fault.type }, time };
}

/** Errors of the gateway in front of the API are spelt in lower case. */
export function gatewayAnswer(status: number, detail: string): VendorAnswer {
  const [name, code, type] =
    status === 401
      ? ['AuthenticationFailed', '3200', 'AUTHENTICATION']
      : status === 429
        ? ['ThrottleExceeded', '3001', 'SERVICE']
        : ['ApplicationAuthorizationFailed', '3100', 'SERVICE'];
  const message = `message=${name}; errorCode=${code.padStart(6, '0')}; statusCode=${status}`;
  return { status, body: { fault: { error: [{ message, detail, code, element: null }], type } } };
}

export function sum(amounts: readonly (number | Decimal)[]): Decimal {
  return amounts.reduce<Decimal>((total, amount) => total.plus(amount), new Decimal(0));
}

/** `date` in the zone of `utcOffset`, e.g. `2026-03-04T17:20:11-08:00`, with milliseconds on request. */
export function toLocal(date: Date, utcOffset: string, withMs = false): string {
  const [hours = '0', minutes = '0'] = utcOffset.slice(1).split(':');
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (utcOffset.startsWith('-') ? -1 : 1);
  const shifted = new Date(date.getTime() + offsetMs).toISOString();
  return `${shifted.slice(0, withMs ? 23 : 19)}${utcOffset}`;
}
