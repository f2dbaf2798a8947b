/**
 * Exports with their progress: the file is fetched, its rows are counted while they come or while the server writes them, and then it
 * is handed to the browser with how many rows it holds and whether that is all. The link alone does the same without scripts, and
 * whenever something does not go as it should.
 */
import { fill } from "./helpers";

const NEWLINE = 10;
/** A file that is told of while it is made: a number of rows a line, then a line `=` and the file. */
const TOLD = "application/vnd.ganglion.export";

/** The name a file is sent under; null for what is no file, such as a page that asks to sign in. */
function named(answer: Response): string | null {
  return /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? null;
}

/** What an answer says in numbers; not a number where it says nothing. */
const said = (answer: Response, name: string): number => Number(answer.headers.get(name) ?? Number.NaN);

/** A file as it is, its lines counted. */
async function counted(answer: Response, tell: (lines: number) => void): Promise<BlobPart[]> {
  const reader = answer.body?.getReader();
  const parts: BlobPart[] = [];
  let lines = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    parts.push(part.value);
    for (const byte of part.value) if (byte === NEWLINE) lines += 1;
    tell(lines);
  }
  return parts;
}

/** A file after the lines that told of it. */
async function made(answer: Response, tell: (rows: number) => void): Promise<BlobPart[]> {
  const reader = answer.body?.getReader();
  const parts: BlobPart[] = [];
  let [line, begun] = ["", false];
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    let rest = part.value;
    while (!begun && rest.length) {
      const end = rest.indexOf(NEWLINE);
      line += String.fromCharCode(...rest.subarray(0, end < 0 ? rest.length : end));
      rest = end < 0 ? rest.subarray(rest.length) : rest.subarray(end + 1);
      if (end < 0) break;
      if (line === "!") throw new Error("the file was not made");
      if (line === "=") begun = true;
      else tell(Number(line));
      line = "";
    }
    if (rest.length) parts.push(rest);
  }
  if (!begun) throw new Error("the file did not come");
  return parts;
}

async function run(link: HTMLAnchorElement, note: HTMLElement): Promise<void> {
  note.textContent = link.dataset["making"] ?? "";
  const answer = await fetch(link.href, { headers: { "x-progress": "rows" } });
  const name = named(answer);
  if (!answer.ok || !name) throw new Error(String(answer.status));
  const [total, found] = [said(answer, "x-total-rows"), said(answer, "x-found-rows")];
  const tell = (rows: number): void => {
    if (total) note.textContent = fill(link.dataset["progress"], Math.min(rows, total), total);
  };
  const type = answer.headers.get("content-type") ?? "";
  const parts = type === TOLD ? await made(answer, tell) : await counted(answer, name.endsWith(".csv") ? tell : () => undefined);
  const handed = document.createElement("a");
  handed.href = URL.createObjectURL(new Blob(parts, { type: type === TOLD ? "" : type }));
  handed.download = name;
  handed.click();
  setTimeout(() => URL.revokeObjectURL(handed.href), 60_000);
  if (found > total) note.textContent = fill(link.dataset["cut"], total, found);
  else note.textContent = Number.isNaN(total) ? (link.dataset["done"] ?? "") : fill(link.dataset["doneRows"], total);
}

/** Lets a link of an export tell how far it is. */
export function startExport(link: HTMLAnchorElement): void {
  if (link.dataset["started"]) return;
  link.dataset["started"] = "1";
  const note = document.createElement("span");
  note.className = "meta export-note";
  note.setAttribute("role", "status");
  link.after(note);
  let busy = false;
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    void run(link, note).catch(() => {
      note.textContent = "";
      location.assign(link.href);
    }).finally(() => (busy = false));
  });
}
