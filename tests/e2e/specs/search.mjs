// One search over cases and registers: from the head of a page, with scripts off, on a phone; what was found is marked.
import { join } from "node:path";
import { PHONE, check, holds, same } from "../lib.mjs";
import { ran } from "../python.mjs";

const REBUILD_MS = 90_000;
const TEXT = "供销社门前窨井盖翘起，夜里看不清 <b>小心</b>";

export default function (test) {
  test("words lead from the head of any page to the case, marked", async (world) => {
    const number = await world.report({ description: TEXT });
    const page = await world.signIn(await world.account("dispatcher"), { viewport: { width: 1440, height: 900 } });
    await page.goto("/desk");
    await page.locator(".find-all input").fill("窨井盖 供销社");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/search\?q=/);
    const hit = page.locator(".found-hit", { hasText: number });
    same((await hit.locator("mark").allInnerTexts()).slice(0, 2).join(","), "供销社,窨井盖", "what is marked");
    holds(await hit.innerText(), "<b>小心</b>", "signs stay what they are");
    await hit.locator("a").first().click();
    await page.waitForURL(new RegExp(`/cases/${number}`));
    same(page.said.join("\n"), "", "what the page complained about");
  });

  test("on a phone and without scripts, filters and all", async (world) => {
    const number = await world.report({ description: TEXT });
    const page = await world.signIn(await world.account("dispatcher"), { viewport: PHONE, javaScriptEnabled: false });
    await page.goto("/cases");
    await page.locator(".find-all-link").click();
    await page.locator("#q").fill("窨井盖翘起");
    await page.locator("details.list-filters > summary").click();
    await page.locator("select[name=open]").selectOption("1");
    await page.locator("main form button[type=submit]").click();
    holds(await page.locator("main").innerText(), number, "the page");
    same(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "it fits the screen");
    await page.goto("/search?q=%E6%B2%A1%E6%9C%89%E4%BA%BA%E5%86%99%E8%BF%87%E7%9A%84%E8%AF%9D");
    holds(await page.locator("main").innerText(), "没有找到", "the page");
  });

  test("words are made anew beside the running server, and everything is found meanwhile", async (world) => {
    const number = await world.report({ description: TEXT });
    const client = await world.staff("dispatcher");
    const { binary, home } = world.server;
    let [over, asked] = [false, 0];
    const made = ran(binary, ["search", "rebuild", "--data", join(world.scratch, "data"), "--home", home], REBUILD_MS).finally(() => (over = true));
    while (!over) {
      holds((await client.get("/search?q=%E7%AA%A8%E4%BA%95%E7%9B%96%E7%BF%98%E8%B5%B7")).html, number, "what is found meanwhile");
      asked += 1;
    }
    const { code, said } = await made;
    same(code, 0, `the command says ${said}`);
    check(/\d+ cases and \d+ rows can be searched/.test(said), said);
    return `${asked} searches meanwhile`;
  });
}
