// Who may not, what is over, and two people at once.
import { words } from "../client.mjs";
import { check, holds, same } from "../lib.mjs";

/** Brings a fresh case to the state after these steps. */
async function brought(world, until) {
  const number = await world.report();
  const steps = {
    filed: async () => (await world.staff("call_taker")).did(number, "file"),
    dispatched: async () => (await world.staff("dispatcher")).did(number, "dispatch", { duty: await duty(world, number) }),
    in_progress: async () => (await world.staff("handler")).did(number, "accept"),
    done: async () => (await world.staff("handler")).did(number, "finish", { result: "清运完毕", result_photos: { name: "2.jpg", bytes: await world.photo("2") } }),
    closed: async () => (await world.staff("verifier")).did(number, "pass", { closing_code: "solved" }),
  };
  for (const [state, step] of Object.entries(steps)) {
    await step();
    if (state === until) return number;
  }
  throw new Error(`no state ${until}`);
}

/** The post of the township's unit, as the dispatch form offers it. */
async function duty(world, number, action = "dispatch", holder = null) {
  const { html } = await (await world.staff("dispatcher")).get(`/cases/${number}`);
  const at = html.indexOf(`id="action-${action}"`);
  const part = html.slice(at, html.indexOf("</form>", at));
  const found = [...part.matchAll(/(?:name="duty" value|<option value)="([^"]+)"/g)].map((hit) => hit[1]);
  return holder ? found.find((post) => post.includes(holder)) : found[0];
}

export default function (test) {
  test("an action by the wrong role is not offered and not taken", async (world) => {
    const number = await world.report();
    for (const role of ["handler", "verifier", "leader"]) {
      const client = await world.staff(role);
      same(await client.offered(number, "file"), null, `file offered to ${role}`);
      const answer = await client.act(number, "file", {}, { csrf: await client.csrf() });
      check([403, 404].includes(answer.status), `the answer to ${role}: ${answer.status}`);
    }
    holds(await (await world.staff("call_taker")).state(number), "已登记", "the state");
  });

  test("a case of another township is not found; without signing in one is sent to sign in", async (world) => {
    const number = await world.report();
    const stranger = await (await world.visitor()).signIn("call_taker.130903100");
    same((await stranger.get(`/cases/${number}`)).status, 404, "the card for another township");
    same((await stranger.act(number, "file", {}, { csrf: await stranger.csrf() })).status, 404, "the action of another township");
    const nobody = await world.visitor();
    const answer = await nobody.http.get(`/cases/${number}`, { maxRedirects: 0 });
    same(answer.status(), 303, "the card for nobody");
    holds(answer.headers()["location"], "/sign-in", "where nobody is sent");
  });

  test("whoever settled it may not verify it, in another capacity either", async (world) => {
    const { grid } = await world.here();
    const number = await brought(world, "filed");
    const worker = await world.staff("grid_worker", "grid");
    const post = await duty(world, number, "dispatch_grid", `grid_worker.${grid.code}`);
    check(post, "the grid worker is offered");
    await (await world.staff("dispatcher")).did(number, "dispatch_grid", { duty: post });
    await worker.did(number, "accept");
    await worker.did(number, "finish", { result: "扫干净了", result_photos: { name: "2.jpg", bytes: await world.photo("2") } });
    same(await worker.offered(number, "pass"), null, "the action offered to the grid worker");
    const answer = await worker.act(number, "pass", { closing_code: "solved" }, { csrf: await worker.csrf() });
    check([403, 404, 409, 422].includes(answer.status), `the answer: ${answer.status}`);
    await (await world.staff("verifier")).did(number, "pass", { closing_code: "solved" });
  });

  test("an action on a closed case is refused with words, and what was typed is kept", async (world) => {
    const number = await brought(world, "in_progress");
    const handler = await world.staff("handler");
    const kept = await handler.offered(number, "finish");
    const photo = async () => ({ name: "3.jpg", bytes: await world.photo("3") });
    await handler.did(number, "finish", { result: "清运完毕", result_photos: await photo() });
    await (await world.staff("verifier")).did(number, "pass", { closing_code: "solved" });
    const late = await handler.act(number, "finish", { result: "又清了一遍，桶也换了", result_photos: await photo() }, kept);
    same(late.status, 409, "the status");
    const said = words(/class="action-refused" data-action="finish">([\s\S]{0,2000})/.exec(late.html)?.[1] ?? "");
    holds(said, "又清了一遍，桶也换了", "what is said beside the action");
    holds(said, "已结案", "what is said beside the action");
    return said;
  });

  test("two people at once: the second is told, keeps what was typed and can send it again", async (world) => {
    const number = await brought(world, "in_progress");
    const director = await world.signIn(await world.account("director"));
    await director.goto(`/cases/${number}`);
    await director.locator("#action-supervise > summary").click();
    await director.locator("#action-supervise [name=demand]").fill("今天必须清完，拍照回传");
    const level = director.locator("#action-supervise [name=supervision_level]");
    if ((await level.first().evaluate((e) => e.tagName)) === "SELECT") await level.selectOption({ index: 1 });
    else await level.first().check();
    await (await world.staff("call_taker")).did(number, "supplement", { more: "居民又来电催了一次" });
    await director.locator("#action-supervise button[type=submit]").click();
    const notice = director.locator("#action-supervise .notice-bad");
    await notice.waitFor();
    const said = await notice.innerText();
    same(await director.locator("#action-supervise [name=demand]").inputValue(), "今天必须清完，拍照回传", "what was typed");
    holds(await director.locator("[data-live=case-timeline]").innerText(), "居民又来电催了一次", "the timeline shows what changed");
    await director.locator("#action-supervise button[type=submit]").click();
    await director.locator(".flash").waitFor();
    holds(await director.locator("[data-live=case-timeline]").innerText(), "今天必须清完", "the timeline");
    return said.replace(/\s+/g, " ").slice(0, 120);
  });

  test("two people file the same case in the same moment: one does, one is told", async (world) => {
    const number = await world.report();
    const [taker, dispatcher] = [await world.staff("call_taker"), await world.staff("dispatcher")];
    const forms = [await taker.offered(number, "file"), await dispatcher.offered(number, "file")];
    const answers = await Promise.all([taker.act(number, "file", {}, forms[0]), dispatcher.act(number, "file", {}, forms[1])]);
    same(answers.map((answer) => answer.status).sort().join(" "), "303 409", "the two answers");
    const { html } = await taker.get(`/cases/${number}`);
    const numbers = new Set(html.match(/AJ-\d+-\d{4}-\d{6}/g) ?? []);
    check(numbers.size <= 1, `case numbers: ${[...numbers]}`);
  });

  test("the same action sent twice is done once", async (world) => {
    const number = await brought(world, "in_progress");
    const director = await world.staff("director");
    const kept = await director.offered(number, "supervise");
    const { html } = await director.get(`/cases/${number}`);
    const at = html.indexOf('id="action-supervise"');
    const level = /(?:name="supervision_level" value|<option value)="([^"]+)"/.exec(html.slice(at))[1];
    const fields = { supervision_level: level, demand: "只说一次的要求" };
    for (let turn = 0; turn < 2; turn++) same((await director.act(number, "supervise", fields, kept)).status, 303, `turn ${turn + 1}`);
    const card = (await director.get(`/cases/${number}`)).html;
    const timeline = card.slice(card.indexOf('data-live="case-timeline"'));
    same(timeline.split("只说一次的要求").length - 1, 1, "times in the timeline");
  });
}
