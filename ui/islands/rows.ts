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

interface Answer { off: string[]; given: Record<string, string> }

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
      for (const name of ["id", "name", "for", "aria-describedby", "data-given", "data-count-of"]) {
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
  const show = ({ off, given }: Answer): void => {
    for (const part of form.querySelectorAll<HTMLElement>("[data-when]")) part.toggleAttribute("data-off", off.includes(part.dataset["when"] ?? ""));
    for (const part of form.querySelectorAll<HTMLElement>("[data-given]")) part.textContent = given[nameOf(part)] ?? part.dataset["later"] ?? "";
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), QUIET);
  };
  // A page may show a part of the form only, and then cannot tell by itself what applies.
  if (form.dataset["ask"] === "part" && form.querySelector("[data-when]")) void ask();
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}

/** The name the server has for a given value: rows are counted without blank ones. */
function nameOf(part: HTMLElement): string {
  const name = part.dataset["given"] ?? "";
  const row = part.closest<HTMLElement>("[data-row]");
  const box = row?.closest('[data-island="rows"]');
  if (!row || !box) return name;
  const [table = "", , column = ""] = name.split(".");
  return `${table}.${rowsOf(box).filter(filled).indexOf(row)}.${column}`;
}
