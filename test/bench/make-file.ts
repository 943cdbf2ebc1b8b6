/** Owns the bench's input: a CSV of N time entries over clients, projects and people, the same for the same N. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

export const shape = { clients: 100, projectsPerClient: 10, people: 200 } as const;

/** Columns: id, day, client, project, person, hours, note. Hours are quarters; no person-day exceeds 24 h at sane sizes. */
export async function makeFile(path: string, entries: number): Promise<void> {
  const out = createWriteStream(path, { mode: 0o644 });
  out.write('Id,Date,Client,Project,Person,Hours,Notes\n');
  const block: string[] = [];
  for (let index = 0; index < entries; index += 1) {
    const client = (index * 7919) % shape.clients;
    // Not by the same cycle as the clients, or each client would have one project only.
    const project = Math.floor(index / shape.clients) % shape.projectsPerClient;
    const day = new Date(Date.UTC(2024, 0, 1 + (index % 700))).toISOString().slice(0, 10);
    const person = Math.floor(index / 700) % shape.people;
    block.push(
      `${index + 1},${day},Client ${client},C${client}-P${project},Person ${person},${(1 + (index % 29)) * 0.25},Work on part ${index % 1000}\n`,
    );
    if (block.length === 10_000) {
      if (!out.write(block.join(''))) await once(out, 'drain');
      block.length = 0;
    }
  }
  out.end(block.join(''));
  await once(out, 'finish');
}

export const mapping = {
  name: 'bench',
  file: { delimiter: ',', encoding: 'utf-8' },
  key: { natural: { template: '{Id}' } },
  fields: {
    workDate: 'Date',
    hours: 'Hours',
    person: { name: 'Person' },
    client: { name: 'Client' },
    project: { code: 'Project', name: 'Project' },
    notes: 'Notes',
  },
  formats: { day: 'YYYY-MM-DD', hours: 'decimal-point' },
  defaults: { billable: true, approval: 'approved' },
  createMissing: ['client', 'project', 'person'],
};
