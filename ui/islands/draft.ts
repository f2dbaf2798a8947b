/** Drafts of the report kept on the device until it is sent. Photos are not kept here: the server holds those already sent. */

const FIELDS = ["category", "description", "lon", "lat", "datum", "address", "name", "phone"];
type Values = Record<string, string>;

const key = (path: string): string => `draft:${path}`;

function values(form: HTMLFormElement): Values {
  const out: Values = {};
  for (const name of FIELDS) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) out[name] = field.value;
  }
  return out;
}

export function clearDraft(path: string): void {
  try { localStorage.removeItem(key(path)); } catch { /* storage is off: nothing was kept */ }
}

/** Restores a draft into an untouched form and saves on every change. Calls `restored` when something came back. */
export function keepDraft(form: HTMLFormElement, path: string, restored: () => void): void {
  const fresh = JSON.stringify(values(form));
  try {
    const kept = JSON.parse(localStorage.getItem(key(path)) ?? "null") as Values | null;
    const empty = !form.querySelector(".error-summary") && !values(form)["description"] && !values(form)["lon"];
    if (kept && empty && JSON.stringify(kept) !== fresh) {
      for (const [name, value] of Object.entries(kept)) {
        const field = form.elements.namedItem(name);
        if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) field.value = value;
      }
      restored();
    }
  } catch { /* a draft that cannot be read is no draft */ }
  const save = (): void => {
    const now = JSON.stringify(values(form));
    try { if (now !== fresh) localStorage.setItem(key(path), now); } catch { /* storage is off or full */ }
  };
  form.addEventListener("input", save);
  form.addEventListener("change", save);
}
