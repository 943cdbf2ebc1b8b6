/** Owns taking secrets out of text: what a vendor echoes must not reach a page, a log or an event. */

/** Shorter ones are too common as parts of words; no vendor gives such. */
const leastLength = 4;

/** Each secret as it is, as in an address, as in a Basic header; of `user:password` the password too. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const form of secrets.flatMap(formsOf).sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(form, '…');
  return clean;
}

/** One line of at most so many characters, without the secrets. */
export function cleanWords(text: string, secrets: readonly string[], mostCharacters: number): string {
  return redact(text, secrets).replace(/\s+/g, ' ').trim().slice(0, mostCharacters);
}

function formsOf(secret: string): string[] {
  const password = secret.includes(':') ? [secret.slice(secret.indexOf(':') + 1)] : [];
  return [secret, ...password]
    .flatMap((one) => [one, encodeURIComponent(one), Buffer.from(one).toString('base64')])
    .filter((form) => form.length >= leastLength);
}
