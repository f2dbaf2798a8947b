// The main job: a resident reports from a phone, the staff of the township settle it, somebody else verifies, the resident
// follows and rates, and every figure from the grid up to the city has moved by exactly one.
import { words } from "../client.mjs";
import { PHONE, POINT, TELEPHONE, check, holds, same } from "../lib.mjs";

export const serial = true;

const LEVELS = ["grid", "village", "township", "county", "city"];
const COUNTED = ["reports", "filed", "dispatched", "finished", "closed"];
const DESCRIPTION = "路口东侧垃圾桶满了三天，垃圾堆到人行道上";

/** Every count at every level, as the leader of the city reads it. */
async function figures(world, leader) {
  const places = await world.here();
  const out = {};
  for (const level of LEVELS) for (const name of COUNTED) out[`${name} ${level}`] = await leader.figure(name, places[level].code, world.year);
  return out;
}

function moved(before, after, names) {
  for (const key of Object.keys(before)) {
    const by = names.includes(key.split(" ")[0]) ? 1 : 0;
    same(after[key] - before[key], by, `${key} moved by`);
  }
}

export default function (test) {
  const s = {};

  test("figures before", async (world) => {
    world.year = String(new Date().getFullYear());
    s.leader = await world.staff("leader", "city");
    s.before = await figures(world, s.leader);
  });

  test("a resident reports from a phone: place recognised and shown before sending", async (world) => {
    const places = await world.here();
    const page = await world.page({ viewport: PHONE, isMobile: true, hasTouch: true, geolocation: { longitude: POINT.lon, latitude: POINT.lat, accuracy: 12 }, permissions: ["geolocation"] });
    await page.goto("/");
    await page.locator("main a[href^='/report']").first().click();
    await page.locator("#f-category").selectOption("E0102");
    await page.locator("#f-description").fill(DESCRIPTION);
    const next = page.locator("[data-next]");
    await next.click();
    await page.locator("[data-locate]").click();
    const recognised = page.locator("[data-recognised]");
    await recognised.getByText(places.grid.name).waitFor();
    for (const level of ["county", "township", "village"]) holds(await recognised.innerText(), places[level].name, "the place shown");
    await next.click();
    s.photo = await world.photo("before");
    await page.locator("#f-photos").setInputFiles({ name: "IMG_2031.jpg", mimeType: "image/jpeg", buffer: s.photo });
    await page.locator("[data-file-list] img").waitFor();
    await next.click();
    await page.locator("#f-reporter_phone").fill(TELEPHONE);
    await page.locator("[data-send]").click();
    await page.waitForURL(/\/report\/sent\//);
    s.number = (await page.locator("[data-number]").innerText()).trim();
    check(s.number.startsWith(`SB-${places.township.code}-`), `the number ${s.number}`);
    holds(await page.locator("main").innerText(), places.township.name, "the receipt");
    await page.locator("main a[href^='/follow']").first().click();
    await page.getByText(DESCRIPTION).first().waitFor();
    same(page.said.join("\n"), "", "what the page complained about");
    return s.number;
  });

  test("the photo is kept without what the phone wrote into it", async (world) => {
    check(s.photo.includes("Exif") && s.photo.includes("Phonemaker"), "the photo sent has hidden data");
    const taker = (s.taker = await world.staff("call_taker"));
    const { html } = await taker.get(`/cases/${s.number}`);
    const id = /\/files\/([0-9a-f]{32})|&#x2f;files&#x2f;([0-9a-f]{32})/.exec(html);
    check(id, "the card shows the photo");
    for (const end of ["", "/thumb"]) {
      const answer = await taker.http.get(`/files/${id[1] ?? id[2]}${end}`);
      const bytes = await answer.body();
      same(answer.headers()["content-type"], "image/jpeg", "the kind of file");
      check(!bytes.includes("Exif") && !bytes.includes("Phonemaker"), "the kept photo has hidden data");
    }
    const stranger = await world.visitor();
    same((await stranger.get(`/files/${id[1] ?? id[2]}`)).status, 404, "the photo for a stranger");
  });

  test("the call-taker files it from the desk", async (world) => {
    const page = await world.signIn(await world.account("call_taker"));
    await page.goto("/desk");
    await page.locator(`.case-row[data-case="${s.number}"] .case-link`).click();
    await page.locator("#preview").getByText(DESCRIPTION).first().waitFor();
    await page.locator("#action-file > summary").click();
    await page.locator("#action-file button[type=submit]").click();
    await page.locator(".flash").waitFor();
    holds(await page.locator(".flash").innerText(), s.number, "the message");
    moved(s.before, await figures(world, s.leader), ["reports", "filed"]);
  });

  test("what was typed is there again after the session was gone", async (world) => {
    const account = await world.account("dispatcher");
    const page = await world.signIn(account);
    const card = `/cases/${s.number}`;
    await page.goto(card);
    await page.locator("#action-escalate > summary").click();
    await page.locator("#action-escalate [name=escalate_reason]").fill("跨两个乡镇，拿不准归谁");
    await page.context().clearCookies();
    await page.locator("#action-escalate button[type=submit]").click();
    await page.getByRole("link", { name: "重新登录" }).click();
    await page.waitForURL(/\/sign-in\?next=/);
    same(new URL(page.url()).searchParams.get("next"), card, "where signing in leads");
    const csrf = await page.locator("input[name=csrf]").first().inputValue();
    await page.context().request.post("/sign-in/demo", { form: { csrf, account, next: card }, maxRedirects: 0 });
    await page.goto(card);
    await page.locator("#action-escalate > summary").click();
    same(await page.locator("#action-escalate [name=escalate_reason]").inputValue(), "跨两个乡镇，拿不准归谁", "what was typed");
    await page.locator("#action-escalate .kept-note button").click();
    same(await page.locator("#action-escalate [name=escalate_reason]").inputValue(), "", "what was typed, cleared");
    await page.goto(card);
    same(await page.locator(".kept-note").count(), 0, "notes once it was cleared");
    const drafts = () => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("typed:")));
    same((await drafts()).length, 0, "drafts once it was cleared");
    await page.locator("#action-escalate > summary").click();
    await page.locator("#action-escalate [name=escalate_reason]").fill("拿不准");
    await page.evaluate((key) => {
      const kept = JSON.parse(sessionStorage.getItem(key));
      kept.was.escalate_reason = ["别人写过的"];
      sessionStorage.setItem(key, JSON.stringify(kept));
    }, (await drafts())[0]);
    await page.goto(card);
    same(await page.locator(".kept-note").count(), 0, "notes where the page says something else by now");
    await page.evaluate(() => sessionStorage.setItem("typed:somebody else:/x", JSON.stringify({ at: Date.now(), sent: false, was: {}, now: { a: ["b"] } })));
    await page.goto(card);
    same((await drafts()).filter((key) => key.includes("somebody")).length, 0, "drafts of who sat here before");
    await page.evaluate(() => sessionStorage.clear());
  });

  test("the dispatcher sends it to a unit from the centre", async (world) => {
    const page = await world.signIn(await world.account("dispatcher"));
    await page.goto("/centre");
    await page.locator(`.case-row[data-case="${s.number}"] .case-link`).click();
    await page.locator("#chosen").getByText(DESCRIPTION).first().waitFor();
    await page.locator("#chosen #action-dispatch > summary").click();
    const duty = page.locator("#chosen #action-dispatch [name=duty]");
    if ((await duty.first().evaluate((e) => e.tagName)) === "SELECT") await duty.selectOption({ index: 1 });
    else await duty.first().check();
    await page.locator("#chosen #action-dispatch button[type=submit]").click();
    await page.locator(".notice").first().waitFor();
    holds(await s.leader.state(s.number), "已派遣", "the state");
  });

  test("the unit accepts and finishes it with a photo", async (world) => {
    const page = await world.signIn(await world.account("handler"), { viewport: PHONE, isMobile: true, hasTouch: true });
    await page.goto(`/cases/${s.number}`);
    await page.locator("#action-accept > summary").click();
    await page.locator("#action-accept button[type=submit]").click();
    await page.locator("#action-finish > summary").click();
    await page.locator("#action-finish [name=result]").fill("垃圾已清运，地面冲洗干净，加了一个桶");
    const photo = { name: "after.jpg", mimeType: "image/jpeg", buffer: await world.photo("after") };
    await page.locator("#action-finish input[type=file]").setInputFiles(photo);
    await page.locator("#action-finish [data-file-list] img").waitFor();
    await page.locator("#action-finish button[type=submit]").click();
    await page.locator(".flash").waitFor();
    holds(await s.leader.state(s.number), "已办结", "the state");
    same(page.said.join("\n"), "", "what the page complained about");
  });

  test("whoever settled it may not verify it", async (world) => {
    const handler = await world.staff("handler");
    same(await handler.offered(s.number, "pass"), null, "the action offered to the unit");
    const sent = await handler.act(s.number, "pass", { closing_code: "solved" }, { csrf: await handler.csrf() });
    check([403, 404, 409, 422].includes(sent.status), `the answer to the unit: ${sent.status}`);
    holds(await s.leader.state(s.number), "已办结", "the state");
  });

  test("the verifier passes it", async (world) => {
    const page = await world.signIn(await world.account("verifier"));
    await page.goto(`/cases/${s.number}`);
    await page.locator("#action-pass > summary").click();
    await page.locator("#action-pass [name=verify_note]").fill("现场看过，干净");
    await page.locator("#action-pass button[type=submit]").click();
    await page.locator(".flash").waitFor();
    holds(await s.leader.state(s.number), "已结案", "the state");
  });

  test("the resident follows by number and the end of the phone number, and rates it", async (world) => {
    const page = await world.page({ viewport: PHONE, isMobile: true, hasTouch: true });
    await page.goto("/follow");
    await page.locator("[name=number]").fill(s.number);
    await page.locator("[name=phone_tail]").fill("0000");
    await page.locator("main form button[type=submit]").click();
    await page.locator(".error-summary").waitFor();
    same(await page.locator("[name=number]").inputValue(), s.number, "the number kept");
    page.said.length = 0;
    await page.locator("[name=phone_tail]").fill(TELEPHONE.slice(-4));
    await page.locator("main form button[type=submit]").click();
    await page.getByText("垃圾已清运").first().waitFor();
    await page.locator("#rate input[name=rating][value='5']").check();
    await page.locator("#rate [name=rating_comment]").fill("很快");
    await page.locator("#rate button[type=submit]").click();
    await page.getByText("很快").first().waitFor();
    same(await page.locator("#rate").count(), 0, "forms to rate");
    holds(await s.leader.state(s.number), "已评价", "the state");
    same(page.said.join("\n"), "", "what the page complained about");
  });

  test("every figure from the grid to the city moved by exactly one", async (world) => {
    const places = await world.here();
    moved(s.before, await figures(world, s.leader), COUNTED);
    const rows = await s.leader.get(`/figures/rows?indicator=closed&place=${places.grid.code}&period=${world.year}`);
    holds(words(rows.html), s.number, "the rows behind the figure");
    const card = words((await s.taker.get(`/cases/${s.number}`)).html);
    for (const part of ["立案", "派遣承办单位", "接单", "办结", "核查通过", "评价"]) holds(card, part, "the timeline");
  });
}
