/** Owns the loopback Harvest of `pull.ts`, in a process of its own: so many approved entries, no limits, large pages. */
import { startStand } from '../../connectors/harvest/stand.ts';
import { addDays } from '../../domain/day.ts';

const people = 50;
const clients = 20;
const projectsPerClient = 5;
/** An hour each: nobody works more than eight a day. */
const hoursPerDay = 8;

const stand = await startStand({ unlimited: true });
for (let n = 0; n < Number(process.argv[2]); n += 1) {
  const client = Math.floor(n / 7) % clients;
  const project = Math.floor(n / 3) % projectsPerClient;
  stand.time!.add({
    day: addDays('2020-01-06', Math.floor(n / (people * hoursPerDay))),
    seconds: 3_600,
    person: { name: `Person ${n % people}`, email: `person${n % people}@nordwerft.example` },
    client: `Client ${client}`,
    project: { name: `Project ${client}-${project}`, code: `P${client}-${project}` },
    notes: `Entry ${n}`,
  });
}
console.log(`ready ${stand.sandbox.url} ${JSON.stringify(stand.settings)} ${JSON.stringify(stand.secrets)}`);
