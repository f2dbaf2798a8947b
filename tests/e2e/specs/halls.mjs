// A hall from the door to the rating: the kiosk gives a number, the display shows and says it, the window serves, the phone rates,
// the figure moves. The voice is a stand-in that notes what it is asked to say.
import { LAPTOP, PHONE, axe, check, holds, same } from "../lib.mjs";

export const serial = true;

const KIOSK = { width: 1080, height: 1440 };
const WALL = { width: 1920, height: 1080 };

/** The county's hall: it gives numbers at any hour. */
async function hall(world) {
  const { county } = await world.here();
  return `/halls/ticket/${county.code}`;
}

/** Notes every text a page speaks, and says at once that it was said. Sound is allowed once the page was touched: a browser
    without a screen allows it now and then by itself. */
const standIn = (page) => page.addInitScript(() => {
  let touched = false;
  addEventListener("pointerdown", () => { touched = true; }, true);
  const state = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, "state").get;
  Object.defineProperty(BaseAudioContext.prototype, "state", { get() { return touched ? state.call(this) : "suspended"; } });
  window.spoken = [];
  const voice = { lang: "zh-CN", name: "stand-in", default: true, localService: true, voiceURI: "stand-in" };
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  Object.defineProperty(window, "speechSynthesis", { value: {
    getVoices: () => [voice],
    speak: (words) => { window.spoken.push(words.text); queueMicrotask(() => words.onend?.()); },
    cancel: () => {},
    addEventListener: () => {},
  } });
});

let display;
let desk;
let slip;
let phone;

