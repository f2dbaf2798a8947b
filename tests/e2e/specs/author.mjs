// A pack author brings a system that is on none of our pages to the running demonstration: a mistake is shown with its line,
// mended it is looked at before anything changes, installed while people work, given people, and taken up from the command line.
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ROADS, check, holds, same } from "../lib.mjs";

export const serial = true;

const source = resolve(dirname(fileURLToPath(import.meta.url)), "../packs/roads");

export default function (test) {
  const s = {};

  test("a mistake is shown with file, line and what to write", async (world) => {
    s.folder = join(world.scratch, "roads");
    cpSync(source, s.folder, { recursive: true });
    const bad = join(s.folder, "registers/bridge.yaml");
    s.good = readFileSync(bad, "utf8");
    writeFileSync(bad, s.good.replace("form.condition in", "form.conditon in"));
    s.page = await world.signIn("admin.1309");
    await s.page.goto("/admin/packs");
    check((await s.page.locator("main").innerText()).includes("安装人：系统"), "who installed the first set");
    await s.page.locator("#f-folder").setInputFiles(s.folder);
    await s.page.locator("#put button[type=submit]").click();
    const said = await s.page.locator("main").innerText();
    holds(said, "roads/registers/bridge.yaml:20", "the finding");
    holds(said, "condition", "the remedy");
    check(!(await s.page.locator("form[action='/admin/packs/install']").count()), "it can be installed all the same");
  });

  test("mended it is looked at: what is new, and that no row is in the way", async () => {
    writeFileSync(join(s.folder, "registers/bridge.yaml"), s.good);
    await s.page.goto("/admin/packs");
    await s.page.locator("#f-folder").setInputFiles(s.folder);
    await s.page.locator("#put button[type=submit]").click();
    const said = await s.page.locator("main").innerText();
    for (const part of ["没有挡路的数据", "新增业务包“农村公路养护”", "登记册 · 桥梁", "还没有人担任的角色", "公路养护员（乡镇（街道））", "新增文书模板“order.typ”"]) holds(said, part, "the page before installing");
    check(!/error|warning/i.test(said), () => `findings of a clean pack: ${said.slice(0, 800)}`);
  });

  test("it is installed while the server goes on, with progress", async (world) => {
    const clerk = await world.staff("call_taker");
    await s.page.locator("form[action='/admin/packs/install'] button").click();
    await s.page.waitForURL(/\/admin\/packs\/install\//);
    await s.page.getByText(/已安装为/).waitFor();
    holds(await s.page.locator("main").innerText(), "还没有人担任的角色", "the page after installing");
    // Who leaves the page finds the same beside the pack.
    const here = s.page.url();
    await s.page.goto("/admin/packs");
    same(await s.page.locator("form[action='/admin/packs/install/roads/posts']").count(), 1, "posts beside the pack");
    await s.page.goto(here);
    await s.page.locator("form[action$='/posts'] button").click();
    await s.page.locator(".notice-ok").first().waitFor();
    check(!(await s.page.locator("main").innerText()).includes("还没有人担任的角色"), "nobody holds the roles still");
    const visitor = await world.page();
    await visitor.goto("/sign-in");
    for (const part of ["公路养护员", "公路站站长"]) holds(await visitor.locator("main").innerText(), part, "the sign-in page of the demonstration");
    same((await clerk.get("/desk")).status, 200, "the desk of somebody at work");
    const paths = Object.keys((await (await fetch(`${world.url}/api/openapi.json`)).json()).paths);
    check(paths.includes("/api/registers/bridge/rows"), "the interface for other software has the new register");
    await s.page.goto("/admin/packs");
    holds(await s.page.locator("main").innerText(), "roads", "the list of packs");
    same(s.page.said.join("\n"), "", "what the pages complained about");
  });

  test("posts of its roles are given to people", async (world) => {
    for (const [account, name, role, place] of await ROADS(world)) {
      await s.page.goto("/admin/accounts");
      await s.page.locator("#f-account").fill(account);
      await s.page.locator("#f-name").fill(name);
      await s.page.locator("#f-password").fill("roads-and-bridges-2026");
      await s.page.locator("#f-role").selectOption(role);
      await s.page.locator("#f-place").fill(place);
      await s.page.locator(`#f-place-list option[label*='${place}']`).waitFor({ state: "attached" });
      await s.page.locator("aside form button[type=submit]").click();
      await s.page.locator(".notice-ok").waitFor();
    }
    const page = await world.signIn("road.officer");
    await page.goto("/registers");
    for (const part of ["乡村道路", "桥梁", "养护片区"]) holds(await page.locator("main").innerText(), part, "the registers of the officer");
  });

  test("who administers has a title, and the demonstration that stands still says nothing of speed", async (world) => {
    await s.page.goto("/desk");
    holds(await s.page.locator(".topbar").innerText(), "系统管理员", "the head of the page");
    check(!(await s.page.locator(".demo-strip").innerText()).includes("比实际快"), "the strip speaks of speed");
    const page = await world.page();
    await page.goto("/sign-in");
    holds(await page.locator("main").innerText(), "系统管理员", "the sign-in page");
  });

  test("a new version comes from the command line beside the running server", async (world) => {
    const header = join(s.folder, "pack.yaml");
    writeFileSync(header, readFileSync(header, "utf8").replace('version: "1"', 'version: "2"').replace("c5: {zh: 五类, en: Class 5}", "c5: {zh: 五类（危桥）, en: Class 5}"));
    const run = (...more) => spawnSync(world.server.binary, ["pack", "install", s.folder, "--data", join(world.server.folder, "data"), "--home", world.server.home, ...more], { encoding: "utf8" });
    const looked = run("--dry-run");
    same(looked.status, 0, `looking: ${looked.stderr}`);
    holds(looked.stdout, "nothing was changed", "what a look says");
    const done = run();
    same(done.status, 0, `installing: ${done.stderr}`);
    holds(done.stdout, "installed as set", "what installing says");
    // The server takes it over within a second.
    const page = await world.signIn("road.officer");
    for (let n = 0; n < 100; n += 1) {
      await page.goto("/registers/bridge/new");
      if ((await page.locator("main").innerText()).includes("危桥")) return;
    }
    throw new Error("the running server did not take the new version over");
  });
}
