// A client in TypeScript, generated from the interface's own description and compiled against it, goes through the closed
// loop with service keys. Nothing of it is kept: types are made anew from the running server.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { POINT, check, same } from "../lib.mjs";

const home = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const OPTIONS = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], module: "nodenext", moduleResolution: "nodenext", types: [] };

export const serial = true;

/** Runs a program of a package of these tests; gives what it said and how it ended. */
async function run(cwd, [name, program], args) {
  const script = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), program);
  const child = spawn(process.execPath, [script, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (said += part));
  const code = await new Promise((done, failed) => child.once("error", failed).once("close", done));
  return { code, said };
}

/** What must not compile: a value of another type, an address that leads nowhere. */
const WRONG = `import createClient from "openapi-fetch";
import type { paths } from "./api.js";
const client = createClient<paths>({ baseUrl: "" });
await client.POST("/api/processes/incident/cases", { body: { form: { category: 102, description: "x" } } });
await client.GET("/api/processes/incidents/cases");
`;
/** Apart: the compiler says once that no address fits, and is silent about the next. */
const NO_PLAN = `import createClient from "openapi-fetch";
import type { paths } from "./api.js";
await createClient<paths>({ baseUrl: "" }).GET("/api/plans/no_such_plan");
`;

export default function (test) {
  const s = {};

  test("a client is generated from the description; it compiles, and what does not fit does not", async (world) => {
    s.folder = join(world.scratch, "client");
    mkdirSync(s.folder);
    const put = (name, text) => writeFileSync(join(s.folder, name), text);
    symlinkSync(join(home, "node_modules"), join(s.folder, "node_modules"));
    const described = await fetch(`${world.url}/api/openapi.json`, { headers: { "accept-language": "en" } });
    same(described.status, 200, "the description");
    put("api.json", await described.text());
    const made = await run(s.folder, ["openapi-typescript", "bin/cli.js"], ["api.json", "-o", "api.d.ts", "--default-non-nullable=false"]);
    same(made.code, 0, `making the types: ${made.said}`);
    for (const file of ["loop.ts", "desk.ts"]) copyFileSync(join(home, "client", file), join(s.folder, file));
    put("wrong.ts", WRONG);
    put("package.json", JSON.stringify({ type: "module" }));
    put("no-plan.ts", NO_PLAN);
    const finds = async (files) => {
      put("tsconfig.json", JSON.stringify({ compilerOptions: OPTIONS, files }));
      const { said } = await run(s.folder, ["typescript", "bin/tsc"], ["-p", "tsconfig.json"]);
      return { said, at: said.split("\n").map((line) => /^[^ ]+?\(\d+,/.exec(line)?.[0]).filter(Boolean).join(" ") };
    };
    const wrong = await finds(["loop.ts", "desk.ts", "wrong.ts"]);
    same(wrong.at, "wrong.ts(4, wrong.ts(5,", `what the compiler finds: ${wrong.said}`);
    const none = await finds(["no-plan.ts"]);
    same(none.at, "no-plan.ts(3,", `what the compiler finds in an address of no plan: ${none.said}`);
  });

  test("it goes through the closed loop with service keys", async (world) => {
    const places = await world.here();
    const admin = await world.staff("admin", "county");
    const key = async (name, role, place, scopes) => {
      const csrf = await admin.csrf();
      const { status, html } = await admin.post("/admin/keys", { csrf, name: `loop-${name}`, title: name, role, place, per_minute: "100", scopes });
      const secret = /<output id="secret">([^<]+)<\/output>/.exec(html)?.[1];
      check(status === 200 && secret, () => `the key ${name} was not made: ${status} ${html.slice(0, 2000)}`);
      return secret;
    };
    const township = places.township.code;
    const keys = {
      partner: await key("partner", "api", places.county.code, ["processes:incident:write"]),
      taker: await key("taker", "call_taker", township, ["processes:incident:write"]),
      dispatcher: await key("dispatcher", "dispatcher", township, ["processes:incident:write"]),
      handler: await key("handler", "handler", township, ["processes:incident:write"]),
      verifier: await key("verifier", "verifier", township, ["processes:incident:write"]),
      reader: await key("reader", "leader", places.county.code, ["processes:incident:read", "figures:read"]),
    };
    const { loop } = await import(pathToFileURL(join(s.folder, "loop.js")).href);
    const job = { base: world.url, keys, location: [POINT.lon, POINT.lat], duty: `handler.${township}.key-loop-handler`, place: township, period: String(new Date().getFullYear()), photo: await world.photo("after") };
    const went = await loop(job);
    same(went.again, went.number, "the same key of idempotency");
    same(went.states.join(" "), "filed dispatched in_progress done closed closed", "the states");
    same(went.after - went.before, 1, "settled cases");
    check(went.behind === went.after && went.found, () => `the rows behind the figure: ${JSON.stringify(went)}`);
    check(went.suggested.every((post) => typeof post === "string" && post !== ""), () => JSON.stringify(went.suggested));
    same(went.withheld.join(" "), "reporter_phone", "what is withheld");
    same(`${went.refused.status} ${went.refused.code}`, "403 not_allowed", "a step of somebody else");
    return went.number;
  });

  test("plans, rules and administration are read with the token of a person", async (world) => {
    const { county } = await world.here();
    const token = async (account) => {
      const page = await world.signIn(account);
      return (await page.context().cookies()).find(({ name }) => name === "session").value;
    };
    const { desk } = await import(pathToFileURL(join(s.folder, "desk.js")).href);
    const read = await desk({ base: world.url, planner: await token(`leader.${county.code}`), admin: await token(`admin.${county.code}`), county: county.code });
    check(read.plans.includes("fifteen_minute_circle") && read.asked > 0 && read.reached > 0, () => JSON.stringify(read));
    check(read.rules > 0 && read.dispatchers > 0 && read.accounts === 5, () => JSON.stringify(read));
    same(`${read.closed.status} ${read.closed.policy}`, '404 "session";q=18000;w=900', "administration for somebody else");
    return JSON.stringify(read);
  });
}
