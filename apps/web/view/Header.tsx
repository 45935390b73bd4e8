import { hashOf } from '../model/place.ts';
import { Logo } from './Logo.tsx';

/** How the line to the hub is. */
export type Line = 'Dialling' | 'Live' | 'Lost';

const lineTexts: Readonly<Record<Line, string>> = {
  Dialling: '○ connecting',
  Live: '● live',
  Lost: '○ connection lost, trying again',
};

/** The top of every place: where home is, whether what is shown is live, and who is signed in. */
export function Header({ name, line, onSignOut }: { name: string | undefined; line: Line; onSignOut: () => void }) {
  return (
    <header>
      <a className="home" href={hashOf({ kind: 'Board' })}>
        <Logo /> Fairlead
      </a>
      <output className={`line ${line}`}>{lineTexts[line]}</output>
      <span className="who">{name}</span>
      <button type="button" onClick={onSignOut}>
        Sign out
      </button>
    </header>
  );
}
