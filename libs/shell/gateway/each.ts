/** How many are under way at a time: the store takes the calls together, and does not hold all of them. */
const atOnce = 64;

/** Does the work for each, a few at a time, in order. Rejects with the first failure; what is under way goes on. */
export async function forEach<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items].values();
  const line = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, line));
}
