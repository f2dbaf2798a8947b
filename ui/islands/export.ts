/**
 * Exports with their progress: the file is fetched, its lines are counted while they come, and then it is handed to the browser. The
 * link alone does the same without scripts, and whenever something does not go as it should.
 */
import { fill } from "./helpers";

const NEWLINE = 10;

/** The name a file is sent under; null for what is no file, such as a page that asks to sign in. */
function named(answer: Response): string | null {
  return /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? null;
}

async function fetched(answer: Response, tell: (lines: number) => void): Promise<Blob> {
  const reader = answer.body?.getReader();
  const parts: BlobPart[] = [];
  let lines = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    parts.push(part.value);
    for (const byte of part.value) if (byte === NEWLINE) lines += 1;
    tell(lines);
  }
  return new Blob(parts, { type: answer.headers.get("content-type") ?? "" });
}

async function run(link: HTMLAnchorElement, note: HTMLElement): Promise<void> {
  note.textContent = link.dataset["making"] ?? "";
  const answer = await fetch(link.href);
  const name = named(answer);
  if (!answer.ok || !name) throw new Error(String(answer.status));
  const total = Number(answer.headers.get("x-total-rows") ?? Number.NaN);
  const counted = name.endsWith(".csv");
  const file = await fetched(answer, (lines) => {
    if (counted && total) note.textContent = fill(link.dataset["progress"], Math.min(lines, total), total);
  });
  const handed = document.createElement("a");
  handed.href = URL.createObjectURL(file);
  handed.download = name;
  handed.click();
  setTimeout(() => URL.revokeObjectURL(handed.href), 60_000);
  note.textContent = link.dataset["done"] ?? "";
}

/** Lets a link of an export tell how far it is. */
export function startExport(link: HTMLAnchorElement): void {
  if (link.dataset["started"]) return;
  link.dataset["started"] = "1";
  const note = document.createElement("span");
  note.className = "meta";
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