export default function (test) {
  test("the display of a hall is quiet until somebody turns its sound on", async (world) => {
    display = await world.page({ viewport: WALL });
    await standIn(display);
    await display.goto(`${await hall(world)}/display`);
    await display.locator("[data-connected]").waitFor();
    await display.locator("[data-sound]").click();
    await display.locator("[data-sound]").waitFor({ state: "hidden" });
    holds(await display.locator("[data-sound-state]").innerText(), "声音已打开", "the foot of the display");
  });

  test("a device whose sound never answers shows calls all the same, and its button goes", async (world) => {
    const mute = await world.page({ viewport: WALL });
    await mute.addInitScript(() => {
      AudioContext.prototype.resume = () => new Promise(() => {});
      Object.defineProperty(BaseAudioContext.prototype, "state", { get: () => "suspended" });
    });
    await mute.goto(`${await hall(world)}/display`);
    await mute.locator("[data-connected]").waitFor();
    await mute.locator("[data-sound]").click();
    await mute.locator("[data-sound]").waitFor({ state: "hidden" });
    await mute.context().close();
  });

  test("the kiosk gives a number with one tap and a square code to follow it", async (world) => {
    const door = await world.page({ viewport: KIOSK });
    await door.goto(await hall(world));
    await door.getByRole("link", { name: "取号机" }).click();
    await door.locator(".kiosk-lane", { hasText: "综合业务" }).click();
    await door.locator(".slip-number").waitFor();
    slip = await door.locator(".slip-number").innerText();
    check(/^A\d{3}$/.test(slip), `a letter and three digits: ${slip}`);
    check(await door.locator(".slip-qr img").evaluate((picture) => picture.complete && picture.naturalWidth > 0), "the square code is drawn");
    phone = await door.locator("a", { hasText: "在手机上看这张票" }).getAttribute("href");
    same(door.said.join("\n"), "", "what the page complained about");
  });

  test("the window calls it: the display shows it and says it twice, the phone says where to go", async (world) => {
    const ticket = await world.page({ viewport: PHONE });
    await ticket.goto(phone);
    same(await ticket.locator(".ticket-number").innerText(), slip, "the number on the phone");
    desk = await world.signIn(await world.account("hall_clerk", "county"));
    await desk.goto("/queue/ticket");
    await Promise.all([desk.waitForURL(/counter=/), desk.locator(".counter", { hasText: "综合业务" }).first().click()]);
    const counter = new URL(desk.url()).searchParams.get("counter").split("-")[1];
    // Others may have waited longer: the window calls until it is the turn of ours.
    for (let n = 0; n < 40 && (await desk.locator(".queue-number").count() === 0 || (await desk.locator(".queue-number").innerText()) !== slip); n += 1) {
      await Promise.all([desk.waitForEvent("load"), desk.keyboard.press("0")]);
    }
    same(await desk.locator(".queue-number").innerText(), slip, "the number at the window");
    await display.waitForFunction((number) => document.querySelector("[data-number]")?.textContent === number, slip);
    same(await display.locator("[data-counter]").innerText(), counter, "the window on the display");
    const digits = [...slip.slice(1)].map((digit) => "零一二三四五六七八九"[Number(digit)]).join("");
    const words = `请A${digits}号到${counter}号窗口`;
    await display.waitForFunction((text) => window.spoken.filter((said) => said === text).length >= 1, words);
    await ticket.locator(".ticket-go", { hasText: counter }).waitFor();
    same(ticket.said.concat(display.said).join("\n"), "", "what the pages complained about");
  });

  test("the window serves with single keys, and the phone is asked to rate", async (world) => {
    await Promise.all([desk.waitForEvent("load"), desk.keyboard.press("1")]);
    await desk.locator('[data-action="finish"]').waitFor();
    await Promise.all([desk.waitForEvent("load"), desk.keyboard.press("1")]);
    // What was set down stays in no list of the window.
    check(!(await desk.locator("main").innerText()).includes(`${slip}\n`), "served and gone");
    const ticket = await world.page({ viewport: PHONE });
    await ticket.goto(phone);
    // What was wrong is asked as soon as somebody is not satisfied, and no longer when they are.
    const wrong = ticket.locator('#rate [data-when="reasons"]');
    await wrong.waitFor({ state: "hidden" });
    await ticket.locator("#rate").getByText("不满意", { exact: true }).click();
    await wrong.waitFor({ state: "visible" });
    await ticket.locator("#rate").getByText("非常满意", { exact: true }).click();
    await wrong.waitFor({ state: "hidden" });
    await ticket.locator("#rate button[type=submit]").click();
    await ticket.getByText("谢谢您的评价").first().waitFor();
    same(desk.said.concat(ticket.said).join("\n"), "", "what the pages complained about");
  });

  test("the figures of the hall have moved", async (world) => {
    const { county } = await world.here();
    const boss = await world.staff("hall_manager", "county");
    const month = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7);
    check((await boss.figure("hall_ratings", county.code, month)) >= 1, "a rating is counted");
    check((await boss.figure("hall_served", county.code, month)) >= 1, "a service is counted");
  });

  test("twenty calls within a second are each shown, and each is said", async (world) => {
    const { county } = await world.here();
    const door = await world.visitor();
    const kiosk = (await door.get(await hall(world))).html.match(/href="([^"]*\/kiosk\?key=[^"]*)"/)[1];
    const key = new URL(kiosk, world.url).searchParams.get("key");
    const csrf = await door.csrf();
    for (let n = 0; n < 20; n += 1) {
      const given = await door.post(`/halls/ticket/${county.code}/kiosk`, { csrf, key, business: "C" });
      same(given.status, 303, "a ticket");
    }
    const clerk = await world.staff("hall_clerk", "county");
    const token = await clerk.csrf();
    await display.evaluate(() => void (window.spoken.length = 0));
    const counters = [5, 11, 13];
    await Promise.all(Array.from({ length: 20 }, (_, n) => clerk.post("/queue/ticket/next", { csrf: token, window: `${county.code}-${counters[n % 3]}`, lane: "C" })));
    await display.waitForFunction(() => new Set(window.spoken.filter((text) => text.startsWith("请C"))).size >= 20);
    same(display.said.join("\n"), "", "what the display complained about");
  });

  test("a device that stood at a counter sits down there again", async () => {
    const at = new URL(desk.url()).searchParams.get("counter");
    await desk.goto("/queue/ticket");
    await desk.waitForURL(new RegExp(`counter=${at}`));
  });

  test("the pages of a hall keep the rules of accessibility, and none is wider than its screen", async (world) => {
    const found = [];
    const door = await world.page();
    await door.goto(await hall(world));
    const kiosk = await door.getByRole("link", { name: "取号机" }).getAttribute("href");
    const open = ["/halls", await hall(world), `${await hall(world)}/display`, kiosk, phone];
    // A device that remembers its counter leaves the page of counters by itself, at a moment of its own.
    await desk.addInitScript(() => localStorage.clear());
    for (const [page, paths] of [[door, open], [desk, [desk.url(), "/queue/ticket"]]]) {
      for (const viewport of [PHONE, LAPTOP]) {
        for (const path of paths) {
          for (const words of ["lang=zh", "lang=en", "elder=1"]) {
            await page.setViewportSize(viewport);
            await page.goto(`${path}${path.includes("?") ? "&" : "?"}${words}`);
            await page.locator("#main").waitFor();
            for (const line of await axe(page)) found.push(`${words} ${path} ${line}`);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            if (wide > 0) found.push(`${words} ${path} is ${wide} px too wide at ${viewport.width}`);
          }
          await page.goto(`${path}${path.includes("?") ? "&" : "?"}lang=zh&elder=0`);
        }
      }
    }
    same(found.join("\n"), "", "findings");
  });

  test("display, kiosk and ticket work without scripts", async (world) => {
    const plain = await world.page({ javaScriptEnabled: false, viewport: KIOSK });
    await plain.goto(await hall(world));
    await plain.getByRole("link", { name: "取号机" }).click();
    await plain.locator(".kiosk-lane").first().click();
    await plain.locator(".slip-number").waitFor();
    await plain.goto(`${await hall(world)}/display`);
    holds(await plain.locator(".display-waiting").innerText(), "人在等", "the display");
  });
}
