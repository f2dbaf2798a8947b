// Cases about rows of a register, as screens follow from a pack that says no more than a reference: found by name with scripts and
// without, opened for many rows at once, shown by what their row is called, handed on together.
import { PHONE, axe, check, holds, same } from "../lib.mjs";

export const serial = true;

const NEW = "/cases/new?process=bridge_check";
const submit = (page) => page.locator("main form button[type=submit]").last();

export default function (test) {
  const s = {};

  test("ticked bridges each get a case, once, however often the form is sent", async (world) => {
    s.township = (await world.here()).township.code;
    const client = await (await world.visitor()).signIn("road.officer");
    const csrf = await client.csrf();
    for (let n = 1; n <= 22; n += 1) {
      const values = { csrf, "-place": s.township, code: `Q80${String(n).padStart(2, "0")}`, name: `样桥${n}号`, condition: "c1", checked_on: "2026-01-15" };
      const { status } = await client.post("/registers/bridge/new", values);
      same(status, 303, `the bridge ${n}`);
    }
    s.page = await world.signIn("road.officer");
    await s.page.goto("/registers/bridge?q=样桥");
    const boxes = s.page.locator("input[name=row]");
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    holds(await s.page.locator(".bulk").innerText(), "已选 2 行", "how many are ticked");
    await s.page.locator(".bulk").getByRole("button", { name: /桥梁巡检/ }).click();
    const said = await s.page.locator("main").innerText();
    for (const part of ["将为 2 行各登记一件", "样桥1号", "登记 2 件"]) holds(said, part, "the page that asks");
    check(!(await s.page.locator("[name=bridge]").count()), "the bridge is asked though the row says it");
    await submit(s.page).click();
    holds(await s.page.locator(".error-summary").innerText(), "计划日期", "what is missing");
    await s.page.locator("#f-plan_on").fill("2026-12-01");
    const body = await s.page.evaluate(() => new URLSearchParams(new FormData(document.querySelector("main form"))).toString());
    await submit(s.page).click();
    await s.page.getByText("已登记 2 件，0 行没有登记").waitFor();
    const again = await s.page.context().request.post("/registers/bridge/open", { data: body, headers: { "content-type": "application/x-www-form-urlencoded" } });
    same(again.status(), 200, "sent again");
    await s.page.goto("/cases?process=bridge_check");
    holds(await s.page.locator(".list-head").innerText(), "2", "cases after it was sent twice");
    same(await s.page.locator("tr[data-case]").count(), 2, "cases after it was sent twice");
    holds(await s.page.locator("tr[data-case]").first().innerText(), "样桥", "a case is called after its bridge");
  });

  test("all rows of a filter may be chosen, and the page says how many", async () => {
    await s.page.goto("/registers/bridge?q=样桥");
    await s.page.locator(".bulk input[name=all]").count().then((n) => same(n, 0, "all rows stand on the page"));
    await s.page.goto("/registers/bridge?q=样桥2");
    for (const box of await s.page.locator("input[name=row]").all()) await box.check();
    await s.page.locator(".bulk button[name=process]").click();
    holds(await s.page.locator("main").innerText(), "将为 4 行各登记一件", "样桥2、20、21、22");
    await s.page.getByRole("link", { name: "取消" }).click();
    await s.page.waitForURL(/\/registers\/bridge\?q=/);
  });

  test("a bridge is found by its name while somebody types", async () => {
    await s.page.goto(NEW);
    const rows = s.page.locator("select[data-rows=bridge]");
    await s.page.locator("#f-bridge").fill("样桥9号");
    await s.page.waitForFunction(() => document.querySelector("select[data-rows=bridge]").value === "Q8009");
    await s.page.locator("#f-bridge").fill("没有的桥");
    await s.page.locator("[data-find-note]", { hasText: "没有查到“没有的桥”" }).waitFor();
    same(await rows.inputValue(), "", "nothing is chosen");
    await s.page.locator("#f-bridge").fill("样桥1");
    await s.page.waitForFunction(() => document.querySelectorAll("select[data-rows=bridge] option").length === 12);
    await rows.selectOption("Q8014");
    await s.page.locator("#f-plan_on").fill("2026-12-02");
    await submit(s.page).click();
    await s.page.waitForURL(/\/cases\/XJ-/);
    const link = s.page.locator("main a[href*='/registers/bridge/rows/'][href$='Q8014']");
    same(await link.first().innerText(), "样桥14号", "the bridge on the card");
    await link.first().click();
    await s.page.waitForURL(/\/registers\/bridge\/rows\//);
  });

  test("without scripts, on a phone: searched, chosen from what was found, sent", async (world) => {
    const page = await world.signIn("road.officer", { javaScriptEnabled: false, viewport: PHONE });
    await page.goto(NEW);
    await page.locator("#f-plan_on").fill("2026-12-03");
    await page.locator("#f-bridge").fill("样桥1");
    await submit(page).click();
    holds(await page.locator(".field:has(#f-bridge)").innerText(), "请从查到的行中选一行", "several bridges hold the words");
    await page.locator("#f-bridge").fill("样桥22");
    await page.getByRole("button", { name: "查找" }).click();
    holds(await page.locator(".field:has(#f-bridge)").innerText(), "查到 1 行", "what was found");
    same(await page.locator("#f-plan_on").inputValue(), "2026-12-03", "the day kept");
    await page.locator("select[name=bridge]").selectOption("Q8022");
    await submit(page).click();
    await page.waitForURL(/\/cases\/XJ-/);
    holds(await page.locator("main").innerText(), "样桥22号", "the card");
    check(await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth).catch(() => 0) <= 1, "the card is wider than the phone");
  });

  test("cases are handed on together from the desk, and each says what came of it", async () => {
    await s.page.goto("/desk?tab=team&process=bridge_check");
    const boxes = s.page.locator(".case-check input");
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    const give = s.page.locator(".bulk button[name=action][value=give]");
    await give.click();
    holds(await s.page.locator("main").innerText(), "一次办理 2 件", "the form for both");
    await s.page.locator("select[name=who], input[name=who]").first().waitFor();
    const select = s.page.locator("select[name=who]");
    if (await select.count()) await select.selectOption({ index: 1 });
    else await s.page.locator("input[name=who]").first().check();
    await submit(s.page).click();
    await s.page.getByText("2 件已办，0 件没有办成").waitFor();
  });

  test("desk, phone and card say which matter a case is; the phone offers the step that stands out on the card", async (world) => {
    await s.page.goto("/desk?tab=team&process=bridge_check");
    holds(await s.page.locator(".case-row").first().innerText(), "桥梁巡检", "a line of the desk");
    let seen = 0;
    for (const account of ["road.officer", "road.second"]) {
      const phone = await world.signIn(account, { viewport: PHONE });
      await phone.goto("/m");
      const tasks = phone.locator(".m-task", { hasText: "桥梁巡检" });
      for (const task of await tasks.all()) same(await task.locator("a.btn").innerText(), "巡检完毕", "the step that is usual, not the first one");
      seen += await tasks.count();
      if (!(await tasks.count())) continue;
      await tasks.first().locator("h2 a").click();
      holds(await phone.locator(".case-head").innerText(), "桥梁巡检", "the card");
      same(await phone.locator(".btn-primary", { hasText: "巡检完毕" }).count() >= 1, true, "the step on the card");
    }
    check(seen >= 2, `tasks that were handed on: ${seen}`);
  });

  test("the rules of accessibility hold on these pages", async (world) => {
    const found = [];
    const phone = await world.signIn("road.officer", { viewport: PHONE });
    for (const page of [s.page, phone]) {
      for (const path of [NEW, "/registers/bridge?q=样桥", "/desk?tab=team&process=bridge_check"]) {
        await page.goto(path);
        for (const line of await axe(page)) found.push(`${path} ${line}`);
        const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
        if (wide > 1) found.push(`${path} is ${wide} px too wide`);
      }
    }
    same(found.join("\n"), "", "findings");
  });
}
