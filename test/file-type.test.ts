/** Owns which files are taken, by their content, and under which names. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AttachmentSubject, cleanFileName, contentDisposition } from '../domain/file-type.ts';
import { createFileStore, type FileStore } from '../runtime/file-store.ts';
import { elf, exe, heic, html, jpeg, office, pdf, png, svg, webp, zip } from './support/sample-files.ts';

let folder: string;
let files: FileStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-test-files-'));
  files = createFileStore(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const maxBytes = 1_000_000;
async function typeOf(content: Buffer, subject: AttachmentSubject = 'person_document'): Promise<string> {
  const file = await files.receive(Readable.from([content]), { subject, maxBytes });
  await file.discard();
  return file.mediaType;
}
const refusedFor = (content: Buffer, subject?: AttachmentSubject) =>
  typeOf(content, subject).then(
    (type) => `taken as ${type}`,
    (error: { code: string; status: number }) => `${error.status} ${error.code}`,
  );

describe('what is taken', () => {
  test.each([
    ['a PDF', pdf(), 'application/pdf'],
    ['a photo', jpeg, 'image/jpeg'],
    ['a screenshot', png, 'image/png'],
    ['a WebP', webp, 'image/webp'],
    ['a photo of a phone', heic, 'image/heic'],
    ['a text', Buffer.from('Ferry Larvik–Hirtshals\nNOK 1 250,00 æøå\n'), 'text/plain'],
    ['a CSV', Buffer.from('\uFEFFday,km\n2026-04-01,42\n'), 'text/plain'],
    [
      'a Word file',
      office('docx'),
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    ],
    ['an Excel file', office('xlsx'), 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ])('%s', async (_, content, type) => {
    expect(await typeOf(content)).toBe(type);
  });

  test('a text that is longer than one piece, with a sign cut in two between them', async () => {
    const content = Buffer.from(`${'x'.repeat(65_535)}æ${'y'.repeat(70_000)}`);
    expect(await typeOf(content)).toBe('text/plain');
  });

  test('an Excel file is no receipt, and a text no invoice', async () => {
    expect(await refusedFor(office('xlsx'), 'ticket_line')).toBe('415 file.type_refused');
    expect(await refusedFor(Buffer.from('Invoice 7'), 'contractor_invoice')).toBe('415 file.type_refused');
    expect(await typeOf(Buffer.from('Receipt 7'), 'ticket_line')).toBe('text/plain');
  });
});

describe('what is refused, whatever it is called', () => {
  test.each([
    ['a web page', html],
    ['a web page after a long text', Buffer.concat([Buffer.alloc(65_530, 'a'), html])],
    ['a web page in capitals', Buffer.from('hello <SCRIPT SRC=//evil.example></SCRIPT>')],
    ['an SVG', svg],
    ['an SVG that begins as XML', Buffer.concat([Buffer.from('<?xml version="1.0"?>\n'), svg])],
    ['a Windows program', exe],
    ['a Linux program', elf],
    ['a shell script', Buffer.from('#!/bin/sh\nrm -rf /\n')],
    ['a PHP script', Buffer.from('receipt\n<?php system($_GET[0]);')],
    ['an archive', zip({ 'receipt.pdf': 'x' })],
    ['a Word file with macros', office('docm')],
    ['a Word file that hides its macros', office('docx', { 'word/vbaProject.bin': 'x' })],
    ['a PDF behind a web page', Buffer.concat([html, pdf()])],
    ['a PDF behind a byte order mark', Buffer.concat([Buffer.from('\uFEFF'), pdf()])],
    ['a PDF with a program appended', Buffer.concat([pdf(), Buffer.alloc(2_000), exe])],
    ['a PDF that is an archive as well', Buffer.concat([pdf(), zip({ a: 'x' })])],
    ['a PDF that was cut off', pdf().subarray(0, 60)],
    ['a photo that is an archive as well', Buffer.concat([jpeg, zip({ 'a.class': 'x' })])],
    ['a photo that is a web page as well', Buffer.concat([jpeg.subarray(0, 20), html, jpeg.subarray(20)])],
    ['bytes of no kind', Buffer.from([1, 2, 3, 4, 5, 250, 251])],
    ['Latin-1, which is no UTF-8', Buffer.from('Bjørn', 'latin1')],
  ])('%s', async (_, content) => {
    expect(await refusedFor(content)).toBe('415 file.type_refused');
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  });

  test('nothing at all', async () => {
    expect(await refusedFor(Buffer.alloc(0))).toBe('422 file.empty');
  });
});

describe('names', () => {
  test.each([
    ['Receipt ferry.pdf', 'Receipt ferry.pdf'],
    ['RECEIPT.PDF', 'RECEIPT.pdf'],
    ['Receipt', 'Receipt.pdf'],
    ['receipt.html', 'receipt.html.pdf'],
    ['../../etc/passwd', '_.._etc_passwd.pdf'],
    ['C:\\Users\\ida\\scan.pdf', 'C__Users_ida_scan.pdf'],
    ['line\r\nSet-Cookie: a=b.pdf', 'lineSet-Cookie_ a=b.pdf'],
    // Shown, it would read "receiptfdp.exe": the mark turns what follows around.
    ['receipt\u202Eexe.pdf', 'receiptexe.pdf'],
    ['<img src=x>.pdf', '_img src=x_.pdf'],
    ['...', 'file.pdf'],
    ['.pdf', 'pdf.pdf'],
    ['領収書.pdf', '領収書.pdf'],
  ])('%j is kept as %j', (given, kept) => {
    expect(cleanFileName(given, 'application/pdf')).toBe(kept);
  });

  test('a long name is cut, its ending stays, and no sign is cut in two', () => {
    const long = cleanFileName(`${'x'.repeat(195)}😀😀😀.pdf`, 'application/pdf');
    expect(long.length).toBeLessThanOrEqual(200);
    expect(long.endsWith('.pdf')).toBe(true);
    expect(long.isWellFormed()).toBe(true);
  });

  test('the header that names a file holds no quote, line end or foreign sign as itself', () => {
    expect(contentDisposition('Quittung "Fähre" 100%.pdf')).toBe(
      `attachment; filename="Quittung _F_hre_ 100_.pdf"; filename*=UTF-8''Quittung%20%22F%C3%A4hre%22%20100%25.pdf`,
    );
  });
});
