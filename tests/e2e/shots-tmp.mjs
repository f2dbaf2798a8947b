import { chromium } from "playwright-core";
const base = process.env.URL ?? "http://127.0.0.1:22001";
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless","--no-sandbox","--disable-gpu"] });
const shots = JSON.parse(process.argv[2]);
for (const [size, viewport] of [["phone", {width:390,height:844}], ["desk", {width:1366,height:900}]]) {
  for (const {name, account, path, act, full} of shots) {
    const c = await b.newContext({ baseURL: base, viewport, locale: "zh-CN", timezoneId: "Asia/Shanghai" });
    const p = await c.newPage();
    if (account) { await p.goto("/sign-in"); const csrf = await p.locator("input[name=csrf]").first().inputValue(); await p.context().request.post("/sign-in/demo", { form: { csrf, account }, maxRedirects: 0 }); }
    await p.goto(path);
    if (act) await eval(`(async()=>{${act}})()`);
    await p.waitForTimeout(1200);
    const wide = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) console.log(name, size, "WIDER by", wide);
    await p.screenshot({ path: `/tmp/maps/${name}-${size}.png`, fullPage: !!full });
    await c.close();
  }
}
await b.close();
