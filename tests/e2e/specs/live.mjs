// What others do appears without loading the page again. Nothing here waits for a time: only for what the page shows.
import { check, holds, same } from "../lib.mjs";

/** Marks the document, so that a page that was loaded anew gives itself away. */
const mark = (page) => page.evaluate(() => void (window.notReloaded = true));
const unmoved = async (page) => check(await page.evaluate(() => window.notReloaded === true), "the page was loaded again");
/** The event stream is open once its first bytes came. */
const listening = (page, path) => Promise.all([page.waitForResponse((answer) => answer.url().includes("/live?") && answer.ok()), page.goto(path)]);

export default function (test) {
  test("a new report appears on an open desk, and leaves it when it is filed", async (world) => {
    const desk = await world.signIn(await world.account("call_taker"));
    const taker = await world.staff("call_taker");
    await listening(desk, "/desk");
    await mark(desk);
    const number = await world.report();
    const row = desk.locator(`.case-row[data-case="${number}"]`);
    await row.waitFor();
    await taker.did(number, "file");
    await row.waitFor({ state: "detached" });
    await unmoved(desk);
    same(desk.said.join("\n"), "", "what the page complained about");
  });

  test("a case filed elsewhere appears in the centre's queue and ticker", async (world) => {
    const centre = await world.signIn(await world.account("dispatcher"));
    const taker = await world.staff("call_taker");
    await listening(centre, "/centre");
    await mark(centre);
    const counters = await centre.locator('[data-live="centre-counters"]').innerText();
    const number = await world.report();
    await taker.did(number, "file");
    await centre.locator(`.centre-queue .case-row[data-case="${number}"]`).waitFor();
    await centre.locator(`[data-ticker] a[href*="${number}"]`).first().waitFor();
    await centre.waitForFunction((before) => document.querySelector('[data-live="centre-counters"]').innerText !== before, counters);
    await centre.locator(`.centre-queue .case-row[data-case="${number}"] .case-link`).click();
    await centre.locator("#chosen").getByText(number).first().waitFor();
    await unmoved(centre);
    same(centre.said.join("\n"), "", "what the page complained about");
  });

  test("an open card shows the next step in its timeline", async (world) => {
    const number = await world.report();
    const card = await world.signIn(await world.account("dispatcher"));
    const taker = await world.staff("call_taker");
    await listening(card, `/cases/${number}`);
    await mark(card);
    holds(await card.locator('[data-live="case-head"]').innerText(), "已登记", "the head of the card");
    await taker.did(number, "file", { note: "信息够用" });
    await card.locator('[data-live="case-timeline"]').getByText("信息够用").first().waitFor();
    await card.locator('[data-live="case-head"]').getByText("已立案").first().waitFor();
    await unmoved(card);
  });

  test("what somebody is typing is not swapped away", async (world) => {
    const number = await world.report();
    const desk = await world.signIn(await world.account("dispatcher"));
    const taker = await world.staff("call_taker");
    await taker.did(number, "file");
    await listening(desk, "/desk");
    await desk.locator(`.case-row[data-case="${number}"] .case-link`).click();
    await desk.locator("#action-dispatch > summary").click();
    await desk.locator("#action-dispatch [name=demand]").fill("两小时内到场");
    const other = await world.report();
    await taker.did(other, "file");
    await desk.locator(`.case-row[data-case="${other}"]`).waitFor();
    same(await desk.locator("#action-dispatch [name=demand]").inputValue(), "两小时内到场", "what was typed");
  });
}
