/** Owns how it is shown what people must have on file, and lack. */
import { z } from 'zod';
import { complianceStates, isInForce, requirementKinds } from '../../../domain/document.ts';
import type { PersonCompliance } from '../../../store/documents.ts';
import { id, storedDay } from '../../kit/schemas.ts';

export const personCompliance = z
  .object({
    personId: id,
    personName: z.string(),
    personKind: z.enum(['contractor', 'employee']),
    compliant: z.boolean().meta({ description: 'Everything that is required is there and valid today.' }),
    mayBePaid: z.boolean(),
    maySubmitTickets: z.boolean(),
    documents: z.array(
      z.object({
        requirementId: id,
        name: z.string(),
        kind: z.enum(requirementKinds),
        documentId: id.nullable(),
        state: z.enum(complianceStates),
        expiresOn: storedDay.nullable(),
        blocksTickets: z.boolean(),
        blocksPayment: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'PersonCompliance' });

export function shownCompliance(person: PersonCompliance) {
  const lacking = person.documents.filter(({ state }) => !isInForce(state));
  return {
    ...person,
    compliant: lacking.length === 0,
    mayBePaid: !lacking.some(({ blocksPayment }) => blocksPayment),
    maySubmitTickets: !lacking.some(({ blocksTickets }) => blocksTickets),
  };
}
