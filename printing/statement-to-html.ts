/** Owns the statement of account as a page for the screen and the browser's printer: one file, no scripts, nothing fetched. */
import type { Paper } from '../domain/printed-document.ts';
import type { StatementPage, StatementSheet } from './statement-page.ts';
import { lines, pairs, safe, styleOf, table } from './to-html.ts';

export function statementToHtml(page: StatementPage, paper: Paper): string {
  return `<!doctype html>
<html lang="${page.language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${safe(page.name)}</title>
<style>${styleOf(page, paper)}
.sheet+.sheet{break-before:page}.movements tbody tr:first-child td,.movements tbody tr:last-child td{font-weight:600}</style></head>
<body>
${page.nothing === null ? '' : `<header><div class="title"><h1>${safe(page.title)}</h1></div></header><section class="parties"><address><small>${safe(page.clientLabel)}</small>${lines(page.client)}</address></section><p>${safe(page.nothing)}</p>`}
${page.sheets.map((sheet) => sheetOf(page, sheet)).join('\n')}
<p><small>${safe(page.basis)}</small></p>
<footer>${safe(page.imprint)}</footer>
</body></html>
`;
}

const sheetOf = (page: StatementPage, sheet: StatementSheet): string => `<section class="sheet">
<header><strong>${safe(sheet.seller[0] ?? '')}</strong><div class="title"><h1>${safe(page.title)}</h1></div></header>
<section class="parties"><address><small>${safe(page.clientLabel)}</small>${lines(sheet.client)}</address>
<address>${lines(sheet.seller)}</address>${pairs(sheet.facts)}</section>
${table(sheet.movements, 'lines movements')}
<h2>${safe(sheet.ageingTitle)}</h2>
${table(sheet.ageing, 'lines')}
${sheet.banks.some((rows) => rows.length > 0) ? `<h2>${safe(sheet.bankTitle)}</h2>${sheet.banks.map(pairs).join('')}` : ''}
</section>`;
