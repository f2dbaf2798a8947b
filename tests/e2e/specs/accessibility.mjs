// Rules of accessibility on every page in both languages, the desk by keyboard, and the link that skips the menu.
import { LAPTOP, PHONE, TELEPHONE, axe, check, same } from "../lib.mjs";

const PUBLIC = ["/", "/halls", "/report", "/follow", "/figures", "/figures?indicator=reports", "/sign-in", "/v", "/v/00000000000000000000", "/nowhere", "/ogc", "/ogc/collections/places-township/items?limit=5", "/?elder=1", "/report?elder=1"];
const STAFF = ["/desk", "/desk?tab=team", "/cases", "/cases/new", "/centre", "/figures?indicator=reports", "/figures?indicator=on_time_rate", "/figures/rows?indicator=reports", "/m", "/documents", "/search", "/search?q=%E5%9E%83%E5%9C%BE"];
const ADMIN = ["/admin", "/admin/accounts", "/admin/accounts/admin.1309", "/admin/import/accounts", "/account", "/account/second", "/account/passkeys", "/account/absence", "/admin/places", "/admin/packs", "/admin/import", "/admin/jobs", "/styleguide"];

/** Visits pages in both languages and gathers what breaks a rule. */
async function visit(page, paths) {
  const found = [];
  for (const lang of ["zh", "en"]) {
    for (const path of paths) {
      await page.goto(`${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);
      await page.evaluate(() => document.querySelectorAll("details").forEach((part) => part.removeAttribute("name") || (part.open = true)));
      for (const line of await axe(page)) found.push(`${lang} ${path} ${line}`);
    }
  }
  return found;
}

const clean = (found) => check(found.length === 0, () => `${found.length} findings:\n${[...new Set(found)].slice(0, 25).join("\n")}`);

export default function (test) {
  test("public pages on a phone", async (world) => {
    const page = await world.page({ viewport: PHONE });
    clean(await visit(page, PUBLIC));
  });

  test("public pages on a laptop", async (world) => {
    const page = await world.page();
    clean(await visit(page, PUBLIC));
  });

  test("in elder mode every public page can be read aloud, where the device has a voice", async (world) => {
    const page = await world.page({ viewport: PHONE });
    await page.addInitScript(() => {
      const voices = [{ lang: "zh-CN", name: "voice" }];
      const said = { getVoices: () => voices, addEventListener() {}, cancel() {}, speak(words) { globalThis.saidAloud = words.text; } };
      Object.defineProperty(globalThis, "speechSynthesis", { value: said });
      globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
    });
    for (const path of ["/", "/report", "/follow", "/halls", "/figures", "/my/sign-in", "/v", "/notices"]) {
      await page.goto(`${path}?elder=1&lang=zh`);
      await page.getByRole("button", { name: "读给我听" }).click();
      const said = await page.evaluate(() => globalThis.saidAloud);
      const title = await page.locator("main h1").first().innerText();
      check(said.includes(title) && !said.includes("读给我听"), `${path} reads: ${said.slice(0, 80)}`);
    }
    const silent = await world.page({ viewport: PHONE });
    await silent.addInitScript(() => Object.defineProperty(globalThis, "speechSynthesis", { value: undefined }));
    await silent.goto("/follow?elder=1");
    check(!(await silent.getByRole("button", { name: "读给我听" }).isVisible()), "a button that can do nothing");
    await page.goto("/?elder=1&lang=zh");
    const [last, forms] = [await page.locator(".choices > li").last().boundingBox(), await page.locator(".home-forms").boundingBox()];
    check(last.y < forms.y, "forms stand between the choices");
  });

  test("the report form with every error, the receipt and the progress", async (world) => {
    const page = await world.page({ viewport: PHONE });
    const number = await world.report();
    await page.goto("/follow");
    await page.locator("[name=number]").fill(number);
    await page.locator("[name=phone_tail]").fill(TELEPHONE.slice(-4));
    await page.locator("main form button[type=submit]").click();
    await page.waitForURL(/\/follow\/SB-/);
    const found = await visit(page, [new URL(page.url()).pathname, `/report/sent/${number}`]);
    const empty = await world.page({ viewport: PHONE, javaScriptEnabled: true });
    await empty.goto("/report");
    await empty.evaluate(() => document.querySelector("#report").submit());
    await empty.locator(".error-summary").waitFor();
    clean([...found, ...(await axe(empty))]);
  });

  test("pages of staff", async (world) => {
    const number = await world.report();
    const page = await world.signIn(await world.account("dispatcher"));
    clean(await visit(page, [...STAFF, `/cases/${number}`, `/desk?tab=team&selected=${number}`, `/centre?selected=${number}`]));
  });

  test("pages of staff on a phone", async (world) => {
    const number = await world.report();
    const page = await world.signIn(await world.account("call_taker"), { viewport: PHONE });
    clean(await visit(page, [...STAFF, `/cases/${number}`, `/desk?selected=${number}`]));
  });

  test("pages of administration", async (world) => {
    const page = await world.signIn("admin.1309");
    clean(await visit(page, ADMIN));
  });

  test("pages of those who watch over administrators", async (world) => {
    const page = await world.signIn(await world.account("audit_admin", "county"));
    await page.goto("/audit/policy");
    check((await page.locator("main tbody tr").count()) > 100, "the permissions are listed");
    clean(await visit(page, ["/audit", "/audit/looks", "/audit/policy"]));
  });

  test("the desk by keyboard: j, k, Enter, a, /, ?", async (world) => {
    await world.report();
    await world.report();
    const page = await world.signIn(await world.account("call_taker"));
    await page.goto("/desk");
    const rows = page.locator(".case-row");
    await rows.nth(1).waitFor();
    const numbers = await rows.evaluateAll((all) => all.map((row) => row.dataset.case));
    const chosen = (number) => page.locator(`.case-row.is-selected[data-case="${number}"]`).waitFor();
    const previewed = (number) => page.locator("#preview .preview-head", { hasText: number }).waitFor();
    await page.waitForFunction(() => document.documentElement.classList.contains("js"));
    await page.locator("#main").focus();
    // The keys are bound once the part of the desk has come.
    await page.waitForLoadState("networkidle");
    await page.keyboard.press("j");
    await chosen(numbers[0]);
    await page.keyboard.press("j");
    await chosen(numbers[1]);
    await previewed(numbers[1]);
    await page.keyboard.press("k");
    await chosen(numbers[0]);
    await previewed(numbers[0]);
    same(await page.evaluate(() => document.activeElement.closest(".case-row")?.dataset.case), numbers[0], "where the focus is");
    await page.keyboard.press("a");
    await page.locator("#preview details.action[open]").first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".case-row.is-selected .case-link").focus();
    await page.keyboard.press("?");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await page.keyboard.press("/");
    same(await page.evaluate(() => document.activeElement.id), "q", "where the focus is");
    await page.keyboard.press("Escape");
    await page.locator(".case-row.is-selected .case-link").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/cases/${numbers[0]}`));
    same(page.said.join("\n"), "", "what the page complained about");
  });

  test("the first stop of the keyboard skips to the content", async (world) => {
    for (const [account, paths] of [[null, ["/", "/report"]], [await world.account("dispatcher"), ["/desk", "/centre", "/figures"]]]) {
      const page = account ? await world.signIn(account) : await world.page({ viewport: LAPTOP });
      for (const path of paths) {
        await page.goto(path);
        await page.keyboard.press("Tab");
        check(await page.evaluate(() => document.activeElement.matches("a.skip") && document.activeElement.getBoundingClientRect().top >= 0), `the first stop on ${path}`);
        await page.keyboard.press("Enter");
        check(await page.evaluate(() => document.activeElement.id === "main"), `where the focus goes on ${path}`);
      }
    }
  });
}
