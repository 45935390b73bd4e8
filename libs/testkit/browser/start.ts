import { chromium, type Browser } from 'playwright-core';
import { requireChromium } from './find.ts';

/** What it would look up or fetch by itself; nothing leaves this machine. */
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the Chromium of this machine without a window, with a profile of its own that ends with it. */
export async function startBrowser(): Promise<Browser> {
  const { path } = await requireChromium();
  return chromium.launch({ executablePath: path, args: quiet, chromiumSandbox: process.getuid?.() !== 0 });
}
