import { findChromium } from '@fairlead/testkit/browser';
import { provide } from '@fairlead/tools-apt';

/** Finds the Chromium in which tests open the page, or installs Debian's. */
process.exitCode = await provide({
  what: 'Chromium',
  debianPackage: 'chromium',
  async find() {
    const found = await findChromium();
    return found && `${found.version} at ${found.path}`;
  },
  help:
    'where CHROMIUM points, or on PATH as chromium, chromium-browser or google-chrome.\n' +
    'Install it: `apt-get install chromium` (as root, Debian), `dnf install chromium`, `brew install --cask chromium`;\n' +
    'or let CHROMIUM name the program of a Chromium or Chrome that is there.\n',
});
