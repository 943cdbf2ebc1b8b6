/** Owns the page for the screen and the browser's printer: one file, no scripts, nothing fetched. */
import type { Paper } from '../domain/printed-document.ts';
import type { Page, Row, TextTable } from './page.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const safe = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => entities[char]!).replace(/\n/g, '<br>');
export const lines = (texts: string[]) => texts.map((text) => `<div>${safe(text)}</div>`).join('');

/** `logo`: a data URL. The badge is seen on the screen and not on paper. */
export function toHtml(page: Page, paper: Paper, logo: string | null): string {
  const badge = page.badge === null ? '' : `<p class="badge">${safe(page.badge)}</p>`;
  const draft = page.draft === null ? '' : `<div class="draft">${safe(page.draft)}</div>`;
  const name = safe(page.seller[0] ?? '');
  return `<!doctype html>
<html lang="${page.language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${safe(page.title)}</title>
<style>${styleOf(page, paper)}</style></head>
<body>${draft}
<header>${logo === null ? `<strong>${name}</strong>` : `<img src="${logo}" alt="${name}">`}
<div class="title"><h1>${safe(page.kind)}</h1>${page.number === null ? '' : `<p>${safe(page.number)}</p>`}${badge}</div></header>
<section class="parties"><address><small>${safe(page.buyerLabel)}</small>${lines(page.buyer)}</address>
<address>${lines(page.seller)}</address>${pairs(page.facts)}</section>
${table(page.lines, 'lines')}
<section class="sums"><div>${page.tax.rows.length === 0 ? '' : `<small>${safe(page.taxTitle)}</small>${table(page.tax, 'tax')}`}</div>${totals(page)}</section>
${page.legalTexts.map((text) => `<p>${safe(text)}</p>`).join('\n')}
${page.terms.length === 0 ? '' : `<h2>${safe(page.termsTitle)}</h2>${page.terms.map((text) => `<p>${safe(text)}</p>`).join('')}`}
${page.banks.some((rows) => rows.length > 0) ? `<h2>${safe(page.bankTitle)}</h2>${page.banks.map(pairs).join('')}` : ''}
${page.pay === null ? '' : `<p class="pay">${safe(page.pay.label)}: <a href="${safe(page.pay.url)}" rel="noopener noreferrer">${safe(page.pay.value)}</a></p>`}
${page.notes.map((text) => `<p>${safe(text)}</p>`).join('\n')}
${page.appendix === null ? '' : `<section class="appendix"><h2>${safe(page.appendixTitle)}</h2>${table(page.appendix, 'lines')}</section>`}
<footer>${safe(page.imprint)}</footer>
</body></html>
`;
}

export const pairs = (rows: Row[]) =>
  `<table class="pairs">${rows.map(({ label, value }) => `<tr><th>${safe(label)}</th><td>${safe(value)}</td></tr>`).join('')}</table>`;

const totals = (page: Page) =>
  `<table class="totals">${page.totals
    .map(
      ({ label, value, strong }) =>
        `<tr${strong ? ' class="strong"' : ''}><th>${safe(label)}</th><td>${safe(value)}</td></tr>`,
    )
    .join('')}</table>`;

export function table(shape: TextTable, name: string): string {
  const cell = (tag: 'td' | 'th') => (text: string, index: number) =>
    `<${tag}${shape.right.includes(index) ? ' class="right"' : ''}>${safe(text)}</${tag}>`;
  const body = shape.rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n');
  return `<table class="${name}"><thead><tr>${shape.head.map(cell('th')).join('')}</tr></thead><tbody>${body}</tbody></table>`;
}

/** Of text that stands inside a quoted string of CSS. */
const inCss = (text: string) => text.replace(/["\\<>\n]/g, ' ');

export const styleOf = (page: Pick<Page, 'pageWord' | 'ofWord'>, paper: Paper) => `
@page{size:${paper === 'A4' ? 'A4' : 'letter'};margin:18mm;@bottom-right{content:"${inCss(page.pageWord)} " counter(page) " ${inCss(page.ofWord)} " counter(pages);font:8pt sans-serif;color:#5b6770}}
*{box-sizing:border-box}
body{font:10pt/1.35 Roboto,"Helvetica Neue",Arial,sans-serif;color:#1a2b3c;max-width:190mm;margin:8mm auto;padding:0 6mm}
header,.parties,.sums{display:flex;justify-content:space-between;gap:8mm;margin-bottom:8mm}
header img{max-width:60mm;max-height:22mm}
header strong{font-size:15pt}
.title{text-align:right}h1{font-size:20pt;margin:0;font-weight:600}.title p{margin:0;color:#5b6770}
.title .badge{display:inline-block;border:1px solid #1a2b3c;color:#1a2b3c;padding:1mm 3mm;margin-top:2mm;text-transform:uppercase;font-weight:600;font-size:9pt}
address{font-style:normal;flex:1}address div:first-of-type{font-weight:600}
small{color:#5b6770;display:block}
h2{font-size:11pt;margin:7mm 0 1mm}p{margin:1mm 0}
.pay{margin-top:4mm;overflow-wrap:anywhere}.pay a{color:inherit}
table{border-collapse:collapse}th{text-align:left;font-weight:600}
.pairs th{font-weight:400;color:#5b6770;padding-right:6mm}.parties .pairs td{text-align:right}
.lines{width:100%;margin-bottom:6mm}.lines thead th,.tax thead th{border-top:1px solid;border-bottom:1px solid;font-size:9pt}
/* A name reads in its own direction, in its place. */
td,p,address div{unicode-bidi:plaintext}td{text-align:left}
.lines td,.lines th,.tax td,.tax th{padding:1.2mm 1.5mm;vertical-align:top}
.lines td,.tax td{border-bottom:1px solid #c9d1d6}tr{break-inside:avoid}thead{display:table-header-group}
.right{text-align:right;white-space:nowrap}th.right{text-align:right}
.sums{break-inside:avoid}.totals th{font-weight:400;padding-right:8mm}.totals td{text-align:right}.totals .strong *{font-weight:600;font-size:12pt}
.appendix{break-before:page}footer{margin-top:10mm;color:#5b6770;font-size:8pt}
.draft{position:fixed;top:38%;left:0;right:0;text-align:center;font-size:90pt;color:#5b6770;opacity:.14;transform:rotate(-35deg);pointer-events:none}
@media print{body{margin:0;padding:0;max-width:none}.badge{display:none!important}}`;
