// Programs of PyPI the specs try the interfaces with. The set-up (`cargo xtask setup`) installs them; whoever runs a spec alone gets
// them here. Where PyPI cannot be reached the spec says that it was not run.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
/** Kept between runs: fetching takes longer than the tests. */
const VENV = resolve(here, "../../target/python");
const FETCH_MS = 120_000;

/** Runs a program; gives what it said and how it ended. */
export function ran(program, args, ms, options = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: ms, ...options });
    let said = "";
    child.stdout.on("data", (part) => (said += part));
    child.stderr.on("data", (part) => (said += part));
    child.once("error", (error) => done({ code: 1, said: String(error) }));
    child.once("close", (code, signal) => done({ code: code ?? 1, said: signal ? `${said}\nended by ${signal}` : said }));
  });
}

/** The Python that has `module`; null with the reason where it cannot be had. */
export async function python(module) {
  const own = join(VENV, "bin/python");
  const has = async () => existsSync(own) && (await ran(own, ["-c", `import ${module}`], FETCH_MS)).code === 0;
  if (await has()) return { own };
  const made = await ran("python3", ["-m", "venv", VENV], FETCH_MS);
  if (made.code !== 0) return { own: null, why: made.said };
  const wanted = join(here, "requirements.txt");
  const fetched = await ran(own, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--requirement", wanted], FETCH_MS);
  if (fetched.code !== 0) return { own: null, why: fetched.said };
  if (await has()) return { own };
  throw new Error(`${module} was installed and cannot be used`);
}

/** What a spec says that was not run. */
export const notRun = (what, why) => `NOT TESTED: ${what} cannot be fetched (${why.trim().split("\n").at(-1)})`;
