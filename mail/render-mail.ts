/** Owns what a mail says: subject, HTML and text of a kind, for one workspace and one reader. */

import { type FilledWords, fillWords, isLetter, isToClient } from '../domain/notification.ts';
import type { PayButton } from '../domain/payment-link.ts';
import { escapeHtml, escapeText, fillTemplate, type TemplateValues } from './fill-template.ts';

/** One compiled template: HTML from MJML, and the text that stands beside it. */
export interface MailTemplate {
  html: string;
  text: string;
}
export const templateNames = ['notice', 'digest', 'invitation'] as const;
export type MailTemplates = Readonly<Record<(typeof templateNames)[number], MailTemplate>>;

/** What is to be said. */
export interface MailContent {
  kind: string;
  params: Readonly<Record<string, unknown>>;
  workspaceName: string;
  /** A path of the hub's; null: the mail leads nowhere. */
  link: string | null;
  /** Pages elsewhere at which the reader pays. */
  pay?: readonly PayButton[];
}
export interface RenderedMail {
  /** One line. */
  subject: string;
  html: string;
  text: string;
}

/** `publicUrl` has no slash at its end. */
export function renderMail(templates: MailTemplates, content: MailContent, publicUrl: string): RenderedMail {
  const words = fillWords(content.kind, content.params);
  const template = templates[templateOf(content.kind, words)];
  const values = valuesOf(content, words, publicUrl);
  return {
    subject: words.title,
    html: fillTemplate(template.html, values, escapeHtml),
    text: tidy(fillTemplate(template.text, values, escapeText)),
  };
}

function templateOf(kind: string, words: FilledWords): keyof MailTemplates {
  if (kind === 'invitation') return 'invitation';
  return words.list.length > 0 ? 'digest' : 'notice';
}

function valuesOf(content: MailContent, words: FilledWords, publicUrl: string): TemplateValues {
  const { workspaceName } = content;
  const toMember = !isLetter(content.kind) && !isToClient(content.kind);
  return {
    workspace: workspaceName,
    title: words.title,
    body: words.body,
    quote: words.quote === null ? [] : [words.quote],
    list: words.list,
    pay: (content.pay ?? []).map(({ label, url }) => ({ label, url })),
    action: words.action === null || content.link === null ? [] : [words.action],
    link: content.link === null ? publicUrl : `${publicUrl}${content.link}`,
    why: toMember
      ? `You are told this as a member of ${workspaceName} on Slipway.`
      : `Slipway sends you this for ${workspaceName}, once.`,
    preferences: toMember ? [`${publicUrl}/notification-preferences`] : [],
  };
}

/** Left-out sections leave empty lines behind. */
const tidy = (text: string) => `${text.replace(/\n{3,}/g, '\n\n').trim()}\n`;
