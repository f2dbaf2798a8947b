// What is late as the superior meets it. No clock of the server is moved: the pack counts a limit from the day something was seen, so
// what is entered afterwards is late the moment it is entered. It goes up by itself, is marked, is told, and may be done there.
import { LAPTOP, PHONE, axe, check, holds, same } from "../lib.mjs";

export const serial = true;

const DAY_MS = 86_400_000;
/** A day so many days ago, as people in China write today. */
const ago = (days) => new Date(Date.now() + 8 * 3_600_000 - days * DAY_MS).toISOString().slice(0, 10);

async function enter(page, about, days) {
  await page.goto("/cases/new?process=road_walk");
  await page.locator("[name=about]").fill(about);
  await page.locator("[name=walked_on]").fill(ago(days));
  await page.locator("main form button[type=submit]").last().click();
  await page.waitForURL(/\/cases\/XL-/);
  return decodeURIComponent(new URL(page.url()).pathname.split("/")[2]);
}

export default function (test) {
  const s = {};

  test("what was walked today stays with the township; what was walked a month ago goes up by itself", async (world) => {
    s.officer = await world.signIn("road.officer");
    s.fresh = await enter(s.officer, "今天走的北段", 0);
    s.late = await enter(s.officer, "上月走的南段", 30);
    const card = () => s.officer.locator("main").innerText();
    for (let n = 0; n < 60 && !(await card()).includes("到期未办"); n += 1) {
      await s.officer.waitForTimeout(500);
      await s.officer.goto(`/cases/${s.late}`);
    }
    holds(await card(), "到期未办：报清情况", "the card after its limit ran out");
    holds(await card(), "县（市、区）", "where it is handled now");
    same(await s.officer.locator("#action-tell").count(), 0, "steps of the township on what went up");
    await s.officer.goto(`/cases/${s.fresh}`);
    check(!(await card()).includes("到期未办"), "what is not late went up");
    same(await s.officer.locator("#action-tell").count(), 1, "the step of the township on what is in time");
  });

  for (const [what, viewport] of [["a laptop", LAPTOP], ["a phone", PHONE]]) {
    test(`the superior is told on the desk and finds the case there with its mark, on ${what}`, async (world) => {
      s.superior = await world.signIn("road.director", { viewport });
      const told = "“报清情况”到期未办，已提级到县（市、区）办理";
      const desk = () => s.superior.locator("main").innerText();
      await s.superior.goto("/desk");
      // What is told follows the journal, a moment behind.
      for (let n = 0; n < 60 && !(await desk()).includes(told); n += 1) {
        await s.superior.waitForTimeout(500);
        await s.superior.goto("/desk");
      }
      holds(await desk(), told, "what was told");
      const row = s.superior.locator(".case-row", { hasText: s.late });
      await row.first().waitFor();
      holds(await row.first().innerText(), "超", "the mark on the line of the desk");
      same(await s.superior.locator(".case-row", { hasText: s.fresh }).count(), 0, "what is in time on the desk of the superior");
      const wide = await s.superior.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      check(wide <= 1, `the desk is ${wide} px too wide`);
      same((await axe(s.superior)).join("\n"), "", "accessibility of the desk");
    });
  }

  test("the superior does there what was not done, and both desks are free of it", async () => {
    await s.superior.goto(`/cases/${s.late}`);
    holds(await s.superior.locator(".case-head, main").first().innerText(), "超", "the mark on the card");
    const step = s.superior.locator("#action-tell");
    await step.locator("> summary").click();
    await step.locator("[name=seen]").fill("路面完好");
    await step.locator("form button[type=submit]").last().click();
    await s.superior.getByText("已报清").first().waitFor();
    for (const page of [s.superior, s.officer]) {
      await page.goto("/desk");
      same(await page.locator(".case-row", { hasText: s.late }).count(), 0, "the case on a desk after it was done");
    }
    same(s.superior.said.join("\n"), "", "what the pages complained about");
  });
}
