/** Calls back when somebody looks at the tab again, or the machine is online again; returns how to stop. */
export function wakes(wake: () => void): () => void {
  const looked = (): void => {
    if (document.visibilityState === 'visible') wake();
  };
  document.addEventListener('visibilitychange', looked);
  window.addEventListener('online', wake);
  return () => {
    document.removeEventListener('visibilitychange', looked);
    window.removeEventListener('online', wake);
  };
}
