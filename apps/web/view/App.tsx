import { useCallback, useState } from 'react';
import { keptToken } from '../session.ts';
import { Session } from './Session.tsx';
import { SignIn } from './SignIn.tsx';

/** The page: whoever has no token signs in first. */
export function App() {
  const [token, setToken] = useState(keptToken.read);
  const [said, setSaid] = useState<string>();
  const signOut = useCallback((why?: string): void => {
    keptToken.forget();
    setSaid(why);
    setToken(undefined);
  }, []);
  if (token === undefined) {
    const signIn = (given: string): void => {
      keptToken.write(given);
      setSaid(undefined);
      setToken(given);
    };
    return <SignIn said={said} onSignIn={signIn} />;
  }
  return <Session key={token} token={token} onEnd={signOut} />;
}
