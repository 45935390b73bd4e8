// The health check of an image without a shell: ends with 0 if the address answers with success within four seconds, and
// else says what it answered, where `docker inspect` shows it.
const [, , address] = process.argv;
try {
  const response = await fetch(address, { signal: AbortSignal.timeout(4000) });
  if (!response.ok)
    throw new Error(`${address} answered ${response.status}: ${(await response.text()).slice(0, 2000)}`);
} catch (error) {
  console.error(error.cause?.message ?? error.message);
  process.exit(1);
}
