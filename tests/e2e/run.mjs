// Runs every spec in order against one server in one browser, a line per test, and one line at the end.
// `node run.mjs loop live` runs only those specs. Nothing it starts outlives it. Read from the environment: GANGLION_BIN (the
// binary), GANGLION_HOME (folder with its data and packs), CHROMIUM (the browser) and SLOW_MS (lib.mjs); each has a value of its own otherwise.
import { copyFileSync, mkdtempSync, mkdirSync, rmSync, existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const home = resolve(here, "../..");
const scratch = mkdtempSync(join(tmpdir(), "ganglion-e2e-"));
// The browser's profile lies under the temporary folder; so it goes with everything else.
process.env.TMPDIR = scratch;

const { chromium } = await import("playwright-core");
const { Server } = await import("./server.mjs");
const { World } = await import("./lib.mjs");

const SPECS = ["loop", "live", "no-scripts", "bad-input", "at-once", "halls", "map", "accessibility", "roles", "documents", "author", "registers", "import", "figures", "plans", "work", "rows", "late", "search", "maps", "base-maps", "outward", "client", "signin", "restart", "schema"];
/** A program by path, or by name as the shell would find it. */
function onPath(name) {
  if (!name || name.includes("/")) return name || undefined;
  return (process.env.PATH ?? "").split(":").map((dir) => `${dir}/${name}`).find(existsSync);
}

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** No test needs longer, even on a machine with other work. */
const TEST_MS = 240_000;

const asked = process.argv.slice(2);
const shots = join(home, "target", "e2e");
let passed = 0;
let failed = 0;
/** What failed and why, said again at the end: a log that is cut keeps its last lines. */
const failures = [];

function within(promise, name) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${name} took longer than ${TEST_MS / 1000} s`)), TEST_MS)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function runSpec(world, spec) {
  const tests = [];
  const { default: declare, serial } = await import(`./specs/${spec}.mjs`);
  declare((name, body) => tests.push({ name, body }));
  let broken = false;
  for (const { name, body } of tests) {
    const full = `${spec}: ${name}`;
    if (broken) {
      failed += 1;
      console.log(`not ok  ${full} (an earlier step failed)`);
      continue;
    }
    const began = performance.now();
    try {
      const note = await within(body(world), full);
      passed += 1;
      console.log(`ok      ${full} (${((performance.now() - began) / 1000).toFixed(1)} s)${note ? ` ${note}` : ""}`);
    } catch (error) {
      failed += 1;
      broken = serial === true;
      failures.push(`not ok  ${full}\n        ${String(error.stack ?? error).split("\n").slice(0, 12).join("\n        ")}`);
      console.log(failures.at(-1));
      await world.shoot(shots, full).catch(() => {});
      copyFileSync(join(scratch, "server.log"), join(shots, "server.log"));
    }
    await world.closePages(serial === true && !broken);
  }
  await world.closePages(false);
}

async function main() {
  mkdirSync(shots, { recursive: true });
  for (const file of readdirSync(shots)) rmSync(join(shots, file), { recursive: true, force: true });
  const binary = resolve(process.env.GANGLION_BIN ?? join(home, "target/debug/ganglion"));
  const executablePath = onPath(process.env.CHROMIUM) ?? BROWSERS.find(existsSync);
  if (!existsSync(binary)) throw new Error(`there is no ${binary}: run cargo build first`);
  if (!executablePath) throw new Error("no browser found: name one in CHROMIUM");
  const server = new Server(binary, scratch, process.env.GANGLION_HOME ?? home);
  let browser = null;
  let world = null;
  const end = async () => {
    await browser?.close().catch(() => {});
    await Promise.all([server, ...(world?.also ?? [])].map((one) => one.stop()));
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  };
  // Something a failed test still waited for: the test has been counted, and the rest must run and be cleaned up.
  process.on("unhandledRejection", (error) => console.log(`        later: ${String(error).split("\n")[0]}`));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void end().finally(() => process.exit(1)));
  try {
    const ms = await server.start();
    console.log(`ready after ${(ms / 1000).toFixed(1)} s at ${server.url}`);
    browser = await chromium.launch({ executablePath, args: FLAGS });
    world = new World(server, browser, scratch);
    for (const spec of SPECS.filter((name) => asked.length === 0 || asked.includes(name))) await runSpec(world, spec);
    await world.end();
  } finally {
    await end();
  }
}

try {
  await main();
} catch (error) {
  failed += 1;
  failures.push(`not ok  the run itself\n        ${error.stack ?? error}`);
  console.log(failures.at(-1));
}
if (failures.length > 0) console.log(`again, what failed:\n${failures.slice(0, 6).join("\n")}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
