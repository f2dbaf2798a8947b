/**
 * Forms that change while somebody types: rows of a table are added and taken away, fields that do not apply are hidden, and
 * values the system works out are shown. What applies is judged by the server, which judges again when the form is sent.
 */
import { make } from "./helpers";

/** Milliseconds without typing before the server is asked. */
const QUIET = 300;

const rowsOf = (box: Element): HTMLElement[] => [...box.querySelectorAll<HTMLElement>("[data-row]")];

/** Whether anything stands in a row; others are not sent on. */
const filled = (row: HTMLElement): boolean =>
  [...row.querySelectorAll<HTMLInputElement>("input, select, textarea")].some((c) => (c.type === "checkbox" ? c.checked : c.value.trim() !== ""));

interface Row { value: string; label: string; hint?: string; group?: string }
interface Found { options: Row[]; note: string }
interface Answer { off: string[]; given: Record<string, string>; hints?: Record<string, string>; needs?: Record<string, string>; rows?: Record<string, Found> }

export function startRows(box: HTMLElement): void {
  const blank = box.querySelector<HTMLTemplateElement>("template[data-blank]");
  const more = box.querySelector<HTMLButtonElement>("[data-more]");
  const max = Number(box.dataset["max"] ?? 50);
  const rows = (): HTMLElement[] => rowsOf(box);
  const changed = (): boolean => box.dispatchEvent(new Event("change", { bubbles: true }));
  let next = rows().length;
  const removable = (row: HTMLElement): void => {
    const button = make("button", "btn btn-quiet btn-small rows-remove", box.dataset["textRemove"] ?? "");
    button.type = "button";
    button.addEventListener("click", () => {
      row.remove();
      count();
      changed();
      more?.focus();
    });
    row.append(button);
  };
  const count = (): void => {
    rows().forEach((row, n) => {
      const words = row.querySelector("legend");
      if (words) words.textContent = (box.dataset["textRow"] ?? "").replace("%", String(n + 1));
    });
    if (more) more.hidden = rows().length >= max;
  };
  // One blank row is enough where another is a click away.
  const spare = rows().filter((row) => !filled(row) && !row.querySelector(".has-error"));
  spare.slice(rows().length > spare.length ? 0 : 1).forEach((row) => row.remove());
  rows().forEach(removable);
  count();
  more?.addEventListener("click", (e) => {
    e.preventDefault();
    const fresh = blank?.content.querySelector<HTMLElement>("[data-row]")?.cloneNode(true) as HTMLElement | undefined;
    if (!fresh || rows().length >= max) return;
    const number = String(next++);
    for (const part of fresh.querySelectorAll<HTMLElement>("*")) {
      for (const name of ["id", "name", "for", "value", "aria-describedby", "data-given", "data-rows", "data-find", "data-count-of"]) {
        const value = part.getAttribute(name);
        if (value?.includes(".%.")) part.setAttribute(name, value.replaceAll(".%.", `.${number}.`));
      }
    }
    removable(fresh);
    more.before(fresh);
    count();
    fresh.querySelector<HTMLElement>("input, select, textarea")?.focus();
  });
}

