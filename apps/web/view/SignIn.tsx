import { useState, type FormEvent } from 'react';
import { clientOf } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { Logo } from './Logo.tsx';

/** What the hub says of a token that nobody has. */
function sentenceOf(thrown: unknown): string {
  if (!(thrown instanceof Refusal)) return 'Cannot sign in: something failed that should not.';
  return thrown.status === 401 ? 'Cannot sign in: this hub does not know the token.' : thrown.message;
}

/** Asks for a person's token, and tries it. */
export function SignIn({ said, onSignIn }: { said: string | undefined; onSignIn: (token: string) => void }) {
  const [problem, setProblem] = useState(said);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const given = new FormData(event.currentTarget).get('token');
    const token = typeof given === 'string' ? given.trim() : '';
    if (!/^[\x21-\x7e]+$/.test(token)) return setProblem('Cannot sign in: a token has no spaces and no line breaks.');
    setBusy(true);
    try {
      await clientOf(token).call('getMe');
      onSignIn(token);
    } catch (thrown) {
      setProblem(sentenceOf(thrown));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form onSubmit={(event) => void submit(event)} aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">
          <Logo /> Fairlead
        </h1>
        <label htmlFor="token">Token</label>
        <input id="token" name="token" type="password" autoComplete="off" required aria-describedby="token-help" />
        <p id="token-help" className="faint">
          Your own, from whoever runs the hub. It stays in this tab and ends with it.
        </p>
        <p role="alert" className="problem-text">
          {problem}
        </p>
        <button type="submit" className="main" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
