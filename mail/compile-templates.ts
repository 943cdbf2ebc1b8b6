/** Owns the process that compiles the MJML templates: `node compile-templates.ts DIR` prints them as JSON, or says what is wrong. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mjml2html from 'mjml';
import { templateNames } from './render-mail.ts';

const [, , dir] = process.argv;
if (!dir) throw new Error('name the folder of the templates');

const pathOf = (file: string) => join(dir, file);

/** `{{> head}}` → the file of that name, so that all mails look alike. */
async function withParts(text: string): Promise<string> {
  const pieces = text.split(/\{\{> (\w+)\}\}/);
  const filled = pieces.map((piece, place) =>
    place % 2 === 0 ? Promise.resolve(piece) : readFile(pathOf(`${piece}.mjml`), 'utf8'),
  );
  return (await Promise.all(filled)).join('');
}

async function compile(name: string): Promise<{ html: string; text: string }> {
  const source = await withParts(await readFile(pathOf(`${name}.mjml`), 'utf8'));
  const { html } = await mjml2html(source, { validationLevel: 'strict', keepComments: false });
  return { html, text: await readFile(pathOf(`${name}.txt`), 'utf8') };
}

const compiled: Record<string, { html: string; text: string }> = {};
const problems: string[] = [];
for (const name of templateNames)
  await compile(name).then(
    (template) => {
      compiled[name] = template;
    },
    (error: Error) => problems.push(`mail/templates/${name}.mjml does not compile: ${error.message.trim()}`),
  );
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(JSON.stringify(compiled));
}
