/** Owns how an account number is read, checked and shown: spaces out, an IBAN's checksum, four characters visible. */

/** As it is stored and compared: capitals and digits only. */
export const normalAccountNumber = (text: string) => text.toUpperCase().replaceAll(/[\s.-]/g, '');

// ISO 13616: country, two check digits, up to 30 characters. A national number that happens to look so is rare; whoever has
// one gives it without its two letters.
const ibanShape = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;

/** Null when fine: a good IBAN, or another kind of number of 4 to 34 letters and digits. */
export function checkAccountNumber(normal: string): string | null {
  if (!/^[A-Z0-9]{4,34}$/.test(normal)) return 'an account number has 4 to 34 letters and digits';
  if (ibanShape.test(normal) && ibanRemainder(normal) !== 1)
    return 'this looks like an IBAN, but its check digits do not fit: a digit is wrong or two are swapped';
  return null;
}

/** ISO 7064 mod 97-10: the first four characters at the end, letters as 10 to 35; 1 is right. */
function ibanRemainder(iban: string): number {
  const digits = (iban.slice(4) + iban.slice(0, 4)).replaceAll(/[A-Z]/g, (letter) =>
    Number.parseInt(letter, 36).toString(),
  );
  return Number(BigInt(digits) % 97n);
}

const shownCharacters = 4;

/** The last four characters, and the country of an IBAN; of a number of eight or fewer only half of it. */
export function maskAccountNumber(normal: string): string {
  const shown = normal.slice(-Math.min(shownCharacters, Math.floor(normal.length / 2)));
  return `${ibanShape.test(normal) ? normal.slice(0, 2) : ''}•••• ${shown}`;
}
