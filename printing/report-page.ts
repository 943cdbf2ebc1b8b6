/** Owns what stands in a client's quarterly report, as text in its language; the PDF only puts it in its place. */
import type { ClientReportFigures, ReportedProject } from '../domain/client-report.ts';
import { Decimal, round } from '../domain/money.ts';
import {
  formatAmount,
  formatDay,
  formatMoney,
  formatQuantity,
  type PrintLanguage,
} from '../domain/print-format.ts';
import type { TextTable } from './page.ts';
import { type ReportWords, reportWords } from './report-words.ts';

export interface ReportSection {
  title: string;
  /** Beside the title. */
  note: string | null;
  /** Null: there is nothing to list, and `text` says so. */
  table: TextTable | null;
  /** Rows of the table that are set apart: sums, and what the rows below them add up to. */
  strong: number[];
  /** Which column takes what room is left. */
  wide: number;
  text: string | null;
}
export interface ReportPage {
  language: string;
  title: string;
  /** `2026-Q1`, with its days. */
  quarter: string;
  span: string;
  sender: string;
  clientLabel: string;
  client: string;
  preview: string | null;
  sections: ReportSection[];
  basis: string;
  pageWord: string;
  ofWord: string;
}

/** `isPreview`: the quarter still runs, or its books are open. */
export function toReportPage(figures: ClientReportFigures, isPreview: boolean): ReportPage {
  const { language } = figures;
  const text = reportWords[language];
  const day = (value: string) => formatDay(value, language);
  return {
    language,
    title: text.title,
    quarter: figures.quarter,
    span: `${day(figures.startsOn)} – ${day(figures.asOf)}`,
    sender: figures.sender,
    clientLabel: text.for,
    client: `${figures.clientName} (${figures.clientCode})`,
    preview: isPreview ? text.preview : null,
    sections: [
      accountSection(figures, text),
      hoursSection(figures, text),
      invoiceSection(figures, text),
      creditSection(figures, text),
      paymentSection(figures, text),
      ...budgetSection(figures, text),
    ],
    basis: text.basis.replace('{day}', day(figures.asOf)),
    pageWord: text.page,
    ofWord: text.of,
  };
}

/** Seconds as hours with two places at most: "7.5". */
const hoursText = (seconds: number, language: PrintLanguage): string =>
  formatQuantity(round(new Decimal(seconds).div(3600), 2, 'half_up').toFixed(), language);

const section = (
  title: string,
  table: TextTable | null,
  more: Partial<ReportSection> = {},
): ReportSection => ({ title, note: null, table, strong: [], wide: 0, text: null, ...more });

const leftOutText = (count: number, text: ReportWords) =>
  count === 0 ? null : text.leftOut.replace('{count}', String(count));

function accountSection({ accounts, language }: ClientReportFigures, text: ReportWords): ReportSection {
  if (accounts.length === 0) return section(text.account, null, { text: text.noAccount });
  return section(text.account, {
    head: [
      text.seller,
      text.opening,
      text.invoiced,
      text.credited,
      text.paid,
      text.other,
      text.closing,
      text.overdue,
    ],
    rows: accounts.map((one) => [
      `${one.sellerName} (${one.currency})`,
      ...[one.opening, one.invoiced, one.credited, one.paid, one.other, one.closing, one.overdue].map(
        (amount) => formatAmount(amount, one.currency, language),
      ),
    ]),
    right: [1, 2, 3, 4, 5, 6, 7],
  });
}

