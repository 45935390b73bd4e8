export { findChromium, requireChromium, type Chromium } from './find.ts';
export { startBrowser } from './start.ts';
