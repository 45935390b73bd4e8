/** A line that runs through a fairlead. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="6.2" />
      <path d="M1.5 15.5c3.5 0 4.500-3.500 10.500-3.500s7 3.500 10.500 3.500" />
    </svg>
  );
}
