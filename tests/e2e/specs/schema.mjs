// The interface against its own description, as a program that is not ours reads it: schemathesis makes up calls of every operation,
// right ones and wrong ones, for keys of several roles and for nobody. No answer may be a fault of the server, and statuses,
// content types, headers and bodies are as they are described. The seed is fixed and the calls are few: a longer run is in docs/security.md.
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { notRun, python, ran } from "../python.mjs";
import { check, same } from "../lib.mjs";

const home = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance", "ignored_auth"];
const SCOPES = ["processes:*:read", "processes:*:write", "registers:*:read", "registers:*:write", "figures:read", "places:read", "events:read"];
/** One run makes some five hundred calls and takes about twelve seconds. */
const RUN_MS = 90_000;

export default function (test) {
  let found = null;
  const program = async () => (found ??= await python("schemathesis"));

  /** Calls every operation as often as said; gives the closing line. */
  async function run(world, name, key, words) {
    const { own, why } = await program();
    if (!own) return notRun("schemathesis", why);
    const folder = join(world.scratch, `schema-${name}`);
    mkdirSync(folder, { recursive: true });
    const who = key ? ["--header", `Authorization: Bearer ${key}`] : [];
    const fixed = ["--seed", "5", "--generation-database", "none", "--no-color", "--workers", "2", "--checks", CHECKS.join(",")];
    const env = { ...process.env, GANGLION_URL: world.url, GANGLION_KEY: key ?? "", SCHEMATHESIS_HOOKS: "schema_hooks", PYTHONPATH: home, PYTHONDONTWRITEBYTECODE: "1" };
    const args = ["-m", "schemathesis.cli", "run", `${world.url}/api/openapi.json`, ...who, ...fixed, ...words];
    const { code, said } = await ran(own, args, RUN_MS, { cwd: folder, env });
    const at = Math.max(said.indexOf("= ERRORS"), said.indexOf("= FAILURES"), 0);
    same(code, 0, `schemathesis as ${name} found ${said.slice(at, at + 6000)}`);
    const counts = /(\d+) generated, (\d+) passed/.exec(said);
    check(counts && counts[1] === counts[2] && Number(counts[1]) > 0, () => `nothing was called: ${said.slice(-2000)}`);
    return `${counts[1]} calls`;
  }

  async function key(world, role, level) {
    const place = (await world.here())[level].code;
    const admin = await world.staff("admin", "county");
    const csrf = await admin.csrf();
    const { status, html } = await admin.post("/admin/keys", { csrf, name: `schema-${role}`, title: role, role, place, per_minute: "60000", scopes: SCOPES });
    const secret = /<output id="secret">([^<]+)<\/output>/.exec(html)?.[1];
    check(status === 200 && secret, () => `the key of ${role} was not made: ${status} ${html.slice(0, 2000)}`);
    return secret;
  }

  // Together they reach every operation; what is alike in all processes is called by another key besides.
  const KEYS = [
    ["leader", "county", "^/api/registers/", "2"],
    ["dispatcher", "township", "^/api/processes/", "1"],
    ["api", "county", "^/api/processes/[^/]+/(cases|bulk|next|orders/.+)$", "2"],
  ];
  for (const [role, level, path, calls] of KEYS) {
    test(`operations answer as described to ${role}`, async (world) => run(world, role, await key(world, role, level), ["--phases", "fuzzing", "--max-examples", calls, "--include-path-regex", path]));
  }

  test("and to nobody", (world) => run(world, "nobody", null, ["--phases", "fuzzing", "--max-examples", "1", "--include-path-regex", "/(cases|rows|bulk)$"]));

  test("figures, places and search take every combination of parameters", async (world) =>
    run(world, "parameters", await key(world, "supervisor", "county"), ["--phases", "coverage", "--include-path-regex", "^/api/(figures|places|search)"]));
}