function hoursSection(
  { projects, language, leftOut }: ClientReportFigures,
  text: ReportWords,
): ReportSection {
  if (projects.length === 0) return section(text.hours, null, { text: text.noHours });
  const rows: string[][] = [];
  const strong: number[] = [];
  const add = (row: string[], isStrong: boolean) => {
    if (isStrong) strong.push(rows.length);
    rows.push(row);
  };
  for (const project of projects) {
    add(
      [
        `${project.code} ${project.name === project.code ? '' : project.name}`.trim(),
        '',
        hoursText(project.seconds, language),
        hoursText(project.billableSeconds, language),
      ],
      true,
    );
    for (const { name, seconds } of project.people)
      add(['', name ?? text.nobody, hoursText(seconds, language), ''], false);
  }
  const sum = (of: (project: ReportedProject) => number) =>
    hoursText(
      projects.reduce((total, project) => total + of(project), 0),
      language,
    );
  add([text.sum, '', sum(({ seconds }) => seconds), sum(({ billableSeconds }) => billableSeconds)], true);
  return section(
    text.hours,
    { head: [text.project, text.person, text.hoursColumn, text.billable], rows, right: [2, 3] },
    { strong, text: leftOutText(leftOut.projects, text) },
  );
}

function invoiceSection(
  { invoices, language, leftOut }: ClientReportFigures,
  text: ReportWords,
): ReportSection {
  if (invoices.length === 0) return section(text.invoices, null, { text: text.none });
  return section(
    text.invoices,
    {
      head: [text.date, text.number, text.due, text.net, text.tax, text.total, text.open],
      rows: invoices.map((one) => [
        formatDay(one.day, language),
        one.isVoid ? `${one.number} (${text.void})` : one.number,
        formatDay(one.dueDate, language),
        formatAmount(one.net, one.currency, language),
        formatAmount(one.tax, one.currency, language),
        formatMoney(one.total, one.currency, language),
        formatAmount(one.open, one.currency, language),
      ]),
      right: [3, 4, 5, 6],
    },
    { wide: 1, text: leftOutText(leftOut.invoices, text) },
  );
}

function creditSection(
  { credits, language, leftOut }: ClientReportFigures,
  text: ReportWords,
): ReportSection {
  if (credits.length === 0) return section(text.credits, null, { text: text.none });
  return section(
    text.credits,
    {
      head: [text.date, text.number, text.corrects, text.net, text.tax, text.total],
      rows: credits.map((one) => [
        formatDay(one.day, language),
        one.number,
        one.invoiceNumber,
        formatAmount(one.net, one.currency, language),
        formatAmount(one.tax, one.currency, language),
        formatMoney(one.total, one.currency, language),
      ]),
      right: [3, 4, 5],
    },
    { wide: 1, text: leftOutText(leftOut.credits, text) },
  );
}

function paymentSection(
  { payments, language, leftOut }: ClientReportFigures,
  text: ReportWords,
): ReportSection {
  if (payments.length === 0) return section(text.payments, null, { text: text.none });
  return section(
    text.payments,
    {
      head: [text.date, text.reference, text.amount],
      rows: payments.map((one) => [
        formatDay(one.day, language),
        one.reference ?? '',
        formatMoney(one.amount, one.currency, language),
      ]),
      right: [2],
    },
    { wide: 1, text: leftOutText(leftOut.payments, text) },
  );
}

/** None of a client whose projects have no budget. */
function budgetSection(
  { budgets, budgetsAsOf, language }: ClientReportFigures,
  text: ReportWords,
): ReportSection[] {
  if (budgets.length === 0) return [];
  const percent = (value: string) => `${formatQuantity(value, language)} %`;
  const rows = budgets.flatMap(({ code, name, currency, seconds, money }) => [
    ...(seconds === null
      ? []
      : [
          [
            `${code} ${name === code ? '' : name}`.trim(),
            `${hoursText(seconds.budget, language)} h`,
            `${hoursText(seconds.used, language)} h`,
            percent(seconds.percent),
          ],
        ]),
    ...(money === null
      ? []
      : [
          [
            `${code} ${name === code ? '' : name}`.trim(),
            formatMoney(money.budget, currency, language),
            formatMoney(money.used, currency, language),
            percent(money.percent),
          ],
        ]),
  ]);
  return [
    section(
      text.budgets,
      { head: [text.project, text.budget, text.used, '%'], rows, right: [1, 2, 3] },
      { note: text.asOf.replace('{day}', formatDay(budgetsAsOf, language)) },
    ),
  ];
}
