/** Drafts of the report, until it is sent. What happened and where stays on the device. Who reports stays in this tab only, for
    half an hour, and goes with it: the next person at the same device must not find a name or a telephone number. Photos are
    not kept here: the server holds those already sent. */

const FIELDS = ["category", "description", "lon", "lat", "datum", "address"];
const CONTACT_MINUTES = 30;
type Values = Record<string, string>;
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const key = (path: string): string => `draft:${path}`;
const contactKey = (path: string): string => `contact:${path}`;

const isControl = (field: unknown): field is Control =>
  field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement;

function values(form: HTMLFormElement, of: (field: Control) => string = (field) => field.value): Values {
  const out: Values = {};
  for (const name of FIELDS) {
    const field = form.elements.namedItem(name);
    if (isControl(field)) out[name] = of(field);
  }
  return out;
}

/** What a field held when the page came: somebody may have typed before the scripts were there. */
const sent = (field: Control): string =>
  field instanceof HTMLSelectElement
    ? ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? ""
    : field.defaultValue;

/** Text typed under "who": a box that is ticked is quickly ticked again. */
function contact(form: HTMLFormElement): Values {
  const fields = form.querySelectorAll<HTMLInputElement>("[data-q=who] .field input.input");
  return Object.fromEntries([...fields].filter((f) => f.value).map((f) => [f.name, f.value]));
}

export function clearDraft(path: string): void {
  try {
    localStorage.removeItem(key(path));
    sessionStorage.removeItem(contactKey(path));
  } catch { /* storage is off: nothing was kept */ }
}

function put(form: HTMLFormElement, kept: Values): void {
  for (const [name, value] of Object.entries(kept)) {
    const field = form.elements.namedItem(name);
    if (isControl(field) && (!field.value || FIELDS.includes(name))) field.value = value;
  }
}

/** Restores a draft into an untouched form and saves on every change. Calls `restored` when something came back. */
export function keepDraft(form: HTMLFormElement, path: string, restored: () => void): void {
  const fresh = JSON.stringify(values(form, sent));
  try {
    const kept = JSON.parse(localStorage.getItem(key(path)) ?? "null") as Values | null;
    const who = JSON.parse(sessionStorage.getItem(contactKey(path)) ?? "null") as { at: number; values: Values } | null;
    const late = who !== null && Date.now() - who.at > CONTACT_MINUTES * 60_000;
    if (late) sessionStorage.removeItem(contactKey(path));
    const empty = !form.querySelector(".error-summary") && !values(form)["description"] && !values(form)["lon"];
    const some = kept !== null && JSON.stringify(kept) !== fresh;
    if (empty && (some || (who && !late))) {
      if (who && !late) put(form, who.values);
      if (some) put(form, kept);
      restored();
    }
  } catch { /* a draft that cannot be read is no draft */ }
  const save = (): void => {
    const now = JSON.stringify(values(form));
    const who = contact(form);
    try {
      if (now !== fresh) localStorage.setItem(key(path), now);
      if (Object.keys(who).length > 0) sessionStorage.setItem(contactKey(path), JSON.stringify({ at: Date.now(), values: who }));
      else sessionStorage.removeItem(contactKey(path));
    } catch { /* storage is off or full */ }
  };
  if (JSON.stringify(values(form)) !== fresh) save();
  form.addEventListener("input", save);
  form.addEventListener("change", save);
}
