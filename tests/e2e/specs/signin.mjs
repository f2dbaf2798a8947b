// Signing in to an installation in service: the first administrator, password and code, a passkey, the city's own sign-in.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PHONE, axe, check, holds, same } from "../lib.mjs";
import { CLIENT, SECRET, startProvider } from "../provider.mjs";
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

/** Signs out. The form lies in a menu, which is no matter of these tests. */
async function signOut(page) {
  await page.goto("/account");
  await page.locator('form[action="/sign-out"]').evaluate((form) => form.submit());
  await page.waitForURL((url) => url.pathname === "/");
}

/** Gives the page a device that verifies its owner by itself. */
async function device(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return { verifies: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }) };
}

const usePasskey = (page) => page.locator('form[data-island="passkey"] button').click();

/** Signs in at the provider under a name, and agrees that this is told. */
async function atProvider(page, name) {
  await page.fill('input[name="login"]', name);
  await page.fill('input[name="password"]', "anything");
  await page.click('button[type="submit"]');
  await page.click('button[type="submit"]');
}

const path = (page) => new URL(page.url()).pathname;

export default function (test) {
  let service;
  let own;
  let known;
  let spelled;
  let recovery;

  test("the first administrator comes by the link of an empty installation", async (world) => {
    const folder = join(world.scratch, "service");
    service = await Service.of(world.server, folder, async (origin) => {
      const provider = await startProvider(origin);
      world.also.push(provider);
      const secret = join(folder, "openid.secret");
      writeFileSync(secret, `${SECRET}\n`);
      return ["--openid-issuer", provider.issuer, "--openid-client", CLIENT, "--openid-secret-file", secret, "--openid-name", "市统一身份认证"];
    });
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

  test("a passkey is made with the password, and signs in without a name", async () => {
    const phone = await device(known);
    await known.goto("/account");
    await known.click('a[href="/account/passkeys"]');
    await clean(known, "the page of passkeys");
    await known.fill("#f-label", "我的手机");
    await known.fill("#f-password", "Guess-of-2022");
    await submit(known, "/account/passkeys");
    await known.locator("[data-said].is-bad").waitFor();
    holds(await known.locator("[data-said]").innerText(), "现在的密码不对", "the answer to a wrong password");
    await known.fill("#f-password", PASSWORD);
    await submit(known, "/account/passkeys");
    await known.locator(".passkeys li").waitFor();
    holds(await known.locator(".passkeys").innerText(), "我的手机", "the passkeys");
    await clean(known, "the page of passkeys with one");

    await signOut(known);
    await known.goto("/sign-in");
    await phone.verifies(false);
    await usePasskey(known);
    await known.locator("[data-said].is-bad").waitFor();
    same(path(known), "/sign-in", "a device that does not know its owner");
    await phone.verifies(true);
    await usePasskey(known);
    await known.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
    await known.goto("/account");
    same(await known.locator("td", { hasText: "用通行密钥登录" }).count(), 1, "sign-ins with a passkey in the record");
  });

  test("a passkey stands for the code after the password", async () => {
    await signOut(known);
    await password(known);
    same(path(known), "/sign-in/code", "what comes after the password");
    await clean(known, "the page that asks for the code or a passkey");
    await usePasskey(known);
    await known.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  });

  test("without scripts the password stands alone", async (world) => {
    const plain = await world.page({ baseURL: service.url, viewport: PHONE, javaScriptEnabled: false });
    await plain.goto("/sign-in");
    check(!(await plain.locator('[data-island="passkey"]').isVisible()), "a button that does nothing is shown");
    await password(plain);
    same(path(plain), "/sign-in/code", "what comes after the password");
    await plain.fill("#f-code", recovery[2]);
    await submit(plain, "/sign-in/code");
    same(path(plain), "/account/second", "signed in without scripts");
  });

  test("a passkey that was removed signs nobody in", async () => {
    await known.goto("/account/passkeys");
    await known.click(".passkeys summary");
    await known.fill('.passkeys input[name="password"]', PASSWORD);
    await known.locator('.passkeys button[type="submit"]').click();
    await known.waitForURL((url) => url.pathname === "/account/passkeys");
    same(await known.locator(".passkeys li").count(), 0, "passkeys that are left");
    await signOut(known);
    await known.goto("/sign-in");
    await usePasskey(known);
    await known.locator(".notice").waitFor();
    same(path(known), "/sign-in", "where a removed passkey leads");
    holds(await known.locator(".notice").innerText(), "不属于本系统", "the answer to a removed passkey");
  });

  test("the city's own provider signs in whom an account is bound to, and nobody else", async (world) => {
    const page = await stranger(world, service);
    await page.goto("/sign-in");
    await page.click("text=用市统一身份认证登录");
    await atProvider(page, "u-anna");
    await page.waitForURL((url) => url.pathname === "/sign-in");
    holds(await page.locator(".notice").innerText(), "还没有绑定", "the answer to an identity nobody is bound to");
    await password(known);
    await known.fill("#f-code", recovery[3]);
    await submit(known, "/sign-in/code");
    await known.goto("/account");
    await known.click("summary:has-text('去绑定')");
    await clean(known, "one's own account with a way to bind it");
    await known.fill("#f-openid-password", PASSWORD);
    await submit(known, "/account/openid");
    // The page in between goes on by itself.
    await known.locator('input[name="login"]').waitFor();
    await atProvider(known, "u-anna");
    await known.waitForURL((url) => url.pathname === "/account");
    holds(await known.locator(".notice").first().innerText(), "已绑定", "what is told after binding");

    await page.click("text=用市统一身份认证登录");
    await page.waitForURL((url) => url.pathname === "/sign-in/code");
    await page.fill("#f-code", recovery[4]);
    await submit(page, "/sign-in/code");
    same(path(page), "/account/second", "signed in by the provider and a second factor of one's own");
    const other = await stranger(world, service);
    await other.goto("/sign-in/openid");
    await atProvider(other, "somebody-else");
    await other.waitForURL((url) => url.pathname === "/sign-in");
    same((await other.goto("/account")).url(), `${service.url}/sign-in?next=%2Faccount`, "where somebody else stands");
  });

  test("wrong passwords bring a wait to strangers and none to a browser that is known", async (world) => {
    const guesser = await stranger(world, service);
    for (let tries = 0; tries < 5; tries += 1) await password(guesser, "Guess-of-2022");
    holds(await guesser.locator(".error-summary").innerText(), "输错次数过多", "the answer to the fifth guess");
    await clean(guesser, "the sign-in page with a wait");
    await password(guesser);
    holds(await guesser.locator(".error-summary").innerText(), "输错次数过多", "the answer to the right password during the wait");
    await signOut(known);
    await password(known);
    same(path(known), "/sign-in/code", "what a known browser gets");
    await known.fill("#f-code", recovery[1]);
    await submit(known, "/sign-in/code");
    same(path(known), "/account/second", "signed in with a recovery code");
  });
}
