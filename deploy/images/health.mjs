// The health check of an image without a shell: ends with 0 if the address answers with success within four seconds.
const [, , address] = process.argv;
try {
  const { ok, status } = await fetch(address, { signal: AbortSignal.timeout(4000) });
  if (!ok) throw new Error(`${address} answered ${status}`);
} catch (error) {
  console.error(error.cause?.message ?? error.message);
  process.exit(1);
}
