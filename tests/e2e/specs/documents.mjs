// Documents in a browser: an order is made on the card and opened as PDF, anybody checks its code on a phone and reads no name,
// withdrawn it no longer stands; a brief and a table are fetched from the page of documents.
import { PHONE, check, holds, same } from "../lib.mjs";

export const serial = true;

/** The post a dispatched case goes to. */
async function duty(world) {
  return `handler.${(await world.here()).township.code}`;
}

async function fetched(page, href) {
  const answer = await page.context().request.get(href);
  return { status: answer.status(), type: answer.headers()["content-type"], bytes: await answer.body() };
}

export default function (test) {
  const s = {};

  test("a dispatcher makes an order and opens it", async (world) => {
    s.number = await world.report({ description: "巷口一片泥水，行人绕行" });
    await (await world.staff("call_taker")).did(s.number, "file");
    await (await world.staff("dispatcher")).did(s.number, "dispatch", { duty: await duty(world) });
    s.page = await world.signIn(await world.account("dispatcher"));
    await s.page.goto(`/cases/${s.number}`);
    const card = s.page.locator("#documents");
    const preview = await card.locator("a[href*='/documents/preview/dispatch_order']").getAttribute("href");
    same((await fetched(s.page, preview)).type, "application/pdf", "the preview");
    await card.locator("form:has(input[value=dispatch_order]) button").click();
    await s.page.waitForURL(/\/cases\//);
    holds(await card.innerText(), "有效", "the card");
    const href = await card.locator("a[target=_blank][href*='/documents/']").first().getAttribute("href");
    const [one, two] = [await fetched(s.page, href), await fetched(s.page, href)];
    same(one.status, 200, "the PDF");
    check(one.bytes.subarray(0, 5).toString() === "%PDF-" && one.bytes.equals(two.bytes), "made twice, it differs");
    s.check = await card.locator("a[href^='/v/']").first().getAttribute("href");
  });

  test("anybody checks its code on a phone, with scripts off", async (world) => {
    const page = await world.page({ viewport: PHONE, javaScriptEnabled: false });
    await page.goto(s.check);
    const text = await page.locator("main").innerText();
    holds(text, "有效", "the page");
    check(!text.includes(s.number) && !text.includes("泥水"), "it says more than it should");
    await page.locator("#f-code").fill("0000 0000 0000 0000 0000");
    await page.locator("form[action='/v'] button").click();
    holds(await page.locator("main").innerText(), "没有查到", "a code that was made up");
  });

  test("withdrawn with a reason it no longer stands", async (world) => {
    await s.page.goto(`/cases/${s.number}`);
    const card = s.page.locator("#documents");
    await card.locator("details summary").first().click();
    await card.locator("input[name=reason]").first().fill("派错单位");
    await card.locator("details form button[type=submit]").first().click();
    await s.page.waitForURL(/\/cases\//);
    holds(await card.innerText(), "派错单位", "the card");
    const page = await world.page();
    await page.goto(s.check);
    const text = await page.locator("main").innerText();
    holds(text, "已收回", "the page");
    check(!text.includes("派错单位"), "the reason is nobody else's");
  });

  test("the director fetches the brief and the table", async (world) => {
    const page = await world.signIn(await world.account("director"));
    await page.goto("/documents");
    const brief = await fetched(page, await page.locator("a[href*='command_brief.pdf']").first().getAttribute("href"));
    same(brief.type, "application/pdf", "the brief");
    const table = await fetched(page, await page.locator("a[href*='incidents_by_township.xlsx']").first().getAttribute("href"));
    check(table.status === 200 && table.bytes.subarray(0, 2).toString() === "PK", "the table");
  });
}
