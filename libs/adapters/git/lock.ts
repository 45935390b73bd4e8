/** Lets one piece of work through at a time, in the order in which they came. */
export function oneAtATime(): <Value>(work: () => Promise<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined); // its caller hears of it; the next one is not concerned
    return result;
  };
}
