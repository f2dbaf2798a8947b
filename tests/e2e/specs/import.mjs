// A register comes from a spreadsheet: tried first, every bad cell named, then all of it or nothing; what is no table at all, too
// large, or given up half way changes nothing; what was exported comes back as it is.
import { readFile } from "node:fs/promises";
import { check, holds, same } from "../lib.mjs";

export const serial = true;

const HEAD = "code,name,condition,limit_t,checked_on,place";
const MB = 1_048_576;

/** Hands a file in and waits until it has been tried. */
async function handIn(page, name, bytes) {
  await page.goto("/registers/bridge/import");
  await page.locator("#f-file").setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
  await page.locator("main form button[type=submit]").click();
  await page.waitForLoadState();
  await page.locator("progress").waitFor({ state: "detached" });
  return page.locator("main").innerText();
}

async function count(page) {
  await page.goto("/registers/bridge?f.name=&q=");
  return Number(/共 ([\d,]+) 行/.exec(await page.locator("main").innerText())[1].replace(",", ""));
}

export default function (test) {
  const s = {};

  test("what is no table says so and changes nothing", async (world) => {
    s.page = await world.signIn("road.officer");
    s.place = (await world.here()).township.code;
    s.before = await count(s.page);
    for (const [name, bytes] of [["broken.xlsx", Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(4000, 7)])], ["empty.csv", ""], ["picture.xlsx", await world.photo()], ["bytes.csv", Buffer.alloc(3000, 0xff)]]) {
      const said = await handIn(s.page, name, bytes);
      check(/文件未被接收|有问题/.test(said), () => `${name}: ${said.slice(0, 400)}`);
      check(!/500|出错了/.test(said), () => `${name}: ${said.slice(0, 400)}`);
    }
    same(await count(s.page), s.before, "rows");
  });

  test("a file of 30 MB is answered with words, and the server goes on", async () => {
    const line = `Q9000,${"长".repeat(30)},c1,,2026-01-01,${s.place}\n`;
    const bytes = Buffer.from(`${HEAD}\n${line.repeat(Math.ceil((30 * MB) / Buffer.byteLength(line)))}`);
    const said = await handIn(s.page, "large.csv", bytes);
    check(/行|MB|太大|过大/.test(said), () => said.slice(0, 400));
    same(await count(s.page), s.before, "rows");
  });

  test("every bad cell is named with row, column, value and remedy, and can be fetched", async () => {
    const rows = [`Q100,一号桥,c1,,2026-01-01,${s.place}`, `Q101,二号桥,c9,,2026-01-01,${s.place}`, `Q102,三号桥,c4,999,2026-13-01,${s.place}`, `<script>alert(2)</script>,"<script>alert(1)</script>",c1,,2026-01-01,${s.place}`, "Q103,四号桥,c1,,2026-01-01,130903001", `Q104,,c1,,2026-01-01,${s.place}`];
    const said = await handIn(s.page, "bridges.csv", `${HEAD}\n${rows.join("\n")}\n`);
    for (const part of ["c9", "999", "2026-13-01", "<script>alert(2)</script>", "130903001"]) holds(said, part, "the bad cells");
    for (const part of ["技术状况", "可填：一类、二类", "改成您岗位范围内的地方", "补填此格"]) holds(said, part, "what to do");
    check(!(await s.page.locator("form[action$='/confirm'] button").count()), "it can be confirmed all the same");
    const all = await s.page.context().request.get(await s.page.getByRole("link", { name: /全部/ }).getAttribute("href"));
    same(all.status(), 200, "the list of bad cells");
    same(await count(s.page), s.before, "rows");
  });

  test("a good table is looked at, confirmed and in the register", async () => {
    const rows = Array.from({ length: 40 }, (_, n) => `Q2${String(n).padStart(2, "0")},导入桥${n},${n % 4 ? "二类" : "c4"},${n % 4 ? "" : 20},2026-03-0${(n % 9) + 1},${s.place}`);
    const said = await handIn(s.page, "bridges.csv", `\ufeff编号,桥名,技术状况,限载,检查日期,place\n${rows.join("\n")}\n`);
    holds(said.replace(/\s+/g, " "), "40", "what would be new");
    same(await count(s.page), s.before, "rows before it is confirmed");
    await s.page.goBack();
    await s.page.locator("form[action$='/confirm'] button").click();
    await s.page.getByText(/已(全部)?写入|已导入|导入完成/).waitFor();
    same(await count(s.page), s.before + 40, "rows after it is confirmed");
  });

  test("what was exported comes back as it is, as CSV and as XLSX", async () => {
    for (const end of ["csv", "xlsx"]) {
      const got = await s.page.context().request.get(`/registers/bridge/export.${end}`);
      same(got.status(), 200, `the export as ${end}`);
      const said = (await handIn(s.page, `bridge.${end}`, await got.body())).replace(/\s+/g, " ");
      check(!(await s.page.locator("form[action$='/confirm'] button").count()), () => `something would change: ${said.slice(0, 600)}`);
      check(!said.includes("有问题"), () => `what was exported is no good: ${said.slice(0, 600)}`);
      holds(said, "每一行都与现有登记相同", "what it says");
    }
  });

  test("an export says how far it is, how many rows it holds, and ends as a file", async () => {
    await s.page.goto("/registers/bridge?f.name=&q=");
    for (const [name, end] of [["导出 CSV", "csv"], ["导出 XLSX", "xlsx"]]) {
      const link = s.page.getByRole("link", { name });
      const [download] = await Promise.all([s.page.waitForEvent("download"), link.click()]);
      check(new RegExp(`^bridge-[0-9-]+\\.${end}$`).test(download.suggestedFilename()), download.suggestedFilename());
      await s.page.locator(`a[href*=".${end}"] + [role=status]`, { hasText: `已导出 ${s.before + 40} 行` }).waitFor();
      const file = await readFile(await download.path());
      if (end === "csv") same(file.toString("utf8").trimEnd().split("\n").length, s.before + 40 + 2, "lines: who took it, the heads, the rows");
      else same(file.subarray(0, 2).toString(), "PK", "the spreadsheet begins as one");
    }
  });

  test("somebody else's import is not found, and one that was left is found again", async (world) => {
    const said = await handIn(s.page, "one.csv", `${HEAD}\nQ300,末桥,c1,,2026-01-01,${s.place}\n`);
    holds(said, "1", "the import");
    const path = new URL(s.page.url()).pathname;
    const other = await world.signIn("road.second");
    check([403, 404].includes((await other.context().request.get(path)).status()), "somebody else's import");
    await s.page.goto("/registers/bridge/import");
    await s.page.getByRole("link", { name: "one.csv" }).click();
    await s.page.locator("form[action$='/cancel'] button").click();
    await s.page.getByText("已取消", { exact: true }).waitFor();
    same(await count(s.page), s.before + 40, "rows after it was cancelled");
  });
}
