// Plans as those meet them who compute them: the water of the city over a year, adopted into its register; the circle of a county on a
// map; who may see neither; the same on a phone and with scripts off.
import { PHONE, axe, check, holds, same } from "../lib.mjs";

const number = (text) => Number(text.replaceAll(",", "").replace(/[^\d.-].*$/s, ""));
const WATER = "/plans/three_sources?run=1&place=1309&date=2022-06-01&f.year=2022";

export default function (test) {
  test("from the list to a year of water: what is served, what lacks and why, and the spreadsheet", async (world) => {
    const page = await world.signIn("water_officer.1309");
    await page.goto("/plans");
    await page.getByRole("link", { name: "三水统一调配" }).click();
    await page.getByLabel("年", { exact: true }).fill("2022");
    await page.getByLabel("测算日期").fill("2022-06-01");
    await page.getByRole("button", { name: "测算" }).click();
    await page.waitForURL(/f\.year=2022/);
    const served = number(await page.locator(".plan-number").innerText());
    check(served > 0 && Number.isInteger(served), `served ${served}`);
    holds(await page.locator("#tiers").innerText(), "100", "the first tier has all it asks for");
    check(await page.locator("#lacks tbody tr").count() > 0, "what lacks is listed");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "导出 XLSX" }).click()]);
    check(/\.xlsx$/.test(download.suggestedFilename()), download.suggestedFilename());
    same(page.said.join("\n"), "", "what the pages complained about");
  });

  test("adopted, the rows stand in the register, and nothing is left to adopt", async (world) => {
    const page = await world.signIn("water_officer.1309");
    await page.goto(WATER);
    await page.getByRole("button", { name: /采纳/ }).click();
    await page.waitForURL(/three_sources/);
    holds(await page.locator("main").innerText(), "已采纳", "what was done");
    await page.goto(WATER);
    same(await page.locator(".plan-adopt button").count(), 0, "buttons to adopt what stands already");
    await page.goto("/registers/water_allotment");
    check(await page.locator("main tbody tr").count() > 0, "rows of the register");
  });

  test("a circle stands on a map, and each village leads on", async (world) => {
    const { county } = await world.here();
    const page = await world.signIn(await world.account("hall_office", "county"));
    await page.goto(`/plans/fifteen_minute_circle?run=1&place=${county.code}`);
    check(await page.locator(".plan-number").count() === 1, "a result");
    check(await page.locator(".plan-legend li").count() >= 2, "what the colours of the map mean");
    check(await page.locator("#reached tbody tr").count() > 0, "every village with its minutes");
  });

  test("who has no part in a plan sees neither it nor the list", async (world) => {
    const page = await world.signIn(await world.account("dispatcher"));
    const status = async (path) => (await page.context().request.get(path, { maxRedirects: 0 })).status();
    same(await status("/plans/three_sources"), 404, "a plan of others");
    await page.goto("/desk");
    same(await page.locator("nav a[href='/plans']").count(), 0, "entries in the menu");
    const visitor = await world.page();
    same((await visitor.context().request.get("/plans", { maxRedirects: 0 })).status(), 303, "a visitor");
  });

  test("on a phone and with scripts off it is the same plan", async (world) => {
    const page = await world.signIn("water_officer.1309", { viewport: PHONE, javaScriptEnabled: false });
    await page.goto(WATER);
    check(number(await page.locator(".plan-number").innerText()) > 0, "served");
    const scripted = await world.signIn("water_officer.1309", { viewport: PHONE });
    await scripted.goto(WATER);
    check(await scripted.evaluate(() => document.scrollingElement.scrollWidth - innerWidth) <= 0, "wider than the screen");
    same((await axe(scripted)).join("\n"), "", "accessibility");
  });
}
