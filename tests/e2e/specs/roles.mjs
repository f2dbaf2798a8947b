// Every role's pages, on a laptop and a phone, in both languages: no complaint in the console, nothing asked for elsewhere,
// no key of a text shown raw, nothing undefined, nothing wider than the screen.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LAPTOP, PHONE, check } from "../lib.mjs";

const texts = resolve(dirname(fileURLToPath(import.meta.url)), "../../../ui/texts/zh-CN");
/** Keys of texts that are no ordinary words. */
const KEYS = new Set(readdirSync(texts).flatMap((file) => [...readFileSync(join(texts, file), "utf8").matchAll(/^([a-z][\w-]*-[\w-]*) *=/gm)].map((hit) => hit[1])));
const SIZES = { laptop: LAPTOP, phone: PHONE };

/** Words on the page that should never be there, and whether it is wider than the screen. */
async function wrong(page) {
  return page.evaluate((keys) => {
    const known = new Set(keys);
    const found = [];
    const look = (text, where) => {
      const plain = text.trim();
      if (known.has(plain)) found.push(`the key ${plain} in ${where}`);
      if (/\bundefined\b|\bNaN\b|\[object |\{ ?\$|\u2068/.test(plain)) found.push(`${plain.slice(0, 80)} in ${where}`);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType === Node.TEXT_NODE) {
        if (!["SCRIPT", "STYLE"].includes(node.parentElement.tagName)) look(node.data, node.parentElement.tagName.toLowerCase());
      } else for (const attribute of node.attributes) {
        if (/^(aria-label|placeholder|title|alt|value|data-text)/.test(attribute.name)) look(attribute.value, `${node.tagName.toLowerCase()}[${attribute.name}]`);
      }
    }
    look(document.title, "title");
    const wide = document.scrollingElement.scrollWidth - innerWidth;
    if (wide > 1) found.push(`${wide} pixels wider than the screen`);
    return found;
  }, [...KEYS]);
}

async function visit(page, path, lang, found, seen) {
  const address = `${path}${path.includes("?") ? "&" : "?"}lang=${lang}`;
  await page.goto(address, { waitUntil: "load" });
  for (const line of [...page.said.splice(0), ...(await wrong(page))]) found.push(`${seen} ${lang} ${path}: ${line}`);
}

const clean = (found) => check(found.length === 0, () => `${found.length} findings:\n${found.slice(0, 40).join("\n")}`);

export default function (test) {
  let accounts = [];

  test("the search for raw keys and missing values finds them", async (world) => {
    const page = await world.page({ viewport: PHONE });
    await page.setContent('<p>nav-desk</p><input placeholder="undefined"><p>NaN</p><div style="width: 900px">x</div>');
    const found = await wrong(page);
    check(KEYS.size > 300 && found.length === 4, `${KEYS.size} keys, found: ${found}`);
  });

  test("there is something long on every list", async (world) => {
    for (const description of [`https://example.com/${"a".repeat(180)}`, "路口东侧垃圾桶满了三天".repeat(20)]) {
      const number = await world.report({ description, address: description.slice(0, 190) });
      if (!description.startsWith("http")) await (await world.staff("call_taker")).did(number, "file");
    }
  });

  test("accounts of every role can be tried", async (world) => {
    const page = await world.page();
    await page.goto("/sign-in");
    accounts = (await page.locator("form input[name=account][type=hidden]").evaluateAll((all) => all.map((one) => one.value))).filter(Boolean);
    const roles = new Set(accounts.map((account) => account.split(".")[0]));
    for (const role of ["call_taker", "dispatcher", "director", "handler", "verifier", "grid_worker", "grid_leader", "leader", "supervisor", "admin"]) check(roles.has(role), `no account of a ${role}`);
    return `${accounts.length} accounts, ${roles.size} roles`;
  });

  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`every role's first page on a ${size}`, async (world) => {
      const found = [];
      // Each account in one language here and in the other on the other size.
      for (const [n, account] of accounts.entries()) {
        const page = await world.signIn(account, { viewport });
        await visit(page, "/desk", (n + (viewport === PHONE)) % 2 ? "en" : "zh", found, account);
        await page.context().close();
      }
      clean(found);
    });

    test(`every entry of the menu for every role of the township on a ${size}`, async (world) => {
      const found = [];
      const { township } = await world.here();
      for (const role of ["call_taker", "dispatcher", "director", "handler", "verifier", "leader"]) {
        const page = await world.signIn(`${role}.${township.code}`, { viewport });
        await page.goto("/desk");
        const paths = await page.locator(".rail a[href^='/']").evaluateAll((all) => [...new Set(all.map((one) => one.getAttribute("href")))]);
        for (const path of paths) for (const lang of ["zh", "en"]) await visit(page, path, lang, found, role);
        await page.context().close();
      }
      clean(found);
    });

    test(`public pages, a card and administration on a ${size}`, async (world) => {
      const found = [];
      const number = await world.report();
      const visits = [
        [null, ["/", "/report", "/follow", "/figures", "/figures?indicator=reports", "/sign-in", "/?elder=1", "/report?elder=1"]],
        [await world.account("dispatcher"), [`/cases/${number}`, `/desk?tab=team&selected=${number}`, `/centre?selected=${number}`, "/cases/new", "/figures?indicator=closed", "/figures?indicator=on_time_rate"]],
        ["admin.1309", ["/admin", "/admin/accounts", "/admin/places", "/admin/packs", "/admin/import", "/admin/jobs"]],
      ];
      for (const [account, paths] of visits) {
        const page = account ? await world.signIn(account, { viewport }) : await world.page({ viewport });
        for (const path of paths) for (const lang of ["zh", "en"]) await visit(page, path, lang, found, account ?? "nobody");
        await page.context().close();
      }
      clean(found);
    });
  }
}