export function startAsk(form: HTMLFormElement): void {
  let timer = 0;
  let asked = 0;
  const ask = async (): Promise<void> => {
    const mine = ++asked;
    const body = new URLSearchParams({ _ask: "1" });
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
    if (mine !== asked || !answer?.ok || !answer.headers.get("content-type")?.includes("json")) return;
    show((await answer.json()) as Answer);
  };
  const show = ({ off, given, hints, needs, rows }: Answer): void => {
    for (const part of form.querySelectorAll<HTMLElement>("[data-when]")) part.toggleAttribute("data-off", off.includes(part.dataset["when"] ?? ""));
    for (const box of form.querySelectorAll<HTMLSelectElement>("select[data-rows]")) offer(box, rows?.[nameOf(box, box.dataset["rows"])]);
    for (const part of form.querySelectorAll<HTMLElement>("[data-given]")) part.textContent = given[nameOf(part, part.dataset["given"])] ?? part.dataset["later"] ?? "";
    for (const part of form.querySelectorAll<HTMLElement>("[data-hint-of]")) {
      const words = hints?.[part.dataset["hintOf"] ?? ""] ?? "";
      const said = part.querySelector("span");
      if (said) said.textContent = words;
      part.hidden = words === "";
    }
    for (const mark of form.querySelectorAll<HTMLElement>("[data-needs]")) need(mark, needs?.[mark.dataset["needs"] ?? ""]);
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), QUIET);
  };
  // A page may show a part of the form only, and then cannot tell by itself what applies.
  if (form.dataset["ask"] === "part" && form.querySelector("[data-when], [data-needs]")) void ask();
  // Words typed to find a row take the place of the row that was chosen; searching asks without leaving the page.
  const unchoose = (part: Element): void => {
    const box = part.closest(".find")?.querySelector<HTMLSelectElement>("select[data-rows]");
    if (box) box.value = "";
  };
  const search = (e: Event, part: Element): void => {
    e.preventDefault();
    unchoose(part);
    void ask();
  };
  form.addEventListener("click", (e) => {
    const go = (e.target as Element).closest("[data-find-go]");
    if (go) search(e, go);
  });
  form.addEventListener("keydown", (e) => {
    const box = e.target as Element;
    if (e.key === "Enter" && box.matches("input[data-find]")) search(e, box);
  });
  form.addEventListener("input", (e) => {
    const box = e.target as Element;
    if (box.matches("input[data-find]")) unchoose(box);
    soon();
  });
  form.addEventListener("change", soon);
}

/** Whether a field must be given now: its label says so, in the server's words, and its control for those who listen. */
function need(mark: HTMLElement, words: string | undefined): void {
  if (words === undefined) return;
  mark.textContent = words;
  mark.hidden = words === "";
  const control = mark.closest(".field")?.querySelector("input:not([type=hidden]), select, textarea");
  // Files and single choices may not say it of themselves.
  const name = control?.matches("[type=file], [type=radio], [type=checkbox]") ? "data-required" : "aria-required";
  if (words) control?.removeAttribute(name);
  else control?.setAttribute(name, "true");
}

/** Rows found for what was typed; what is chosen stays chosen while it is among them, and a row named in full is chosen. */
function offer(box: HTMLSelectElement, found: Found | undefined): void {
  if (!found) return;
  const parts = box.closest(".find");
  const note = parts?.querySelector<HTMLElement>("[data-find-note]");
  const words = parts?.querySelector<HTMLInputElement>("input[data-find]")?.value.trim() ?? "";
  if (note) note.textContent = found.note;
  const chosen = box.value;
  const blank = box.options[0]?.cloneNode(true);
  const groups = new Map<string, HTMLElement>();
  box.replaceChildren(...(blank ? [blank] : []));
  for (const row of found.options) {
    const option = make("option", "", row.hint ? `${row.label} · ${row.hint}` : row.label);
    option.value = row.value;
    let into: HTMLElement = box;
    if (row.group) {
      const group = groups.get(row.group) ?? make("optgroup");
      if (!groups.has(row.group)) box.append(group);
      groups.set(row.group, group);
      group.setAttribute("label", row.group);
      into = group;
    }
    into.append(option);
  }
  const named = found.options.filter((row) => words !== "" && (row.value === words || row.label === words));
  const kept = found.options.some((row) => row.value === chosen) ? chosen : "";
  box.value = kept || (named.length === 1 ? (named[0]?.value ?? "") : "");
}

/** The name the server has for a part: rows are counted without blank ones. */
function nameOf(part: HTMLElement, name = ""): string {
  const row = part.closest<HTMLElement>("[data-row]");
  const box = row?.closest('[data-island="rows"]');
  if (!row || !box) return name;
  const [table = "", , column = ""] = name.split(".");
  return `${table}.${rowsOf(box).filter(filled).indexOf(row)}.${column}`;
}
