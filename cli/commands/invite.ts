/** Owns `slipway invite`: a link that lets somebody in, from the machine of the hub, also when nobody is in yet. */
import { parseArgs } from 'node:util';
import type { Config } from '../../config.ts';
import { invitationPath, requireOwner } from '../../domain/member.ts';
import { type Role, roles } from '../../domain/permissions.ts';
import { announcedAddress } from '../../runtime/data-lock.ts';
import type { WorkspaceTx } from '../../store/database.ts';
import { recordEvents } from '../../store/events.ts';
import { invite as makeInvitation } from '../../store/invitations.ts';
import { type Member, members } from '../../store/members.ts';
import { type Command, UsageError } from '../command.ts';
import { say } from '../story.ts';
import { chooseWorkspace, withDatabase } from '../with-database.ts';

const emailPattern = /^[^\s@]{1,64}@[^\s@]{1,250}\.[^\s@.]{2,}$/;
const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Wanted {
  email: string;
  name: string;
  role: Role;
  personId: string | null;
  clientId: string | null;
}

export const invite: Command = {
  name: 'invite',
  usage: 'slipway invite --email E [--name N] [--role admin] [--person ID] [--client ID] [--workspace W]',
  summary: 'Invite somebody to sign in, as an admin unless told otherwise; shows the link once',
  run: ({ config, args }) => {
    const { values } = parseArgs({
      args,
      options: {
        workspace: { type: 'string' },
        email: { type: 'string', default: '' },
        name: { type: 'string' },
        role: { type: 'string', default: 'admin' },
        person: { type: 'string' },
        client: { type: 'string' },
      },
    });
    const wanted = toWanted(values);
    return withDatabase(config, async (database) => {
      const workspace = await chooseWorkspace(database, values.workspace);
      const { token, expiresAt } = await database.inWorkspace(workspace.id, (tx) => inviteOnce(tx, wanted));
      say(
        `An invitation for ${wanted.email} to the workspace "${workspace.name}" as ${wanted.role}. It lets them in once, ` +
          `until ${expiresAt}:\n\n  ${addressOf(config)}${invitationPath(token)}\n`,
      );
      return 0;
    });
  },
};

/** @throws UsageError saying which option is wrong */
function toWanted(values: {
  email: string;
  name?: string;
  role: string;
  person?: string;
  client?: string;
}): Wanted {
  const email = values.email.trim().toLowerCase();
  if (!emailPattern.test(email)) throw new UsageError('--email is an e-mail address.');
  const name = (values.name ?? email).trim();
  if (name.length === 0 || name.length > 200) throw new UsageError('--name is 1 to 200 characters.');
  const role = roles.find((known) => known === values.role);
  if (!role) throw new UsageError(`--role is one of ${roles.join(', ')}.`);
  for (const [option, id] of [
    ['--person', values.person],
    ['--client', values.client],
  ] as const)
    if (id !== undefined && !idPattern.test(id)) throw new UsageError(`${option} is an id.`);
  return { email, name, role, personId: values.person ?? null, clientId: values.client ?? null };
}

/** Who was invited before gets a new link in the role that they were invited to. */
async function inviteOnce(tx: WorkspaceTx, wanted: Wanted) {
  const [known] = await members.list(tx, { limit: 1, after: null, where: { email: wanted.email } });
  if (known && known.status !== 'invited')
    throw new UsageError(
      known.status === 'active'
        ? `${wanted.email} is a member already, as ${known.role}: they sign in.`
        : `${wanted.email} is suspended: an admin reactivates them first.`,
    );
  const member = known ?? (await newMember(tx, wanted));
  return makeInvitation(tx, member.id, 'cli');
}

async function newMember(tx: WorkspaceTx, wanted: Wanted): Promise<Member> {
  requireOwner(wanted.role, wanted);
  const member = await members.insert(tx, { ...wanted, status: 'invited' });
  await recordEvents(tx, [
    {
      type: 'member.created',
      subjectType: 'member',
      subjectId: member.id,
      actor: 'cli',
      permission: 'members.read',
      payload: { role: member.role },
    },
  ]);
  return member;
}

/** Where the hub is reached: as configured, as a running one says, or where the next one will listen. */
function addressOf(config: Config): string {
  return config.publicUrl ?? announcedAddress(config.dataDir) ?? `http://${config.host}:${config.port}`;
}
