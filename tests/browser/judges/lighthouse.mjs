// Runs Lighthouse on one page after another, in one browser: each line of JSON on stdin
// requests a report, which is printed as a line of JSON. Arguments: the node_modules
// folder, the path of Chromium, and Chromium's flags.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, chromePath, ...chromeFlags] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/${path}`));
const { default: lighthouse } = await load("lighthouse/core/index.js");
const { launch } = await load("chrome-launcher/dist/index.js");

// Our pages do nothing more once they have loaded, and nobody sees the screenshot in the
// report. When measuring performance, Lighthouse keeps its defaults.
const AT_ONCE = {
  disableFullPageScreenshot: true,
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 0,
  cpuQuietThresholdMs: 0,
};
// On a busy machine, Chromium takes a while to start.
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
