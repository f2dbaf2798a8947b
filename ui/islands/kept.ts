/** What staff type into a form waits in this tab until it is sent: a session that ends meanwhile does not take it away. Kept is only
    what the server marks so (`data-keeps`): nothing about people, no secrets, no files. It is kept for whoever is signed in, goes with
    the tab or when they sign out, and is forgotten once it was taken. */
import { make } from "./helpers";

const PREFIX = "typed:";
const HOURS = 12;
const CONTROLS = "[data-keeps] :is(input:not([type=hidden], [type=file], [type=password]), textarea, select)";

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
type Values = Record<string, string[]>;
/** What was changed: what stood there, and what somebody put in its place. */
interface Kept { at: number; sent: boolean; was: Values; now: Values }

const frame = (): HTMLElement | null => document.querySelector<HTMLElement>("[data-who]");
const isTick = (control: Control): control is HTMLInputElement => control instanceof HTMLInputElement && ["checkbox", "radio"].includes(control.type);
const controls = (form: HTMLFormElement): Control[] => [...form.querySelectorAll<Control>(CONTROLS)].filter((control) => control.name !== "");

function values(form: HTMLFormElement): Values {
  const all: Values = {};
  for (const control of controls(form)) {
    const own = (all[control.name] ??= []);
    if (!isTick(control)) own.push(control.value);
    else if (control.checked) own.push(control.value);
  }
  return all;
}

const isSame = (one: string[] | undefined, other: string[] | undefined): boolean => JSON.stringify(one ?? []) === JSON.stringify(other ?? []);

/** The names whose values differ, with what they are in the second. */
function differing(was: Values, now: Values): Values {
  return Object.fromEntries(Object.entries(now).filter(([name, own]) => !isSame(was[name], own)));
}

/** Puts back what was changed, where the page still says what it said then: somebody else may have changed it meanwhile. Whether there
    was anything. */
function put(form: HTMLFormElement, kept: Kept): boolean {
  const here = values(form);
  const back = Object.entries(kept.now).filter(([name, own]) => isSame(here[name], kept.was[name]) && !isSame(here[name], own));
  const now = Object.fromEntries(back);
  for (const control of controls(form)) {
    const own = now[control.name];
    if (!own) continue;
    if (isTick(control)) control.checked = own.includes(control.value);
    else if (!(control instanceof HTMLSelectElement) || [...control.options].some((option) => option.value === own[0])) control.value = own[0] ?? "";
  }
  if (back.length > 0) tell(form);
  return back.length > 0;
}

/** Counters, conditions and values worked out follow what stands there now. */
function tell(form: HTMLFormElement): void {
  for (const control of controls(form)) control.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Storage may be off or full: then nothing is kept. */
function quietly<T>(act: () => T): T | null {
  try { return act(); } catch { return null; }
}

function read(key: string): Kept | null {
  const kept = quietly(() => JSON.parse(sessionStorage.getItem(key) ?? "null") as Kept | null);
  return kept && Date.now() - kept.at < HOURS * 3_600_000 ? kept : null;
}

const write = (key: string, kept: Kept): void => void quietly(() => sessionStorage.setItem(key, JSON.stringify(kept)));
const forget = (key: string): void => void quietly(() => sessionStorage.removeItem(key));
const keys = (): string[] => quietly(() => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX))) ?? [];

function keep(form: HTMLFormElement, key: string): void {
  const fresh = values(form);
  const kept = read(key);
  const isAnswered = form.querySelector(".error-summary") !== null || form.closest(".action")?.querySelector(".notice-bad") != null;
  if (kept && !isAnswered && put(form, kept)) {
    const note = make("p", "kept-note small");
    note.setAttribute("role", "status");
    const drop = make("button", "btn btn-quiet btn-small", frame()?.dataset["textDrop"]);
    drop.type = "button";
    drop.addEventListener("click", () => {
      form.reset();
      note.remove();
      tell(form);
      forget(key);
    });
    note.append(make("span", "", frame()?.dataset["textRestored"]), drop);
    form.prepend(note);
  }
  const save = (): void => {
    const now = differing(fresh, values(form));
    if (Object.keys(now).length === 0) forget(key);
    else write(key, { at: Date.now(), sent: false, was: fresh, now });
  };
  form.addEventListener("input", save);
  form.addEventListener("change", save);
  form.addEventListener("submit", (e) => {
    const more = (e as SubmitEvent).submitter?.getAttribute("name") === "_more";
    const now = read(key);
    if (now && !more) write(key, { ...now, sent: true });
  });
}

export function startKept(root: ParentNode): void {
  const who = frame()?.dataset["who"];
  if (!who) return;
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-draft]:has([data-keeps])")) keep(form, `${PREFIX}${who}:${form.dataset["draft"]}`);
}

/** A form that was refused stands in the answer to what was sent, which a browser cannot load again. The page it was sent from takes
    its place among the pages gone through: going back and loading anew give that page, with what was typed. */
export function standAgain(): void {
  if (!frame() || !document.querySelector(".error-summary, .action .notice-bad, .action-refused")) return;
  const from = document.referrer.startsWith(`${location.origin}/`) ? document.referrer : location.href;
  history.replaceState(history.state, "", from);
}

/** Once a page: what was sent is forgotten when this page says that it was taken, and waits on when it does not. */
export function settleKept(): void {
  const taken = document.querySelector(".flash .notice-ok, [data-taken]") !== null;
  const who = frame()?.dataset["who"];
  for (const key of keys()) {
    const kept = read(key);
    // Of somebody who sat here before, and is not here any more.
    const isOthers = who !== undefined && !key.startsWith(`${PREFIX}${who}:`);
    if (!kept || isOthers || (kept.sent && taken)) forget(key);
    else if (kept.sent) write(key, { ...kept, sent: false });
  }
  document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => keys().forEach(forget));
}
