// Everything works with scripts off: a report by choosing the place level by level, following it, signing in, an action.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PHONE, TELEPHONE, check, holds, same } from "../lib.mjs";

export const serial = true;
const TEXT = "村口路灯坏了三盏，晚上看不见路 <灯>&\"";

export default function (test) {
  const s = {};

  test("a report by choosing county, township and village keeps what is typed at each step", async (world) => {
    const places = await world.here();
    const page = (s.page = await world.page({ javaScriptEnabled: false, viewport: PHONE }));
    await page.goto("/report");
    await page.locator("#f-category").selectOption("E0104");
    await page.locator("#f-description").fill(TEXT);
    await page.locator("#f-reporter_phone").fill(TELEPHONE);
    await page.locator("#f-address").fill("村委会往东五十米");
    const kept = async (step) => {
      same(await page.locator("#f-category").inputValue(), "E0104", `the category after ${step}`);
      same(await page.locator("#f-description").inputValue(), TEXT, `the description after ${step}`);
      same(await page.locator("#f-reporter_phone").inputValue(), TELEPHONE, `the telephone after ${step}`);
      same(await page.locator("#f-address").inputValue(), "村委会往东五十米", `the address after ${step}`);
      same(await page.locator(".error-summary").count(), 0, `errors after ${step}`);
    };
    await page.locator("#f-county").selectOption(places.county.code);
    await page.locator("button[name=choose][value=township]").click();
    await kept("the county");
    await page.locator("#f-township").selectOption(places.township.code);
    await page.locator("button[name=choose][value=village]").click();
    await kept("the township");
    await page.locator("#f-village").selectOption(places.village.code);
    await page.locator("button[data-send]").click();
    await page.waitForURL(/\/report\/sent\//);
    s.number = (await page.locator("[data-number]").innerText()).trim();
    holds(await page.locator("main").innerText(), places.village.name, "the receipt");
    await page.locator("main a[href^='/follow']").first().click();
    holds(await page.locator("main").innerText(), TEXT, "the progress page");
  });

  test("coordinates typed by hand are recognised before sending", async (world) => {
    const places = await world.here();
    const page = await world.page({ javaScriptEnabled: false });
    await page.goto("/report");
    await page.locator("#f-description").fill(TEXT);
    await page.locator("details:has(#f-lon) > summary").click();
    await page.locator("#f-lon").fill("116.83");
    await page.locator("#f-lat").fill("38.3");
    await page.locator("button[name=choose][value=point]").click();
    holds(await page.locator("[data-recognised]").innerText(), places.village.name, "the place shown");
    same(await page.locator("#f-description").inputValue(), TEXT, "the description");
  });

  test("a resident signs in with the code sent to the telephone and sees the report", async (world) => {
    const page = await world.page({ javaScriptEnabled: false, viewport: PHONE });
    await page.goto("/follow");
    await page.locator("main a[href='/my']").click();
    await page.locator("#f-phone").fill(TELEPHONE);
    await page.locator("main form button[type=submit]").click();
    const sent = readFileSync(join(world.server.folder, "data", "sms.txt"), "utf8").trim().split("\n");
    const code = /(?<!\d)\d{6}(?!\d)/.exec(sent.at(-1).split(TELEPHONE)[1])[0];
    await page.locator("#f-code").fill("12345");
    await page.locator("main form button[type=submit]").click();
    same(await page.locator(".error-summary").count(), 1, "errors after a wrong code");
    await page.locator("#f-code").fill(code);
    await page.locator("main form button[type=submit]").click();
    await page.waitForURL(/\/my$/);
    holds(await page.locator("main").innerText(), s.number, "one's own reports");
    await page.locator(`main a[href='/follow/${s.number}']`).click();
    holds(await page.locator("main").innerText(), TEXT, "the progress page");
    await page.goto("/desk");
    check(page.url().includes("/sign-in"), "a resident is asked to sign in as staff");
  });

  test("following by number and the end of the phone number", async (world) => {
    const page = await world.page({ javaScriptEnabled: false, viewport: PHONE });
    await page.goto("/");
    await page.locator(".quick-follow [name=number]").fill(s.number);
    await page.locator(".quick-follow [name=phone_tail]").fill(TELEPHONE.slice(-4));
    await page.locator(".quick-follow button").click();
    holds(await page.locator("main").innerText(), TEXT, "the progress page");
  });

  test("without a telephone, the code of the receipt opens the report", async (world) => {
    const { village } = await world.here();
    const visitor = await world.visitor();
    const { number } = await visitor.report({ category: "E0104", description: TEXT, county: village.code.slice(0, 6), township: village.code.slice(0, 9), village: village.code });
    const page = await world.page({ javaScriptEnabled: false, viewport: PHONE });
    await page.setContent((await visitor.get(`/report/sent/${number}`)).html);
    const code = (await page.locator(".sent-facts dd").nth(1).innerText()).trim();
    check(/^[0-9A-Z]{4,12}$/.test(code), `the code ${code}`);
    await page.goto("/follow");
    await page.locator("[name=number]").fill(number);
    await page.locator("[name=phone_tail]").fill(code.toLowerCase());
    await page.locator("main form button[type=submit]").click();
    holds(await page.locator("main").innerText(), TEXT, "the progress page");
  });

  test("signing in by one click and taking an action on the card", async (world) => {
    const account = await world.account("call_taker");
    const page = await world.page({ javaScriptEnabled: false });
    await page.goto("/sign-in");
    check((await page.locator("form.demo, .demo-account").count()) > 5, "accounts to try");
    const token = await page.locator("input[name=csrf]").first().inputValue();
    await page.context().request.post("/sign-in/demo", { form: { csrf: token, account } });
    await page.goto("/desk");
    await page.locator(`.case-row[data-case="${s.number}"] .case-link`).click();
    holds(await page.locator("#preview").innerText(), TEXT, "the preview");
    await page.goto(`/cases/${s.number}`);
    await page.locator("#action-file > summary").click();
    await page.locator("#action-file [name=note]").fill("信息够用");
    await page.locator("#action-file button[type=submit]").click();
    holds(await page.locator(".flash").innerText(), s.number, "the message");
    holds(await page.locator(".case-head").innerText(), "已立案", "the head of the card");
  });

  test("the form of the main menu leads to every other matter that is open to everybody", async (world) => {
    const page = await world.page({ javaScriptEnabled: false, viewport: PHONE });
    await page.goto("/report");
    const links = page.locator("main nav a[href^='/report?process=']");
    const all = await links.evaluateAll((found) => found.map((link) => [link.getAttribute("href"), link.innerText]));
    check(all.some(([, title]) => title === "纠纷调解"), () => `other matters: ${JSON.stringify(all)}`);
    await page.goto(all[0][0]);
    holds(await page.locator("main").innerText(), all[0][1], "the form of the other matter");
    same(await page.locator("main nav a[href^='/report?process=']").count(), 0, "links on the form of another matter");
  });
}
