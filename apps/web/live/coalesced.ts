/**
 * One piece of work at a time for each key: what is asked for meanwhile is done once more after it, however often it was
 * asked. So nothing is missed, and a burst of events costs two looks.
 */
export function coalesced(
  work: (key: string) => Promise<void>,
  onError: (thrown: unknown) => void,
): (key: string) => void {
  const running = new Map<string, { again: boolean }>();
  const run = async (key: string, turn: { again: boolean }): Promise<void> => {
    do {
      turn.again = false;
      await work(key).catch(onError);
    } while (turn.again);
    running.delete(key);
  };
  return (key) => {
    const turn = running.get(key);
    if (turn) {
      turn.again = true;
      return;
    }
    const first = { again: false };
    running.set(key, first);
    void run(key, first);
  };
}
