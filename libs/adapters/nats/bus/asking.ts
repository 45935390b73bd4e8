import { asFairleadError } from '@fairlead/core/model';
import { answeredLate, assertAskable, nobodyServes, notAnswered, type Desks } from '@fairlead/ports/bus';
import { headers, RequestError, TimeoutError, type Msg } from '@nats-io/transport-node';
import { busUnavailable } from './dial.ts';
import type { Life } from './life.ts';

/** Says why there is no answer. */
const failureHeader = 'Fairlead-Failure';

/** Asks over a connection. Throws as `Bus.ask` does. */
export async function askOver(
  life: Pick<Life, 'request'>,
  asked: { readonly name: string; readonly subject: string; readonly question: string; readonly withinMs: number },
): Promise<string> {
  const { name, subject, question, withinMs } = asked;
  assertAskable('question', question);
  const answer = await life
    .request(subject, new TextEncoder().encode(question), Math.max(1, withinMs))
    .catch((error) => {
      if (error instanceof RequestError && error.isNoResponders()) throw nobodyServes(name);
      if (error instanceof TimeoutError) throw answeredLate(name, withinMs);
      throw busUnavailable(`Cannot ask ${name}`, error);
    });
  const failure = answer.headers?.get(failureHeader);
  if (failure) throw notAnswered(name, failure);
  return answer.string();
}

/** Answers one question; who asked is told what kept it from being answered. */
export async function answerOne(
  desks: Desks,
  { name, message }: { readonly name: string; readonly message: Msg },
): Promise<void> {
  try {
    const answer = await desks.answer(name, message.string());
    assertAskable('answer', answer);
    message.respond(answer);
  } catch (thrown) {
    const failure = headers();
    failure.set(
      failureHeader,
      asFairleadError(thrown)
        .message.replaceAll(/[\r\n]+/g, ' ')
        .slice(0, 1024),
    );
    // A connection that is over has nobody to tell.
    message.respond('', { headers: failure });
  }
}
