import { asFairleadError, FairleadError, type ApplicationId, type ClusterName } from '@fairlead/core/model';
import { subjects, type Message, type Messages, type Subject } from '@fairlead/ports/bus';
import { z } from 'zod';

const cluster = z.string() as unknown as z.ZodType<ClusterName>;
const application = z.string() as unknown as z.ZodType<ApplicationId>;
const clusters = z.object({ clusters: z.array(cluster).readonly().optional() });
const key = z.object({ key: z.string() });

/** What other versions of the hub may say; words that are not known are left out. */
const schemas: { readonly [S in Subject]: z.ZodType<Messages[S]> } = {
  desired: clusters as z.ZodType<Messages['desired']>,
  members: clusters as z.ZodType<Messages['members']>,
  statuses: z.object({ clusters: z.array(cluster), applications: z.array(application) }),
  head: z.object({ cluster: cluster.optional() }) as z.ZodType<Messages['head']>,
  source: z.object({ url: z.string(), key: z.string() }),
  release: z.object({ applications: z.array(application) }),
  decided: z.object({ applications: z.array(application) }),
  events: z.object({}) as z.ZodType<Messages['events']>,
  restored: z.object({}) as z.ZodType<Messages['restored']>,
  pushed: z.object({ urls: z.array(z.string()) }),
  fleet: z.object({ head: z.string() }),
  work: key,
  answered: key,
  instances: z.object({ role: z.string() }),
};

const traced = z.object({ traceparent: z.string().optional().catch(undefined) });

/** A message as bytes. Throws InvalidInput where it is longer than a NATS server takes by default. */
export function encode({ subject, payload }: Message): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(payload));
  if (bytes.length <= mostBytes) return bytes;
  throw new FairleadError(
    `Cannot publish ${subject}: the message has ${bytes.length} bytes, and the bus takes ${mostBytes}. Name less in one message.`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}

/** A margin below the server's default `max_payload` of 1 MiB, for the headers. */
export const mostBytes = 1_000_000;

/** Reads a message; undefined for a subject that this version does not know. Throws InvalidInput. */
export function decode(subject: string, bytes: Uint8Array): Message | undefined {
  const known = subjects.find((one) => one === subject);
  if (known === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const { traceparent } = traced.parse(value);
    const said = schemas[known].parse(value);
    return { subject: known, payload: { ...said, ...(traceparent !== undefined && { traceparent }) } } as Message;
  } catch (cause) {
    throw asFairleadError(cause, { code: 'InvalidInput', reason: 'InvalidArgument', retry: 'never' });
  }
}
