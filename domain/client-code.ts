/** Owns suggesting the three-letter client code that invoice numbers carry. */

/** Initials first ("Acme Marine Co" → AMC), then letters of the name, then AAA, AAB … until one is free. */
export function suggestClientCode(name: string, taken: ReadonlySet<string>): string {
  const words = name
    .normalize('NFKD')
    .toUpperCase()
    .replace(/[^A-Z ]/g, '')
    .split(/ +/)
    .filter(Boolean);
  const letters = words.join('');
  const initials = words.map((word) => word[0]).join('');
  const candidates = [
    initials.slice(0, 3),
    letters.slice(0, 3),
    (initials + letters.slice(1)).slice(0, 3),
    `${letters}XXX`.slice(0, 3),
  ];
  for (const candidate of candidates) {
    if (/^[A-Z]{3}$/.test(candidate) && !taken.has(candidate)) return candidate;
  }
  for (let index = 0; index < 26 ** 3; index += 1) {
    const code = String.fromCharCode(
      65 + Math.floor(index / 676),
      65 + (Math.floor(index / 26) % 26),
      65 + (index % 26),
    );
    if (!taken.has(code)) return code;
  }
  throw new Error('all 17,576 client codes are in use');
}
