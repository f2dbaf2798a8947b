/**
 * The page of a window: one hand on the digits. 0 calls the next, the other digits are the steps of the case that was called.
 * A device stands at a counter, so it remembers which one it was.
 */

const TYPING = "input:not([type=hidden]):not([type=radio]):not([type=checkbox]), textarea, select";

const kept = (): string => `counter:${location.pathname}`;

/** Sits down where this device sat last; another counter is chosen on the page. */
function sitDown(): void {
  const chosen = document.querySelector<HTMLElement>('[data-island="queue"]')?.dataset["chosen"];
  try {
    if (chosen) return localStorage.setItem(kept(), chosen);
    const last = localStorage.getItem(kept());
    const links = document.querySelectorAll<HTMLAnchorElement>("a[data-counter]");
    const link = [...links].find((one) => last !== null && one.dataset["counter"] === last);
    if (link) location.replace(link.href);
  } catch {
    // Storage is full or forbidden: the page asks.
  }
}

export function startQueue(): void {
  sitDown();
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || (e.target as Element).matches?.(TYPING)) return;
    if (!/^[0-9]$/.test(e.key)) return;
    const found = document.querySelector<HTMLElement>(`[data-island="queue"] [data-key="${e.key}"]`);
    if (!found) return;
    e.preventDefault();
    if (found instanceof HTMLButtonElement) return found.click();
    if (!(found instanceof HTMLDetailsElement)) return;
    found.open = true;
    found.querySelector<HTMLElement>(".form input:not([type=hidden]), .form select, .form textarea, .form button")?.focus();
  });
}
