// Signing in to an installation in service: the first administrator, password and code, a passkey, the city's own sign-in.
import { join } from "node:path";
import { PHONE, axe, check, holds, same } from "../lib.mjs";
import { Service } from "../server.mjs";
import { code } from "../totp.mjs";

const PASSWORD = "Harvest-moon-2022";
const NAME = "anna";

/** One installation for all of it: what one test sets up, the next uses. */
export const serial = true;

/** A page of a browser that has never been there. */
const stranger = (world, at) => world.page({ baseURL: at.url, viewport: PHONE });

async function clean(page, what) {
  same((await axe(page)).join("\n"), "", `accessibility of ${what}`);
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  check(wide <= 1, `${what} is ${wide} pixels wider than a phone`);
}

const submit = (page, action) => page.locator(`form[action="${action}"] button[type=submit]`).click();

/** Types name and password. */
async function password(page, word = PASSWORD) {
  await page.goto("/sign-in");
  await page.fill("#f-account", NAME);
  await page.fill("#f-password", word);
  await submit(page, "/sign-in");
}

const path = (page) => new URL(page.url()).pathname;

export default function (test) {
  let service;
  let own;
  let known;
  let spelled;
  let recovery;

  test("the first administrator comes by the link of an empty installation", async (world) => {
    service = await Service.of(world.server, join(world.scratch, "service"));
    world.also.push(service);
    const ms = await service.start();
    own = await stranger(world, service);
    await own.goto(await service.setupLink());
    await clean(own, "the page of the first administrator");
    for (const [name, text] of [["account", NAME], ["name", "安娜（合成）"], ["new_password", PASSWORD], ["again", PASSWORD]]) await own.fill(`#f-${name}`, text);
    await submit(own, "/setup");
    same(path(own), "/admin", "where the first administrator lands");
    return `in service after ${(ms / 1000).toFixed(1)} s`;
  });

  test("a second factor is set up with an app, and recovery codes are shown once", async () => {
    await own.goto("/account");
    await own.click('a[href="/account/second"]');
    await submit(own, "/account/second");
    check(await own.locator(".second-qr img").evaluate((picture) => picture.complete && picture.naturalWidth > 0), "the square code is no picture");
    await clean(own, "the page that sets the second factor up");
    spelled = await own.locator("output.secret").innerText();
    await own.fill("#f-code", "000000");
    await submit(own, "/account/second");
    holds(await own.locator(".error-summary").innerText(), "验证码不对", "the answer to a wrong code");
    await own.fill("#f-code", code(spelled));
    await submit(own, "/account/second");
    recovery = await own.locator("ul.secret li").allInnerTexts();
    same(recovery.length, 10, "recovery codes");
    await own.goto("/account/second");
    check(!(await own.content()).includes(recovery[0]), "the codes are shown again");
  });

  test("password and code sign in, a wrong code does not, and no code is good twice", async (world) => {
    const page = (known = await stranger(world, service));
    await page.goto("/desk");
    same(path(page), "/sign-in", "where somebody unknown is sent");
    await clean(page, "the sign-in page");
    await password(page);
    same(path(page), "/sign-in/code", "what comes after the password");
    await clean(page, "the page that asks for the code");
    await page.fill("#f-code", "000000");
    await submit(page, "/sign-in/code");
    holds(await page.locator(".error-summary").innerText(), "验证码不对", "the answer to a wrong code");
    // The code of now was used when the app was set up.
    const typed = code(spelled, 1);
    await page.fill("#f-code", typed);
    await submit(page, "/sign-in/code");
    check(!path(page).startsWith("/sign-in"), `not signed in: ${page.url()}`);
    holds(await page.locator("main").innerText(), "上次登录", "what is told at once");
    same((await page.goto("/account")).status(), 200, "one's own account");
    same(await page.locator("text=验证码错误").count(), 1, "wrong codes in the record");

    const thief = await stranger(world, service);
    await password(thief);
    await thief.fill("#f-code", typed);
    await submit(thief, "/sign-in/code");
    same(path(thief), "/sign-in/code", "a code that was seen and used again");
    await thief.fill("#f-code", recovery[0]);
    await submit(thief, "/sign-in/code");
    same(path(thief), "/account/second", "where a recovery code leads");
    holds(await thief.locator("main").innerText(), "9", "the codes that are left");
  });

  test("wrong passwords bring a wait to strangers and none to a browser that is known", async (world) => {
    const guesser = await stranger(world, service);
    for (let tries = 0; tries < 5; tries += 1) await password(guesser, "Guess-of-2022");
    holds(await guesser.locator(".error-summary").innerText(), "输错次数过多", "the answer to the fifth guess");
    await clean(guesser, "the sign-in page with a wait");
    await password(guesser);
    holds(await guesser.locator(".error-summary").innerText(), "输错次数过多", "the answer to the right password during the wait");
    await known.goto("/account");
    // The form lies in a menu, which is no matter of this test.
    await known.locator('form[action="/sign-out"]').evaluate((form) => form.submit());
    await known.waitForURL((url) => url.pathname === "/");
    await password(known);
    same(path(known), "/sign-in/code", "what a known browser gets");
    await known.fill("#f-code", recovery[1]);
    await submit(known, "/sign-in/code");
    same(path(known), "/account/second", "signed in with a recovery code");
  });
}
