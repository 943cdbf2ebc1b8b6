/** Owns what a reminder and thanks say, in the client's language. */
import { expect, test } from 'vitest';
import { reminderMail, thanksMail } from '../domain/reminder-mail.ts';

const facts = {
  client: 'Northern Ferries',
  today: '2026-03-24',
  invoices: [{ number: 'NFE-0001', amount: '1250.5', currency: 'GBP', dueDate: '2026-03-10' }],
  fees: [
    { number: 'LF-0001', amount: '40.00', currency: 'GBP', kind: 'fee' as const, of: 'NFE-0001' },
    { number: 'LF-0002', amount: '3.84', currency: 'GBP', kind: 'interest' as const, of: 'NFE-0001' },
  ],
};

test('in English', () => {
  expect(reminderMail('en', facts)).toEqual({
    title: 'Reminder: invoices overdue',
    body: 'This is open on the account of Northern Ferries. If you have paid meanwhile, please take no notice.',
    invoices:
      'NFE-0001: GBP 1,250.50, due 10 Mar 2026\nLF-0001: GBP 40.00, late fee for NFE-0001\nLF-0002: GBP 3.84, interest for NFE-0001',
  });
});

test('in German', () => {
  expect(reminderMail('de', facts)).toEqual({
    title: 'Zahlungserinnerung: Rechnungen sind überfällig',
    body: 'Dies ist auf dem Konto von Northern Ferries offen. Falls Sie inzwischen gezahlt haben, ist dieses Schreiben gegenstandslos.',
    invoices:
      'NFE-0001: 1.250,50 GBP, fällig am 10.03.2026\nLF-0001: 40,00 GBP, Mahngebühr zu NFE-0001\nLF-0002: 3,84 GBP, Verzugszinsen zu NFE-0001',
  });
});

test('before the due date, and on it, nothing is overdue', () => {
  expect(reminderMail('en', { ...facts, today: '2026-03-10' }).title).toBe('Reminder: invoices due soon');
  expect(reminderMail('de', { ...facts, today: '2026-03-07' }).title).toContain('werden fällig');
  expect(reminderMail('en', { ...facts, today: '2026-03-11' }).title).toContain('overdue');
});

test('thanks name the invoice and its amount; what a number holds is never read as a place', () => {
  const paid = { number: '{amount}', amount: '99.00', currency: 'EUR' };
  expect(thanksMail('en', paid).body).toBe(
    'Your payment of invoice {amount} over EUR 99.00 has arrived. Thank you.',
  );
  expect(thanksMail('de', paid).title).toBe('Vielen Dank: Rechnung {amount} ist bezahlt');
});
