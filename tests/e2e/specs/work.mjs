// Work that follows from a pack: a resident reports in it, the officer plans with rows of materials, the order is printed and
// checked by anybody, the county lengthens a limit in another unit; board, batch of letters, tables, notices.
import { LAPTOP, PHONE, axe, check, holds, same } from "../lib.mjs";

export const serial = true;

export default function (test) {
  const s = {};

  test("a resident reports through the new system's own form, its question asked only when it applies", async (world) => {
    const { village } = await world.here();
    s.village = village;
    const page = await world.page({ viewport: PHONE });
    await page.goto("/");
    await page.getByRole("link", { name: /养护工程/ }).click();
    const kinds = page.locator("select[name=category]");
    await kinds.selectOption("other");
    check(!(await page.locator("[data-category-search]").count()), "four kinds have to be searched");
    await page.locator("[name=description]").fill("树倒在路边");
    await page.locator("[data-next]").click();
    await page.locator("#f-county").selectOption((await world.here()).county.code);
    await page.locator("[data-next]").click();
    const what = page.locator('.field:has([name="what"])');
    await what.waitFor({ state: "visible" });
    await page.locator("[data-prev]").click();
    await page.locator("[data-prev]").click();
    await kinds.selectOption("pothole");
    await page.locator("[data-next]").click();
    await page.locator("[data-next]").click();
    await what.waitFor({ state: "hidden" });
    same(page.said.join("\n"), "", "what the page complained about");
  });

  test("the officer takes one in at the window and plans it: rows, sums, a check with its words", async (world) => {
    s.page = await world.signIn("road.officer");
    await s.page.goto("/cases/new?process=repair");
    await s.page.locator("input[name=damage][value=pothole]").check();
    await s.page.locator("[name=about]").fill("桥头坑槽 <i>两处</i>");
    await s.page.locator("[name=place]").selectOption(s.village.code);
    await s.page.locator("main form button[type=submit]").last().click();
    await s.page.waitForURL(/\/cases\/YH-/);
    s.number = decodeURIComponent(new URL(s.page.url()).pathname.split("/")[2]);
    const plan = s.page.locator("#action-plan");
    await plan.locator("> summary").click();
    const rows = plan.locator("[data-row]");
    await rows.nth(0).locator("input").nth(0).fill("沥青");
    await rows.nth(0).locator("input").nth(1).fill("2.5");
    await rows.nth(0).locator("input").nth(2).fill("400");
    await plan.locator("[data-given$='.cost']").first().filter({ hasText: "1,000" }).waitFor();
    const contractor = plan.locator('.field:has([name="contractor"])');
    await contractor.waitFor({ state: "hidden" });
    await plan.locator("[name=outside]").check();
    await contractor.waitFor({ state: "visible" });
    await plan.locator("[name=outside]").uncheck();
    await contractor.waitFor({ state: "hidden" });
    await plan.locator("[name=budget]").fill("900");
    await plan.locator("form button[type=submit]").last().click();
    holds(await s.page.locator("#action-plan").innerText(), "预算不能少于用料合计", "the check");
    same(await s.page.locator("#action-plan [data-row] input").nth(0).inputValue(), "沥青", "the row kept");
    await s.page.locator("#action-plan [name=budget]").fill("1200");
    await s.page.locator("#action-plan form button[type=submit]").last().click();
    await s.page.locator(".notice-ok").waitFor();
    const said = await s.page.locator("main").innerText();
    holds(said, "施工中", "the state");
    holds(said, "1,000.00", "the sum");
    check(!(await s.page.locator("main i", { hasText: "两处" }).count()), "HTML of a report became part of the page");
  });

  test("its order is a PDF, and everybody may check its code", async (world) => {
    const card = s.page.locator("#documents");
    const href = await card.locator("a[target=_blank][href*='/documents/']").first().getAttribute("href");
    const answer = await s.page.context().request.get(href);
    check((await answer.body()).subarray(0, 5).toString() === "%PDF-", "the order");
    const code = await card.locator("a[href^='/v/']").first().getAttribute("href");
    const anybody = await world.page({ viewport: PHONE, javaScriptEnabled: false });
    await anybody.goto(code);
    holds(await anybody.locator("main").innerText(), "有效", "the check");
    await anybody.goto("/v?code=0000");
    holds(await anybody.locator("main").innerText(), "没有查到", "a made-up code");
  });

  test("the county lengthens a limit of hours by days, and not by more than it may", async (world) => {
    const client = await (await world.visitor()).signIn("road.officer");
    const { html } = await client.get("/cases/new?process=repair");
    check(html.includes("养护工程"), "the form");
    s.second = await opened(client, s.village.code, "drain");
    const director = await world.signIn("road.director");
    await director.goto(`/cases/${s.second}`);
    const extend = director.locator("#action-extend_plan");
    await extend.locator("> summary").click();
    await extend.locator("[name=by]").fill("5 wd");
    await extend.locator("[name=reason]").fill("连日下雨");
    await extend.locator("form button[type=submit]").last().click();
    holds(await director.locator("main").innerText(), "不能延长这么久", "five days where two may be");
    await director.locator("#action-extend_plan [name=by]").fill("1 wd");
    await director.locator("#action-extend_plan form button[type=submit]").last().click();
    await director.locator(".notice-ok").waitFor();
    check(!(await director.locator("#action-extend_plan").count()), "it can be extended a second time");
  });

  test("the board shows states side by side, on a phone one beside the other", async (world) => {
    await s.page.goto("/cases/board?process=repair");
    const columns = await s.page.locator(".board-column h2").allInnerTexts();
    check(columns.length >= 3 && columns[1].includes("施工中"), `the columns: ${columns}`);
    await s.page.locator(".board-column", { hasText: "施工中" }).locator(".case-link").first().click();
    await s.page.waitForURL(/\/cases\//);
    const phone = await world.signIn("road.officer", { viewport: PHONE });
    await phone.goto("/cases/board?process=repair");
    check(await phone.evaluate(() => document.scrollingElement.scrollWidth - innerWidth) <= 1, "the board makes the page wider");
  });

  test("a batch of orders is made with progress and can be fetched", async (world) => {
    await s.page.goto("/documents");
    await s.page.getByText("养护任务单").click();
    await s.page.locator("main form button[type=submit]").first().click();
    await s.page.waitForURL(/\/documents\/batches\//);
    const zip = s.page.locator("a[download]");
    await zip.waitFor();
    const answer = await s.page.context().request.get(await zip.getAttribute("href"));
    check((await answer.body()).subarray(0, 2).toString() === "PK", "the archive");
    const other = await world.signIn("road.second");
    check([403, 404].includes((await other.context().request.get(new URL(s.page.url()).pathname)).status()), "somebody else's batch");
  });

  test("the monthly report and the table come from the same figures", async (world) => {
    const director = await world.signIn("road.director");
    await director.goto("/documents");
    for (const [name, begins] of [["road_report.pdf", "%PDF"], ["repairs_by_township.xlsx", "PK"]]) {
      const answer = await director.context().request.get(await director.locator(`a[href*='${name}']`).first().getAttribute("href"));
      check((await answer.body()).toString("latin1").startsWith(begins), name);
    }
  });

  test("everybody reads the notice of the works and objects; typing sends nothing", async (world) => {
    const page = await world.page({ viewport: PHONE });
    await page.goto(`/notices?place=${(await world.here()).township.code}`);
    await page.getByRole("link", { name: "施工公示" }).first().click();
    const said = await page.locator("main").innerText();
    holds(said, "桥头坑槽 <i>两处</i>", "the notice");
    check(!said.includes(s.number), "the notice says more than it should");
    const what = page.locator('.field:has([name="what"])');
    await page.locator("input[name=kind][value=other]").check();
    await what.waitFor({ state: "visible" });
    await page.locator("input[name=kind][value=noise]").check();
    await what.waitFor({ state: "hidden" });
    await page.locator("[name=about]").fill("夜里请停工");
    await page.locator("[name=place]").selectOption(s.village.code);
    await page.locator("main form button[type=submit]").last().click();
    await page.locator(".notice-ok").waitFor();
    const { html } = await (await (await world.visitor()).signIn("road.officer")).get("/cases?process=road_objection");
    same(html.split("夜里请停工").length - 1, 1, "objections that came in");
  });

  test("notices and the check of a document stand in the frame of the public, without scripts", async (world) => {
    const page = await world.page({ viewport: LAPTOP, javaScriptEnabled: false });
    for (const [path, part] of [["/notices", "公示"], ["/v", "核验"]]) {
      await page.goto(path);
      holds(await page.locator("main h1").innerText(), part, path);
    }
  });

  test("the rules of accessibility hold on these pages", async (world) => {
    const found = [];
    const phone = await world.signIn("road.officer", { viewport: PHONE });
    for (const page of [s.page, phone]) {
      for (const path of ["/cases/board?process=repair", `/cases/${s.number}`, `/cases/${s.second}`, "/cases/new?process=repair", "/documents"]) {
        await page.goto(path);
        await page.evaluate(() => document.querySelectorAll("details").forEach((part) => part.removeAttribute("name") || (part.open = true)));
        for (const line of await axe(page)) found.push(`${path} ${line}`);
      }
    }
    check(found.length === 0, () => found.slice(0, 20).join("\n"));
  });
}

/** Opens a repair by its form; gives its number. */
async function opened(client, village, damage) {
  const { html } = await client.get("/cases/new?process=repair");
  const hidden = Object.fromEntries([...html.slice(html.indexOf("/cases/new?process=repair\"")).matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]));
  const answer = await client.post("/cases/new?process=repair", { ...hidden, damage, about: "边沟堵塞", place: village });
  const number = /\/cases\/(.+)$/.exec(answer.to ?? "")?.[1];
  check(number, () => `not opened: ${answer.status}`);
  return decodeURIComponent(number);
}
