// Lighthouse for one page after the other, in one browser: a line of JSON asks for a
// report, a line of JSON gives it. Takes the folder of modules, Chromium and its flags.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, chromePath, ...chromeFlags] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/${path}`));
const { default: lighthouse } = await load("lighthouse/core/index.js");
const { launch } = await load("chrome-launcher/dist/index.js");

// Our pages are done once they have loaded. Where their speed is measured, Lighthouse
// waits as long as it likes.
const AT_ONCE = {
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 0,
  cpuQuietThresholdMs: 0,
};
// On a busy machine it takes a while to come up.
const chrome = await launch({ chromePath, chromeFlags, maxConnectionRetries: 200 });
for await (const line of createInterface({ input: process.stdin })) {
  const { url, ...flags } = JSON.parse(line);
  const settings = flags.onlyCategories.includes("performance") ? {} : AT_ONCE;
  const config = { extends: "lighthouse:default", settings };
  const { lhr } = await lighthouse(url, { ...flags, port: chrome.port }, config);
  const { audits, categories, runtimeError } = lhr;
  console.log(JSON.stringify({ audits, categories, runtimeError }));
}
chrome.kill();
